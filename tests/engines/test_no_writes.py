"""The architecture is a test: no engine writes to the record."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import autocnn.engines as engines

ROOM = Path(engines.__file__).parent
WRITING = {
    "add_trial",
    "add_trials",
    "ask",
    "enqueue",
    "enqueue_trial",
    "mark_infeasible",
    "report",
    "set_system_attr",
    "set_user_attr",
    "tell",
}
# These calls write to objects in memory, and not to the record of a study.
IN_MEMORY = {
    ("replayed_samplers.py", "optimizer.tell"),  # CMA-ES of the package cmaes
    ("replayed_samplers.py", "optimizer.ask"),
    ("replayed_samplers.py", "in_memory.add_trials"),  # an Optuna study in memory
    ("replayed_samplers.py", "in_memory.ask"),
}


def is_writing(function: str) -> bool:
    """True if the function or method of this name writes to the record of a study."""
    name = function.rpartition(".")[2]
    return name in WRITING or name.startswith(("write_", "set_trial_", "set_study_"))


def find_writes(file: str, source: str) -> Iterator[str]:
    """Each place of `source` that calls a function, or names one, that writes to the record."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute | ast.Name):
            function = ast.unparse(node)
            if is_writing(function) and (file, function) not in IN_MEMORY:
                yield f"{file}:{node.lineno}: {function}"
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                if is_writing(name.name):
                    yield f"{file}:{node.lineno}: imports {name.name}"


def test_no_engine_writes_to_the_record():
    """An engine returns notes and drafts; autocnn.records.trial_log writes them."""
    found = [
        problem
        for path in sorted(ROOM.rglob("*.py"))
        for problem in find_writes(path.name, path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_engine_imports_the_log():
    """The log imports no engine, and an engine imports neither the log nor leases."""
    for path in ROOM.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "records.trial_log import" not in source, path.name
        assert "records.leases" not in source, path.name


@pytest.mark.parametrize(
    "source",
    [
        "study.tell(trial, 0.5)",
        "trial.set_user_attr('a', 1)",
        "from autocnn.records.optuna_record import write_result",
        "from autocnn.records.optuna_record import mark_infeasible as mark",
        "write = trial.report",
        "self._study.enqueue_trial({})",
        "trial = self._study.ask()",
        "study._storage.set_trial_user_attr(1, 'a', 1)",
    ],
)
def test_a_planted_write_is_found(source):
    """The checker finds calls, references and imports."""
    assert len(list(find_writes("base.py", source))) == 1


def test_an_object_in_memory_may_be_written_to():
    """Writing to a study in memory is allowed only in the module that makes it."""
    assert list(find_writes("replayed_samplers.py", "in_memory.ask()")) == []
    assert len(list(find_writes("base.py", "in_memory.ask()"))) == 1
