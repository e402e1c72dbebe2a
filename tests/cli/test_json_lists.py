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


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (("leaderboard", "alpha"), {"studies", "rows"}),
        (("show", "alpha"), {"study", "trial", "layers", "config", "result"}),
        (("show", "alpha", "--compare", 0, 1), {"trials"}),
        (("show", "alpha", "--confusion"), {"classes", "counts", "images"}),
        (("studies",), {"studies"}),
    ],
)
def test_a_table_of_a_study_is_one_object(autocnn, stored, arguments, keys):
    """Nothing else is on stdout."""
    done = autocnn(*arguments, "--results", stored, "--json")
    assert (done.code, done.err, len(done.out.splitlines())) == (0, "", 1)
    assert keys <= set(json.loads(done.out))


def test_a_trial_as_json_has_its_layers_and_its_curve(autocnn, stored):
    """The score is that of the best epoch."""
    found = json.loads(autocnn("show", "alpha", 1, "--results", stored, "--json").out)
    assert (found["trial"], found["score"]) == (1, pytest.approx(0.55))
    assert found["layers"][-1]["output_shape"] == [10]
    assert sum(layer["parameters"] for layer in found["layers"]) == found["parameters"]


def test_data_sets_are_one_object(autocnn):
    """The list, and one data set with its images by class."""
    names = [each["name"] for each in json.loads(autocnn("datasets", "--json").out)["datasets"]]
    assert "digits" in names
    found = json.loads(autocnn("datasets", "digits", "--json").out)
    assert (found["is_here"], found["image_shape"]) == (True, [8, 8, 1])
    assert sum(found["counts"]["train"]) + sum(found["counts"]["validation"]) == 1437
