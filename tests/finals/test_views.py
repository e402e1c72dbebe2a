"""The views that were published with an architecture."""

from __future__ import annotations

from autocnn.finals.views import PUBLISHED_VIEWS
from autocnn.models.views import VIEWS
from autocnn.space.config import ARCHITECTURES


def test_published_views_are_known_ones_of_known_architectures():
    """Both names are in the tables that the search and the export read."""
    assert set(PUBLISHED_VIEWS.values()) <= set(VIEWS)
    assert set(PUBLISHED_VIEWS) <= set(ARCHITECTURES)
