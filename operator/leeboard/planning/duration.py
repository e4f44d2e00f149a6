"""Durations as users write them: ``1h``, ``90s``, ``1m30s``."""

from __future__ import annotations

import re

SECONDS = {"h": 3600, "m": 60, "s": 1}
PART = re.compile(r"([0-9]+)([hms])")


def seconds_of(duration: str) -> int:
    """Whole seconds of a duration that matches the API's pattern."""
    return sum(int(number) * SECONDS[unit] for number, unit in PART.findall(duration))
