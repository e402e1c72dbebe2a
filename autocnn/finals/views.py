"""Views that were published with an architecture, by which its test score is reported, too."""

from __future__ import annotations

from autocnn.models.views import MIRROR_AND_TRANSLATE

# By the name of the architecture; of all others the image itself is scored.
PUBLISHED_VIEWS = {"airbench94": MIRROR_AND_TRANSLATE}
