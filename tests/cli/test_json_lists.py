"""Commands that list something print one JSON object with --json, and nothing else on stdout."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("studies", "studies"),
        ("spaces", "spaces"),
        ("info", "versions"),
        ("baselines", "baselines"),
    ],
)
def test_a_list_is_one_object(autocnn, tmp_path, monkeypatch, command, key):
    """In an empty folder."""
    monkeypatch.chdir(tmp_path)
    done = autocnn(command, "--json")
    assert (done.code, done.err) == (0, "")
    assert key in json.loads(done.out)


def test_one_space_has_no_json(autocnn):
    """It is a TOML file."""
    done = autocnn("spaces", "cnn", "--json")
    assert done.code == 2
    assert "--json is for the list of spaces" in done.err
