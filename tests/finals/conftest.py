"""Fixtures shared by the tests of `autocnn.finals`."""

from __future__ import annotations

from finals_fixtures import (  # noqa: F401  fixtures
    dark_or_bright,
    make_record,
    make_result,
    make_test,
    trained,
)
