"""When a schedule is due: the last tick that has passed and was not run. Missed ticks are one.

Source: crontab(5) as Debian reads it, by cronsim; a time zone's change of the clock neither doubles nor loses a run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from leeboard.api.retraining import ScheduleTrigger


def name_of(trigger: ScheduleTrigger) -> str:
    """The schedule as the memory knows it: another time is another schedule."""
    return f"{trigger.cron} {trigger.time_zone}"


def fault_of(trigger: ScheduleTrigger) -> str | None:
    """Why a schedule can never be due; None when it can."""
    try:
        zone = ZoneInfo(trigger.time_zone)
    except (OSError, ValueError, LookupError):
        return f"timeZone {trigger.time_zone} is none of the IANA database"
    try:
        next(CronSim(trigger.cron, datetime(2000, 1, 1, tzinfo=zone)))
    except CronSimError as error:
        return f"cron {trigger.cron!r}: {error}"
    return None


def last_tick(trigger: ScheduleTrigger, *, after: datetime, now: datetime) -> datetime | None:
    """The latest tick later than ``after`` and not later than ``now``, in UTC; None when there was none.

    The schedule has no fault.
    """
    zone = ZoneInfo(trigger.time_zone)
    # Backwards, the first tick is strictly before the start: from the next one on, so that one at this minute counts.
    upcoming = next(CronSim(trigger.cron, now.astimezone(zone)))
    tick = next(CronSim(trigger.cron, upcoming, reverse=True)).astimezone(UTC)
    return tick if after < tick <= now else None


def next_tick(trigger: ScheduleTrigger, *, now: datetime) -> datetime:
    """The first tick after ``now``, in UTC. The schedule has no fault."""
    return next(CronSim(trigger.cron, now.astimezone(ZoneInfo(trigger.time_zone)))).astimezone(UTC)
