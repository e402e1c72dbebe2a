"""`autocnn baselines`, and the data set of `autocnn search --baseline`."""

from __future__ import annotations

import json

import pytest

from autocnn.space.library import baseline_names


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Run each test in its own folder, so no file of the user is read."""
    monkeypatch.chdir(tmp_path)


def test_baselines_are_listed(autocnn):
    """The list has costs and results, and then the sources."""
    done = autocnn("baselines")
    assert (done.code, done.err) == (0, "")
    rows = [line.split() for line in done.out.splitlines()]
    n = len(baseline_names())
    assert [row[0] for row in rows[1 : n + 1]] == baseline_names()
    assert [row[0] for row in rows[n + 3 :]] == baseline_names()
    row = next(row for row in rows if row[:1] == ["cnn_16_32_64"])
    assert row[1:] == ["cifar10", "528,054", "1.8", "M", "100", "32", "65.98", "%"]


def test_baselines_are_listed_for_programs(autocnn):
    """The output is one JSON object; an unpublished value is null."""
    done = autocnn("baselines", "--json")
    assert done.out.count("\n") == 1
    found = {baseline["name"]: baseline for baseline in json.loads(done.out)["baselines"]}
    assert list(found) == baseline_names()
    assert found["cnn_bn_cifar"]["published"] == {
        "dataset": "cifar10",
        "source": "course work; stated as about 0.70",
        "test_accuracy": 0.7,
        "epochs": None,
        "batch_size": None,
    }
    assert found["lenet"]["parameters"] == 61_706


@pytest.mark.parametrize(("option", "size"), [((), "28×28×1"), (("--dataset", "cifar10"), "32×32")])
def test_a_search_takes_the_data_of_its_baseline(autocnn, option, size):
    """The data set is the baseline's unless another one is given."""
    done = autocnn("search", "--baseline", "lenet", *option, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"space lenet for images of {size}")


def test_the_environment_names_a_baseline_too(autocnn, monkeypatch):
    """A variable sets the baseline as any option."""
    monkeypatch.setenv("AUTOCNN_BASELINE", "lenet")
    assert autocnn("search", "--dry-run").out.startswith("space lenet for images of 28×28×1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--baseline", "len"),
            "--baseline: no baseline is named 'len'; choose one of airbench94, ",
        ),
        (("--baseline", "lenet", "--space", "cnn"), "leave one of the two out"),
        (("--baseline", "lenet", "--dataset", "digits"), "space lenet: none of 1000 samples is"),
    ],
)
def test_a_wrong_baseline_is_one_line(autocnn, tmp_path, options, message):
    """Exit code 2; nothing is written."""
    done = autocnn("search", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
