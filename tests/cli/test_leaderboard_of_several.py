"""`autocnn leaderboard STUDY1 STUDY2`: finished studies, ranked together."""

from __future__ import annotations

import json
import shutil

import pytest

pytestmark = pytest.mark.training


@pytest.fixture
def two(copied):
    """The study "tiny" and a copy of it, "tiny2"."""
    shutil.copytree(copied.folder, copied.results / "tiny2")
    return copied


def test_two_studies_are_one_table(autocnn, two):
    """The study is the first column; the title has both."""
    done = autocnn("leaderboard", "tiny", "tiny2", "--results", two.results)
    assert (done.code, done.err) == (0, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0] == "tiny (3 trials), tiny2 (3 trials)"
    header, first = (line.split() for line in lines[1:3])
    assert header[:3] == ["study", "rank", "trial"]
    assert first[:2] == ["tiny", "1"]
    assert len(lines[2:]) == 6


def test_the_options_work_as_for_one_study(autocnn, two):
    """Rows are sorted and cut, with the given columns and format."""
    wish = ("--sort", "trial", "--columns", "study,trial,rank", "--top", 4, "--format", "json")
    done = autocnn("leaderboard", "tiny2", "tiny", *wish, "--results", two.results)
    rows = json.loads(done.out)
    assert [(row["study"], row["trial"]) for row in rows] == [
        ("tiny2", 0),
        ("tiny", 0),
        ("tiny2", 1),
        ("tiny", 1),
    ]
    assert list(rows[0]) == ["study", "trial", "rank"]


def test_conditions_hold_for_all_studies(autocnn, two):
    """The study is a column as any other."""
    wish = ("--where", "study=tiny2", "--where", "trial<2", "--format", "json")
    rows = json.loads(autocnn("leaderboard", "tiny", "tiny2", *wish, "--results", two.results).out)
    assert {(row["study"], row["trial"]) for row in rows} == {("tiny2", 0), ("tiny2", 1)}


def test_every_file_is_made_again(autocnn, two):
    """The leaderboard of each named study is rebuilt."""
    arguments = ("leaderboard", "tiny", "tiny2", "--results", two.results)
    before = autocnn(*arguments)
    for name in ("tiny", "tiny2"):
        (two.results / name / "leaderboard.parquet").write_bytes(b"damaged")
    broken = autocnn(*arguments)
    assert (broken.code, broken.out, broken.err.count("\n")) == (1, "", 1)
    assert "`autocnn leaderboard tiny --rebuild`" in broken.err
    assert autocnn(*arguments, "--rebuild") == autocnn(*arguments) == before


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("tiny tiny", "study tiny is named twice; name each study once"),
        (
            "tiny tiny2",
            "study tiny2 differs from study tiny in its split seed (7, not 0): "
            "scores on different images cannot be ranked together",
        ),
    ],
)
def test_studies_that_cannot_be_ranked_together_are_one_line(autocnn, two, names, message):
    """The command ends with exit code 2 and one line."""
    toml = two.results / "tiny2" / "study.toml"
    toml.write_text(toml.read_text().replace("split_seed = 0", "split_seed = 7"))
    done = autocnn("leaderboard", *names.split(), "--results", two.results)
    assert (done.code, done.out, done.err) == (2, "", f"autocnn: error: {message}\n")
