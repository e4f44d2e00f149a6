"""Windows of one version judged one after another, as the operator does it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from leeboard.monitoring.cells import Cells
from leeboard.monitoring.drift import (
    DEFAULTS,
    Case,
    Judged,
    Ruling,
    Settings,
    Votes,
    calibrated,
    judge_all,
    no_votes,
    ruled,
    voted,
)
from tests.support.profiles import Reference

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def judged(reference: Reference, windows: list[Cells], settings: Settings = DEFAULTS) -> list[Judged]:
    """Each window beside the reference."""
    profile, calibrations = reference.profile, {}
    for rows in {one.rows for one in windows}:
        calibrations[rows] = calibrated(profile, rows)
    return judge_all([Case(profile, calibrations[one.rows], one, settings) for one in windows])


def rulings(
    reference: Reference, windows: list[Cells], settings: Settings = DEFAULTS
) -> Iterator[tuple[Votes, Ruling]]:
    """Votes and verdict after each of the windows, one an hour."""
    votes = no_votes(reference.profile)
    for place, one in enumerate(judged(reference, windows, settings)):
        opened = NOON + timedelta(hours=place)
        votes = voted(votes, one, reference.profile, opened=opened, settings=settings)
        yield votes, ruled(votes, one, reference.profile)
