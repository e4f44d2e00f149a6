"""Times as Kubernetes writes them, and how long to wait before looking again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leeboard.api.conditions import timestamp

CACHE_RETRY = timedelta(seconds=2)
TRACKING_RETRY = timedelta(seconds=15)
LOG_PATIENCE = timedelta(seconds=60)  # how long a finished Job waits for its pod's last state and log


def since(moment: str, now: datetime) -> timedelta:
    """How long ago an RFC 3339 ``moment`` was; never negative, since two clocks may differ."""
    return max(now - datetime.fromisoformat(moment), timedelta(0))


def earlier(moment: str | None, fallback: datetime) -> str:
    """``moment`` as it is, or the time of the pass where Kubernetes names none."""
    return moment or timestamp(fallback)


def exact(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, where whole seconds are too coarse."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
