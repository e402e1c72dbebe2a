"""Fixtures shared by the tests of `autocnn.leaderboard`."""

from __future__ import annotations

from study_fixtures import (  # noqa: F401  fixtures
    make_proposal,
    make_record,
    paths,
    settings,
    space,
)
