"""The program that trains a network again, written and checked in a fresh process."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from export_fixtures import CONFIGS, CONTRACT
from script_fixtures import PLAN, plan_for, trained

from autocnn.errors import AutocnnError, RecordError, SettingsError
from autocnn.exports.formats import SCRIPT, export_as, read_contract
from autocnn.exports.script_file import for_training


@pytest.mark.parametrize("name", ["residual", "airbench94"])
def test_a_fresh_process_builds_the_same_network(tmp_path, name):
    """With the trained weights it has the answers of the network; the contract is in it."""
    plan = plan_for(name)
    model, contract = trained(plan)
    chosen = for_training(SCRIPT, plan, model)
    exported = export_as(chosen, model, contract, tmp_path / "train.py")
    assert exported.difference <= SCRIPT.tolerance
    assert SCRIPT.read_contract(exported.path) == contract
    imported = {
        name
        for node in ast.walk(ast.parse(exported.path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(each.name for each in node.names)]
    }
    assert not [name for name in imported if name is not None and name.startswith("autocnn")]


def test_another_network_is_refused(tmp_path, make_model):
    """The check compares the answers, and no file is left."""
    model = make_model(CONFIGS["unit"])
    other = replace(CONFIGS["unit"], logits_scale=0.5)
    with pytest.raises(AutocnnError, match=r"^train\.py: its probabilities differ"):
        export_as(
            for_training(SCRIPT, replace(PLAN, config=other), model),
            model,
            CONTRACT,
            tmp_path / "train.py",
        )
    assert list(tmp_path.iterdir()) == []


def test_a_script_is_no_model(tmp_path):
    """It is not loaded; another file has no contract."""
    (tmp_path / "other.py").write_text("print('hello')\n")
    with pytest.raises(SettingsError, match="expected a model's file"):
        read_contract(tmp_path / "other.py")
    with pytest.raises(RecordError, match=r"other\.py: expected a line '# contract: '"):
        SCRIPT.read_contract(tmp_path / "other.py")
