"""Clocks and randomness."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)


def steady_seconds() -> float:
    """Seconds that never jump and go on while the process or the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def jittered(seconds: float, *, fraction: float = 0.1) -> float:
    """``seconds`` up to ``fraction`` longer or shorter, so that replicas do not act in step."""
    return seconds * random.uniform(1 - fraction, 1 + fraction)  # noqa: S311 - not a secret
