"""The settings of a study as a TOML file."""

from __future__ import annotations

import re

import pytest

from autocnn.errors import SettingsError
from autocnn.records.settings_file import read_table, settings_from_toml, settings_to_toml
from autocnn.records.study_settings import StudySettings


@pytest.mark.parametrize(
    "settings",
    [
        StudySettings(study="one"),
        StudySettings(
            study="zwölf 12",
            dataset='C:\\images "new"\t\x7f\x01',
            trials=5,
            time_budget_s=0.1 + 0.2,
            epochs=12,
            seed=2**63 - 1,
            target=1e-7,
            recipes=False,
            created="2026-11-22T10:00:00+00:00",
        ),
    ],
)
def test_settings_survive_the_file(settings):
    """Settings are read back to the last bit and character."""
    assert StudySettings(**settings_from_toml(settings_to_toml(settings), "f")) == settings


def test_a_file_may_give_some_settings_only():
    """Only keys in the file are returned, so other settings keep their value."""
    given = settings_from_toml("trials = 5\ntime_budget_s = 60\n", "my.toml")
    assert given == {"trials": 5, "time_budget_s": 60.0}
    assert isinstance(given["time_budget_s"], float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "trails = 5",
            "my.toml: trails: unknown setting; did you mean 'trials'? known: dataset, image_size,",
        ),
        ('trials = "5"', "my.toml: trials must be an integer, got '5'"),
        ("trials = true", "my.toml: trials must be an integer, got True"),
        ("trials = 0", "my.toml: trials must be at least 1, got 0"),
        ("target = false", "my.toml: target must be a number, got False"),
        ("recipes = 1", "my.toml: recipes must be true or false, got 1"),
        ("dataset = 3", "my.toml: dataset must be a string, got 3"),
        ("trials =", "my.toml: not a TOML file: "),
        (f"trials = {'9' * 400}", "my.toml: trials must be an integer of at most 64 bits, got one"),
        (f"time_budget_s = {'9' * 400}", "my.toml: time_budget_s must be an integer of at most 64"),
        (f"seed = {'9' * 5000}", "my.toml: not a TOML file: Exceeds the limit"),
        (f"seed = 0x{'f' * 5000}", "my.toml: seed must be an integer of at most 64 bits, got one"),
    ],
)
def test_a_wrong_file_names_file_and_key(text, message):
    """The error names the file and the key of the wrong line."""
    with pytest.raises(SettingsError, match=f"^{re.escape(message)}"):
        settings_from_toml(text, "my.toml")


def test_the_file_has_one_line_a_setting():
    """The file has one line for each setting; settings without a value are left out."""
    lines = settings_to_toml(StudySettings(study="one", trials=5)).splitlines()
    assert lines[0] == "# autocnn search --config FILE reads this file"
    assert lines[1] == 'dataset = "digits"'
    assert 'study = "one"' in lines
    assert "trials = 5" in lines
    assert "recipes = true" in lines
    assert not any(line.startswith(("epochs", "target")) for line in lines)


def test_a_byte_order_mark_is_no_setting(tmp_path):
    """Editors on Windows write one before the text."""
    path = tmp_path / "study.toml"
    path.write_text("trials = 3\n", encoding="utf-8-sig")
    assert read_table(path) == {"trials": 3}
