"""Segments and protected groups of a service, one row each. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.api.monitoring_status import Groups, GroupStatus, SegmentStatus

FOUR_FIFTHS = 0.8


def segments_of(status: InferenceServiceStatus, name: str) -> Iterator[tuple[str, ...]]:
    """Those of the input ``name``, or the one of that value."""
    for one in _segments(status):
        if name in {one.column, one.value}:
            yield (one.column, one.value, one.standing, str(one.rows), one.psi or "unknown")


def names_of(status: InferenceServiceStatus) -> tuple[str, ...]:
    """The inputs by which there are segments."""
    return tuple(dict.fromkeys(one.column for one in _segments(status)))


def groups_of(status: InferenceServiceStatus) -> Iterator[tuple[str, ...]]:
    """The favourable answers of the last window, then, by labels, those of the rows that deserved it."""
    if status.drift is not None:
        yield from _groups(status.drift.groups, "favourable answers")
    if status.performance is not None:
        yield from _groups(status.performance.groups, "true positives")


def _segments(status: InferenceServiceStatus) -> tuple[SegmentStatus, ...]:
    return () if status.drift is None else status.drift.segments


def _groups(groups: Groups, of: str) -> Iterator[tuple[str, ...]]:
    for one in groups:
        numbers = (_interval(one.rate), one.usual or "unknown", _interval(one.difference), _ratio(one))
        yield (of, one.column, one.value, one.standing, str(one.rows), *numbers)


def _interval(estimate: tuple[str, ...] | None) -> str:
    if estimate is None:
        return "unknown"
    value, low, high = estimate
    return f"{value} ({low} to {high})"


def _ratio(group: GroupStatus) -> str:
    """With a mark where the number is below four fifths, whatever the interval."""
    said = _interval(group.ratio)
    return f"{said} <4/5" if group.ratio is not None and float(group.ratio[0]) < FOUR_FIFTHS else said
