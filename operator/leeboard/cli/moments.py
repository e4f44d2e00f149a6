"""Times and durations in words of people."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86400
UNKNOWN = "unknown"


def moment_of(text: str) -> datetime | None:
    """A moment as Kubernetes writes it; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def span(seconds: float) -> str:
    """``45s``, ``7m20s``, ``3h10m``, ``12d``: two units at most."""
    whole = int(max(seconds, 0))
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{_part(whole % MINUTE, 's')}"
    if whole < 2 * DAY:
        return f"{whole // HOUR}h{_part(whole % HOUR // MINUTE, 'm')}"
    return f"{whole // DAY}d"


def _part(number: int, unit: str) -> str:
    return f"{number}{unit}" if number else ""


def ago(text: str, now: datetime) -> str:
    """``7m20s ago``."""
    moment = moment_of(text)
    return f"{span((now - moment).total_seconds())} ago" if moment else UNKNOWN


def age(text: str, now: datetime) -> str:
    """``7m20s``."""
    return ago(text, now).removesuffix(" ago")


def until(text: str, now: datetime) -> str:
    """``in 7m20s``, or since when it is over."""
    moment = moment_of(text)
    if moment is None:
        return UNKNOWN
    left = (moment - now).total_seconds()
    return f"in {span(left)}" if left > 0 else f"since {span(-left)}"
