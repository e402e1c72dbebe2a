"""Fixtures shared by the tests of `autocnn.exports`."""

from __future__ import annotations

from export_fixtures import config, make_model  # noqa: F401  fixtures
