"""One study in PostgreSQL, trained by several processes that were started one by one."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from processes import held

from autocnn.api.studies import load_study
from autocnn.records.leases import LEASE
from autocnn.trial import TrialState

pytestmark = pytest.mark.training
N_TRIALS = 6


def test_six_trials_by_three_workers(start, tmp_path, search_arguments, postgres_url):
    """The search and two workers that joined miss no trial and repeat none."""
    shared = ("--study", "shared", "--results", tmp_path, "--storage", postgres_url)
    long = ("--trials", N_TRIALS, "--epochs", 8, "--pruner", "none")
    arguments = [*search_arguments[:5], "--no-report", "--no-recipes", *long]
    search = start(*arguments, *shared, "--workers", 1, "-v")
    for line in search.stderr:
        if "  epoch " in line:
            break
    with held(search):  # the other workers need time to start
        joined = [start("worker", *shared, "--workers", 1, "-v") for _ in range(2)]
        for worker in joined:
            for line in worker.stderr:
                if "  epoch " in line:
                    break
    _, err = search.communicate(timeout=600)
    assert search.returncode == 0, err
    trained = []
    for worker in joined:
        out, err = worker.communicate(timeout=60)
        assert worker.returncode == 0, err
        trained.append(int(re.match(r"(\d+) trials of study shared were trained here", out)[1]))
    view = load_study(tmp_path, "shared", postgres_url)
    records, study = view.records, view.study.record
    assert Counter(record.state for record in records) == {TrialState.COMPLETE: N_TRIALS}
    leases = [study.trials[record.number].user_attrs[LEASE] for record in records]
    assert {lease["handover"] for lease in leases} == {0}
    by_owner = Counter(lease["owner"] for lease in leases)
    assert len(by_owner) == 3
    assert not Counter(trained) - Counter(by_owner.values())
    assert all(trained)
