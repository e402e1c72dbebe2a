"""The calls that use a study: ablate, compare, plot, export, evaluate, predict, write_report."""

from __future__ import annotations

import numpy as np
import pytest

from autocnn.errors import SettingsError, StudyError
from autocnn.python import calls


def test_a_plot_is_a_picture_or_a_file(study, tmp_path):
    """A notebook shows the picture, which can be saved."""
    picture = calls.plot("history", study)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "a.png").read_bytes() == picture.png
    assert calls.plot("history", study, str(tmp_path / "b.svg")) == tmp_path / "b.svg"
    with pytest.raises(SettingsError, match=r"^kind must be one of"):
        calls.plot("histroy", study)


@pytest.mark.parametrize("how", ["object", "name", "folder", "latest"])
def test_a_study_is_named_in_four_ways(study, tmp_path, how):
    """All write the same page."""
    named = {"object": study, "name": "shades", "folder": str(study.path), "latest": None}[how]
    target = calls.write_report(named, tmp_path / "a.html", results=study.path.parent)
    assert "shades" in target.read_text(encoding="utf-8")


def test_one_page_about_several_studies(study, tmp_path):
    """They are a list of any of these."""
    target = calls.write_report([study, study.path], str(tmp_path / "a.html"))
    assert target.is_file()


def test_an_export_has_its_contract(study, arrays, tmp_path):
    """The file predicts as the study does."""
    outcome = calls.export(study, str(tmp_path / "a.keras"))
    assert [file.path for file in outcome.files] == [tmp_path / "a.keras"]
    images = arrays[0][:4]
    ours = calls.predict(study, images)
    assert calls.predict(tmp_path / "a.keras", images) == pytest.approx(ours, abs=1e-5)
    assert calls.predict(str(tmp_path / "a.keras"), images) == pytest.approx(ours, abs=1e-5)
    assert calls.predict(study.model, images) == pytest.approx(ours)
    with pytest.raises(SettingsError, match=r"^path must end in"):
        calls.export(study, tmp_path / "a.xyz")


def test_an_ensemble_is_chosen_and_written(study, arrays, tmp_path):
    """Nothing is written without a path; the file is a model as any other."""
    outcome = calls.ensemble(study, most=2)
    assert outcome.file is None
    written = calls.ensemble(study, str(tmp_path / "a.keras"), most=2, views="mirror")
    assert written.contract.views == "mirror"
    assert 1 <= len(written.members) <= 2
    found = calls.predict(tmp_path / "a.keras", arrays[0][:4])
    assert found.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    with pytest.raises(SettingsError, match=r"^most must be at least 1, got 0"):
        calls.ensemble(study, most=0)


def test_arrays_are_evaluated_with_their_labels(study, arrays, tmp_path):
    """The accuracy is that of the predictions; a part of the classes is enough."""
    images, labels = arrays
    found = calls.evaluate(study, images, labels, results=tmp_path).evaluation
    right = study.classify(images) == labels
    assert (found.n, found.accuracy) == (90, pytest.approx(right.mean()))
    with pytest.raises(SettingsError, match="labels are missing"):
        calls.evaluate(study, images)
    with pytest.raises(SettingsError, match="labels go with an array"):
        calls.evaluate(study, "digits", labels)


def test_files_are_evaluated_by_their_path(study, arrays, tmp_path):
    """The path may be a text or a path."""
    images, labels = arrays
    np.savez(tmp_path / "more.npz", x=images, y=labels)
    for path in (tmp_path / "more.npz", str(tmp_path / "more.npz")):
        assert calls.evaluate(study.path, path).evaluation.n == 90


def test_an_ablation_has_rows(study):
    """The base and one change of the optimizer, each once; the study may be a name."""
    outcome = calls.ablate(study, seeds=1, factors=["optimizer"], progress=False)
    assert outcome.rows[0].score is not None
    assert outcome.folder.parent == study.path
    with pytest.raises(SettingsError, match=r"^seeds must be"):
        calls.ablate(study, seeds=0, progress=False)
    with pytest.raises(StudyError, match="has no trial 9"):
        calls.ablate(study, trial=9, progress=False)


def test_a_comparison_names_its_arguments(few):
    """It has baselines and studies in place of options."""
    with pytest.raises(SettingsError, match=r"^nothing to compare: give baselines"):
        calls.compare("digits", results=few["results"])
    with pytest.raises(SettingsError, match=r"^baselines: none is named 'lenett'"):
        calls.compare("digits", ["lenett"], results=few["results"])


def test_networks_are_compared(executor, arrays, few, tmp_path):
    """A known network is trained on images of one's own, and tested."""
    images, labels = arrays
    np.savez(tmp_path / "shades.npz", x=images, y=labels)
    outcome = calls.compare(
        tmp_path / "shades.npz", ["mlp_deep"], epochs=1, results=few["results"], progress=False
    )
    assert [row.name for row in outcome.rows] == ["mlp_deep"]
