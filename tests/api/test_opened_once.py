"""Each command opens a study once: its study.toml is read a single time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from study_fixtures import copy_study

# Runs each command of argv[1] and prints how often it opened each study.toml, by the study's name.
COUNT = """
import json, sys
from collections import Counter
from pathlib import Path

opened = Counter()

def count(event, arguments):
    if event == "open" and str(arguments[0]).endswith("study.toml"):
        opened[Path(arguments[0]).parent.name] += 1

sys.addaudithook(count)
from autocnn.cli.main import main

counts = []
for words in json.loads(sys.argv[1]):
    opened.clear()
    sys.argv = ["autocnn", *words]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, (words, ended.code)
    counts.append(dict(opened))
print("\\n" + json.dumps(counts))
"""
# Settles the settings of a command and takes every step before workers are started.
BEGIN = """
import sys
from pathlib import Path
from autocnn import api
from autocnn.api.search_study import _check_record, _complete, _find_space

results, command = sys.argv[1], sys.argv[2]
opened = []
sys.addaudithook(
    lambda event, arguments: event == "open"
    and str(arguments[0]).endswith("study.toml")
    and opened.append(arguments[0])
)
if command == "resume":
    found = api.resume(Path(results), None, {"trials": 9})
else:
    found = api.resolve({"study": "digits-1", "results": results}, {})
settings = _complete(found.settings, found.study)
_check_record(settings, found.study, _find_space(settings, found.study))
print(len(opened))
"""


def run(code: str, *arguments: object) -> str:
    """The last line that `code` prints in its own process."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_command_reads_each_study_toml_once(study, results, tmp_path):
    """This includes commands without a name, which compare the dates of all studies."""
    older = results / "older"
    copy_study(study.root, older, "2026-11-21")
    place = ["--results", str(results)]
    export = ["export", "--output", str(tmp_path / "model.keras")]
    one, both = {"digits-1": 1}, {"digits-1": 1, "older": 1}
    expected = [
        (["show", "digits-1", *place], one),
        (["show", *place], both),
        (["leaderboard", *place], both),
        (["leaderboard", "digits-1", "--format", "csv", "--rebuild", *place], one),
        (["leaderboard", "digits-1", "older", *place], both),
        (["plot", "history", *place], both),
        (["studies", *place], both),
        ([*export, "digits-1", *place], one),
        ([*export, *place], both),
    ]
    commands = [words for words, _ in expected]
    counts = json.loads(run(COUNT, json.dumps(commands)))
    assert list(zip(commands, counts, strict=True)) == expected


def test_an_up_to_date_leaderboard_is_shown_without_study_toml(study, results):
    """The leaderboard file itself records that it holds all trials."""
    words = [["leaderboard", "digits-1", "--results", str(results)]]
    assert json.loads(run(COUNT, json.dumps(words))) == [{}]


@pytest.mark.parametrize("command", ["search", "resume"])
def test_resuming_a_study_reads_study_toml_once(study, results, command):
    """One read serves the settings and every check before a worker starts."""
    assert run(BEGIN, results, command) == "1"
