"""The settings that an ablation takes over from its study."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from autocnn.api.ablate_trial import AblationSettings, _study_settings
from autocnn.records.study_folder import StudyPaths


@pytest.mark.parametrize(
    ("stored", "subset", "folds"),
    [({"folds": 3}, None, 3), ({"folds": 3}, 200, None), ({}, None, None)],
)
def test_an_ablation_has_the_folds_of_its_study(
    stored, subset, folds, tmp_path, facts, make_record
):
    """A subset is scored by one hold-out, so it takes no number of folds over."""
    study = SimpleNamespace(stored={"dataset": "digits", "split_seed": 4, **stored})
    view = SimpleNamespace(study=study, paths=StudyPaths(tmp_path), known_facts=facts)
    settings = _study_settings(view, make_record(2, 0.5), AblationSettings(subset=subset), 6)
    assert (settings.folds, settings.split_seed, settings.subset) == (folds, 4, subset)
