"""Why a search gave no network."""

from __future__ import annotations

from autocnn.api.search_outcome import SearchOutcome, describe_failure


def _outcome(**changes) -> SearchOutcome:
    """The outcome of a search without a network: no trial, the time was over."""
    fields = {
        **dict.fromkeys(SearchOutcome.__dataclass_fields__),
        "study": "s",
        "state": "failed",
        "ending": "budget",
        "least_seconds": 71.2,
        "causes": {},
        **dict.fromkeys(("trials", "complete", "pruned", "stopped", "failed"), 0),
    }
    return SearchOutcome(**{**fields, **changes})


def test_a_search_without_time_names_a_time():
    """The shortest search that gives a network is predicted, and rounded up to ten seconds."""
    assert describe_failure(_outcome()) == (
        "the time was over before a network had a score; --time-budget 80s may be enough here"
    )
    line = describe_failure(_outcome(trials=1, stopped=1, ending="budget"))
    assert line.startswith("the time was over")


def test_a_search_of_failed_trials_names_the_causes():
    """The line counts them, whatever ended the search."""
    outcome = _outcome(trials=3, failed=3, causes={"diverged": 2, "crashed": 1}, ending="budget")
    assert describe_failure(outcome) == (
        "none of 3 trials gave a network (3 failed: 1 crashed, 2 diverged; "
        "0 pruned); see autocnn leaderboard s, or give more time"
    )
