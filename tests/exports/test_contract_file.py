"""The file with the contract beside a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from export_fixtures import CONTRACT

from autocnn.errors import AutocnnError, RecordError
from autocnn.exports import contract_file
from autocnn.exports.contract_file import (
    check_contract,
    check_place_of_contract,
    contract_bytes,
    contract_path,
    read_contract_file,
)


def test_the_file_has_the_name_of_the_model():
    """Only the last ending is another one."""
    assert contract_path(Path("a/v1.2.keras"), ".keras") == Path("a/v1.2.json")


def test_a_contract_is_read_back(tmp_path):
    """Names of other scripts are readable in the file."""
    contract = replace(CONTRACT, class_names=("猫", "œuf", "c", 'd"\\\n'))
    path = tmp_path / "model.json"
    path.write_bytes(contract_bytes(contract))
    assert read_contract_file(path) == contract
    assert '"猫"' in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", r"expected a contract as JSON \("),
        (b"\xff\xfe\x00", r"expected a contract as JSON \("),
        (b"[" * 200_000, r"expected a contract as JSON \(it is nested too deep\)"),
        (b"{}", r"its contract cannot be used \(expected a contract with class_names"),
        (b"9" * 5000, r"expected a contract as JSON \("),
        (b'" ' + b" " * 200 + b'"', r"expected a contract as JSON \(it has more than 100 bytes\)"),
    ],
)
def test_anything_else_is_one_clear_line(tmp_path, monkeypatch, content, line):
    """The line names the file, what was expected, and what to do."""
    if b" " * 200 in content:
        monkeypatch.setattr(contract_file, "MAX_BYTES", 100)
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=rf"model\.json: {line}") as raised:
        read_contract_file(path)
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith("`autocnn export` writes a model with its contract")


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir])
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path, make):
    """It is missing, or a folder."""
    make(tmp_path / "model.json")
    with pytest.raises(RecordError, match=r"model\.json: cannot be read \("):
        read_contract_file(tmp_path / "model.json")


def test_an_older_contract_may_be_replaced(tmp_path):
    """Also one of another version, and a path without a file."""
    path = tmp_path / "model.json"
    check_place_of_contract(path)
    path.write_bytes(contract_bytes(CONTRACT))
    check_place_of_contract(path)
    path.write_text(json.dumps({"version": 99, "autocnn": "9", "class_names": []}))
    check_place_of_contract(path)


def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path):
    """It is something else than a contract."""
    (tmp_path / "model.json").symlink_to(tmp_path / "absent")
    with pytest.raises(RecordError, match=r"model\.json: expected no file"):
        check_place_of_contract(tmp_path / "model.json")


def test_another_contract_than_the_written_one_is_refused():
    """The error has both."""
    check_contract(Path("a/m.keras"), CONTRACT, CONTRACT)
    with pytest.raises(AutocnnError, match=r"^m\.keras: expected the contract .*trial=7.*trial=8"):
        check_contract(Path("a/m.keras"), replace(CONTRACT, trial=8), CONTRACT)
