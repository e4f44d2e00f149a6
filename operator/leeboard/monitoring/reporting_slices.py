"""Segments and groups as they are reported: by the names that are declared, unless the profile hides the input's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leeboard.api import monitoring_status as told
from leeboard.monitoring.drift.segments import SegmentFinding
from leeboard.monitoring.drift.verdict import Standing
from leeboard.monitoring.fairness import Estimate, GroupFinding
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.slices import SliceKey, redacted_name

SEGMENT_STANDINGS = {
    Standing.STABLE: told.SegmentStanding.STABLE,
    Standing.WARNED: told.SegmentStanding.WARNED,
    Standing.DRIFTED: told.SegmentStanding.DRIFTED,
    Standing.TOO_FEW_ROWS: told.SegmentStanding.TOO_FEW_ROWS,
    Standing.REFERENCE_TOO_SMALL: told.SegmentStanding.REFERENCE_TOO_SMALL,
    Standing.ONE_CELL: told.SegmentStanding.ONE_CELL,
    None: told.SegmentStanding.NO_REFERENCE,
}


def segments_of(findings: Iterable[SegmentFinding], profile: Profile) -> Iterator[told.SegmentStatus]:
    """In the order of the declaration."""
    findings = tuple(findings)
    names = _Names(profile, [one.key for one in findings])
    for one in findings:
        is_there, name = names.of(one.key)
        yield told.SegmentStatus(
            **name,
            standing=SEGMENT_STANDINGS[one.standing] if is_there else told.SegmentStanding.NO_SUCH_INPUT,
            rows=one.rows,
            psi=None if one.size is None else f"{one.size:.4f}",
        )


def groups_of(findings: Iterable[GroupFinding], profile: Profile) -> Iterator[told.GroupStatus]:
    """In the order of the declaration."""
    findings = tuple(findings)
    names = _Names(profile, [one.key for one in findings])
    for one in findings:
        is_there, name = names.of(one.key)
        standing = told.GroupStanding(one.standing.value) if is_there else told.GroupStanding.NO_SUCH_INPUT
        yield told.GroupStatus(
            **name,
            standing=standing,
            rows=one.rows,
            rate=_estimate(one.rate),
            usual=None if one.usual is None else f"{one.usual:.4f}",
            difference=_estimate(one.difference),
            ratio=_estimate(one.ratio),
        )


class _Names:
    """How an input and its values are called. Of a redacted one only the place of the value is told."""

    def __init__(self, profile: Profile, keys: list[SliceKey]) -> None:
        self._features = frozenset(profile.features)
        self._columns: dict[str, list[str]] = {}
        for key in keys:
            self._columns.setdefault(key.column, []).append(key.value)

    def of(self, key: SliceKey) -> tuple[bool, dict[str, str]]:
        """Whether the model has the input, and its names."""
        hidden = redacted_name(key.column)
        if hidden in self._features:
            return True, {"column": hidden, "value": f"value-{self._columns[key.column].index(key.value) + 1}"}
        return key.column in self._features, {"column": key.column, "value": key.value}


def _estimate(estimate: Estimate | None) -> tuple[str, ...] | None:
    if estimate is None:
        return None
    return tuple(f"{number:.4f}" for number in (estimate.value, estimate.low, estimate.high))
