"""Clocks."""

from __future__ import annotations

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
