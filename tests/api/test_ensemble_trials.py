"""An ensemble of a study's networks: what is chosen, measured and written."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from autocnn.api.ensemble_trials import EnsembleSettings, ensemble
from autocnn.api.export import own_model
from autocnn.api.exported_files import ExportSettings, export_files, export_notes
from autocnn.api.predictions import load_model
from autocnn.api.studies import load_study
from autocnn.api.study_images import open_images
from autocnn.api.views_effect import ViewsEffect, describe_effect
from autocnn.data.prepared import prepare
from autocnn.errors import RecordError, SettingsError, StudyError
from autocnn.models.selection import select_networks
from autocnn.records.finals_file import write_finals


@pytest.fixture
def view(study, results):
    """The study digits-1, with the fingerprint of the digits; trials 2 and 0 have weights."""
    found = load_study(results, study.name)
    facts = replace(found.known_facts, fingerprint=prepare("digits").fingerprint)
    return replace(found, facts=facts)


def own_probabilities(view, *trials):
    """The probabilities of the validation images by each trial's own weights; and the classes."""
    images = open_images(view).validation
    found = [own_model(view, view.trial(trial)).predict(images.images) for trial in trials]
    return np.stack(found), images.labels


def test_the_choice_is_that_of_the_validation_images(view, tmp_path):
    """145 images; the file, which is the ensemble, answers with the weighted mean."""
    target = tmp_path / "both.keras"
    outcome = ensemble(view, EnsembleSettings(output=target))
    probabilities, labels = own_probabilities(view, 2, 0)
    counts = select_networks(probabilities, labels, 5)
    weights = {each.trial: each.weight for each in outcome.members}
    assert weights == {
        trial: count / sum(counts) for trial, count in zip((2, 0), counts, strict=True) if count
    }
    assert (outcome.n, outcome.candidates) == (145, 2)
    mean = sum(weights.get(t, 0) * p for t, p in zip((2, 0), probabilities, strict=True))
    assert outcome.together.accuracy == pytest.approx((mean.argmax(axis=1) == labels).mean())
    assert outcome.file.difference < 1e-5
    found = load_model(target)
    np.testing.assert_allclose(found.predict(open_images(view).validation.images), mean, atol=1e-5)
    assert found.contract == outcome.contract
    assert outcome.contract.trial == outcome.members[0].trial
    assert outcome.without_views is None
    said = json.loads(json.dumps(outcome.as_json()))
    assert (said["study"], said["objective"]) == ("digits-1", "accuracy")
    assert said["file"]["path"] == str(target)


def test_views_are_part_of_the_choice_and_of_the_file(view, tmp_path):
    """Each network takes two passes; the score without views stands beside."""
    settings = EnsembleSettings(most=1, views="mirror", output=tmp_path / "one.keras")
    outcome = ensemble(view, settings)
    (member,) = outcome.members
    assert member.weight == 1
    assert outcome.together == member.alone
    assert outcome.macs == 2 * member.macs
    assert (outcome.contract.members, outcome.contract.views) == ((), "mirror")
    probabilities, labels = own_probabilities(view, member.trial)
    plain = (probabilities[0].argmax(axis=1) == labels).mean()
    assert outcome.without_views.accuracy == pytest.approx(plain)
    assert not outcome.knows_mirrored


def test_nothing_is_written_without_a_path(view, tmp_path):
    """Not in the study's folder either."""
    before = sorted(view.paths.root.rglob("*"))
    assert ensemble(view).file is None
    assert sorted(view.paths.root.rglob("*")) == before


def test_a_study_without_weights_is_one_clear_line(view):
    """Somebody has deleted them."""
    for number in (0, 2):
        view.paths.weights(number).unlink()
    with pytest.raises(StudyError, match="study digits-1 has no trial with weights on disk"):
        ensemble(view)


def test_damaged_weights_are_one_clear_line(view):
    """The file is named."""
    weights = view.paths.weights(0)
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(RecordError, match=r"00000/best\.npz: is damaged"):
        ensemble(view)


def test_a_study_without_trials_is_one_clear_line(view):
    """Its first trial is under way."""
    with pytest.raises(StudyError, match="study digits-1 has no trial yet"):
        ensemble(replace(view, records=[]))


def test_a_plan_is_no_search(view):
    """The networks of a comparison have other data and aims."""
    text = view.paths.study_toml.read_text()
    view.paths.study_toml.write_text(text.replace('engine = "optuna"', 'engine = "plan"'))
    other = load_study(view.paths.root.parent, "digits-1")
    with pytest.raises(StudyError, match="study digits-1 is no search"):
        ensemble(other)


def test_images_that_were_changed_are_one_clear_line(view):
    """The validation images decide, so nothing goes without them."""
    other = replace(view, facts=replace(view.known_facts, fingerprint="0"))
    with pytest.raises(StudyError, match="validation images: digits was changed after the study"):
        ensemble(other)


def test_at_least_one_network_is_asked_for():
    """Zero is refused."""
    with pytest.raises(SettingsError, match="--most must be at least 1, got 0"):
        EnsembleSettings(most=0)


# export with views


def test_an_export_with_views_is_marked_and_measured(view, tmp_path):
    """Both accuracies are of the trial's own weights; the line says that no image was mirrored."""
    settings = ExportSettings(output=tmp_path / "m.keras", trial=0, views="mirror")
    outcome = export_files(view, settings)
    effect = outcome.effect
    probabilities, labels = own_probabilities(view, 0)
    assert effect.plain == pytest.approx((probabilities[0].argmax(axis=1) == labels).mean())
    assert (effect.trial, effect.n, effect.knows_mirrored) == (0, 145, False)
    assert outcome.contract.views == "mirror"
    model = load_model(tmp_path / "m.keras")
    assert model.contract == outcome.contract
    images = open_images(view).validation.images
    np.testing.assert_allclose(model.predict(images[:, :, ::-1]), model.predict(images), atol=1e-5)
    assert export_notes(view, outcome, 0) == [describe_effect(effect)]


def test_a_shipped_file_is_not_copied_if_it_gets_views(view, make_finals, tmp_path):
    """It is built anew from the weights of the shipped file, and measured by the trial's own."""
    view.paths.finals.mkdir()
    write_finals(view.paths, make_finals(winner=2))
    export_files(view, ExportSettings(output=view.paths.winner, trial=2))
    settings = ExportSettings(output=tmp_path / "m.keras", views="mirror")
    outcome = export_files(view, settings)
    assert outcome.effect.trial == 2
    assert (tmp_path / "m.keras").read_bytes() != view.paths.winner.read_bytes()
    assert load_model(tmp_path / "m.keras").contract.views == "mirror"


def test_an_effect_without_weights_is_not_measured(view, make_finals, tmp_path):
    """The shipped network may know the validation images: another command measures it."""
    view.paths.finals.mkdir()
    write_finals(view.paths, make_finals(winner=2))
    export_files(view, ExportSettings(output=view.paths.winner, trial=2))
    view.paths.weights(2).unlink()
    outcome = export_files(view, ExportSettings(output=tmp_path / "m.keras", views="mirror"))
    assert outcome.effect is None
    assert "whether mirror views make the network better was not measured" in " ".join(
        export_notes(view, outcome, None)
    )


@pytest.mark.parametrize(
    ("viewed", "knows", "end"),
    [
        (0.82, True, "80.00 % without views"),
        (0.82, False, "80.00 % without views; no mirrored image had a part in the training"),
        (
            0.8,
            False,
            "without views; no mirrored image had a part in the training; the views are no gain "
            "here: leave --views out",
        ),
        (0.7, True, "without views; the views are no gain here: leave --views out"),
    ],
)
def test_the_measured_accuracies_decide(viewed, knows, end):
    """Both stand in the line, whatever the training was."""
    effect = ViewsEffect(
        views="mirror", trial=3, n=1000, plain=0.8, viewed=viewed, knows_mirrored=knows
    )
    line = describe_effect(effect)
    start = f"mirror views: trial 3's own weights have {100 * viewed:.2f} % on 1,000 validation"
    assert line.startswith(start)
    assert line.endswith(end)
