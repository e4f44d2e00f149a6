"""What makes the process useless, as a list of small checks: the sentence that /livez answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_ELECTION_SECONDS = 60.0
MAX_QUEUE_SECONDS = 600.0
MAX_WATCH_LAG_SECONDS = 180.0
LIST_GRACE_SECONDS = 120.0
MISSED_SWEEPS = 3


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """Ages in seconds. A standby has nothing but its election.

    ``watch_lag_seconds`` by kind: how long ago a sweep saw something that the watch has not delivered.
    """

    election_seconds: float | None
    is_working: bool = False
    queue_seconds: float = 0.0
    list_seconds: float = 0.0
    sweep_seconds: float = 0.0
    watch_lag_seconds: Mapping[str, float] = field(default_factory=dict)


def fault_of(signs: VitalSigns) -> str | None:
    """The first check that fails, None when the process is alive."""
    checks = (_election, *((_queue, _lists, _watches) if signs.is_working else ()))
    return next((fault for check in checks if (fault := check(signs)) is not None), None)


def _election(signs: VitalSigns) -> str | None:
    if signs.election_seconds is None or signs.election_seconds <= MAX_ELECTION_SECONDS:
        return None
    return f"the election loop has stood still for {signs.election_seconds:.0f} s"


def _queue(signs: VitalSigns) -> str | None:
    if signs.queue_seconds <= MAX_QUEUE_SECONDS:
        return None
    return f"a key has waited for {signs.queue_seconds:.0f} s"


def _lists(signs: VitalSigns) -> str | None:
    if signs.list_seconds <= MISSED_SWEEPS * signs.sweep_seconds + LIST_GRACE_SECONDS:
        return None
    return f"the last complete list is {signs.list_seconds:.0f} s old"


def _watches(signs: VitalSigns) -> str | None:
    kind, lag = max(signs.watch_lag_seconds.items(), key=lambda item: item[1], default=("", 0.0))
    return f"the watch of {kind} is {lag:.0f} s behind" if lag > MAX_WATCH_LAG_SECONDS else None
