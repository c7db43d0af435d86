"""Which of the points of a check something was measured at."""

from __future__ import annotations

import enum


class Place(enum.Enum):
    """The points that a check measures at. The values are words for reports; no logic reads them."""

    USER = "your point"
    BESIDE_KINK = "a point beside yours"
    GENERIC = "a generic point nearby"
