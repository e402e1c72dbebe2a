"""Studies of which only the leaderboard was kept."""

from __future__ import annotations

import shutil

import pytest

from autocnn.api import (
    draw_study,
    load_study,
    parameter_importances,
    plot_study,
    rebuild_leaderboard,
    trial_json,
)
from autocnn.errors import RecordError, StudyError
from autocnn.records.facts import facts_to_json
from autocnn.records.manifest import write_manifest


@pytest.fixture
def kept(study, results):
    """The study digits-1, then without its record, with its facts in a manifest."""
    whole = load_study(results, study.name)
    write_manifest(study.manifest, {"facts": facts_to_json(whole.known_facts)})
    study.journal.unlink()
    shutil.rmtree(study.trials)
    return whole


def test_trials_are_read_from_the_leaderboard(kept, results):
    """All but the times of start and end, and the limit of epochs, is as on record."""
    view = load_study(results, "digits-1")
    assert view.is_kept_alone
    for found, known in zip(view.records, kept.records, strict=True):
        for name in ("number", "state", "origin", "config", "seed", "parameters", "macs", "score"):
            assert getattr(found, name) == getattr(known, name)
        assert found.result.curve == known.result.curve
        assert found.result.best_epoch == known.result.best_epoch
    assert view.leaderboard == kept.leaderboard
    assert view.facts == kept.facts


def test_such_a_study_is_shown_and_drawn(kept, results, tmp_path):
    """The layers follow from the configuration."""
    view = load_study(results, "digits-1")
    assert trial_json(view)["layers"][0]["name"] == "block1_conv1"
    draw_study(view, "history")
    assert plot_study(view, "curves", tmp_path / "c.svg").stat().st_size > 1000
    with pytest.raises(StudyError, match="importance"):
        parameter_importances(view)  # of three trials


def test_without_the_facts_the_layers_are_unknown(kept, study, results):
    """The line says what is left."""
    study.manifest.unlink()
    view = load_study(results, "digits-1")
    assert view.trial().number == 2
    with pytest.raises(StudyError, match="only its leaderboard was kept, without the shape"):
        trial_json(view)


def test_the_leaderboard_cannot_be_made_again(kept, results):
    """It would be made of itself."""
    before = kept.paths.leaderboard.read_bytes()
    with pytest.raises(StudyError, match="holds no record of its trials, from which"):
        rebuild_leaderboard(load_study(results, "digits-1"))
    assert kept.paths.leaderboard.read_bytes() == before


def test_a_damaged_leaderboard_is_one_line(kept, results):
    """There is nothing else to read."""
    kept.paths.leaderboard.write_bytes(b"no table")
    with pytest.raises(RecordError):
        load_study(results, "digits-1")
