"""The answers for each declared segment beside the reference's rows of the same segment.

The steps are those of whole versions: corrected PSI of score and classes, its significance with the rate of false
discoveries held over all segments' answers together (one family), a least size. A segment is told; only the version as
a whole is trained again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.cells import Cells, Counts
from leeboard.monitoring.drift.calibration import Calibration
from leeboard.monitoring.drift.comparison import Comparison, compared
from leeboard.monitoring.drift.discoveries import discovered
from leeboard.monitoring.drift.samples import needed
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.drift.verdict import Standing
from leeboard.monitoring.profile import Profile, Role
from leeboard.monitoring.slices import ROWS, SliceKey, SliceKind, Slices

_OF_WORST = {
    Standing.DRIFTED: 6,
    Standing.WARNED: 5,
    Standing.TOO_FEW_ROWS: 4,
    Standing.REFERENCE_TOO_SMALL: 3,
    Standing.STABLE: 2,
    Standing.ONE_CELL: 1,
}
"""A segment is stable when all of its answers are: score and classes need different numbers of rows."""


@dataclass(frozen=True, slots=True)
class SegmentFinding:
    """``standing`` is the worse one of score and classes, None where the reference has no such rows; ``size`` the
    larger corrected PSI of those that were judged, None where none was.
    """

    key: SliceKey
    rows: int
    standing: Standing | None
    size: float | None


def judge_segments(
    profile: Profile, window: Cells, *, calibration: Calibration, settings: Settings
) -> tuple[SegmentFinding, ...]:
    """One finding for each declared segment, in the order of the declaration. ``calibration`` is the window's own."""
    keys = tuple(key for key in settings.slices if key.kind is SliceKind.SEGMENT)
    channels = [place for role in (Role.SCORE, Role.CLASS) if (place := profile.place_of(role)) is not None]
    known = [key for key in keys if key in profile.slices.keys]
    if not known or not channels:
        return tuple(SegmentFinding(key, _rows(window.slices, key), None, None) for key in keys)
    phi, limit = (np.tile(values[channels], len(known)) for values in (calibration.phi, calibration.limit))
    comparison = compared(_stacked(profile, profile.slices, known), _stacked(profile, window.slices, known), phi)
    standing = _standings(comparison, phi, limit, settings=settings)
    sizes = np.where(standing <= Standing.DRIFTED, comparison.size, np.nan)
    by_key = standing.reshape(len(known), -1), sizes.reshape(len(known), -1)
    found = {key: (_worst(by_key[0][place]), _largest(by_key[1][place])) for place, key in enumerate(known)}
    return tuple(SegmentFinding(key, _rows(window.slices, key), *found.get(key, (None, None))) for key in keys)


def _rows(slices: Slices, key: SliceKey) -> int:
    row = slices.row(key)
    return int(row[ROWS]) if len(row) else 0


def _stacked(profile: Profile, slices: Slices, keys: Sequence[SliceKey]) -> Counts:
    """Score and classes of each segment below each other; [segments x channels, cells]."""
    scores, classes = profile.answers
    table = slices.aligned(keys, 1 + scores + classes)
    parts = [part for part in (table[:, 1 : 1 + scores], table[:, 1 + scores :]) if part.shape[1]]
    width = max(part.shape[1] for part in parts)
    stacked = np.zeros((len(keys), len(parts), width), np.int64)
    for place, part in enumerate(parts):
        stacked[:, place, : part.shape[1]] = part
    return stacked.reshape(-1, width)


def _standings(
    comparison: Comparison, phi: NDArray[np.float64], limit: NDArray[np.float64], *, settings: Settings
) -> Counts:
    rows = needed(
        comparison.cells.astype(np.float64), comparison.reference, phi, most_bias=np.full(len(phi), settings.most_bias)
    )
    standing = np.full(len(phi), int(Standing.STABLE), np.int64)
    standing[comparison.window < rows] = Standing.TOO_FEW_ROWS
    standing[np.isinf(rows)] = Standing.REFERENCE_TOO_SMALL
    standing[(comparison.cells < 2) & (comparison.window > 0)] = Standing.ONE_CELL  # noqa: PLR2004 - a distance needs two
    standing[comparison.window == 0] = Standing.TOO_FEW_ROWS
    p = np.where(standing == Standing.STABLE, comparison.p, np.nan)
    rate = np.full(len(phi), settings.false_discovery_rate)
    differs = discovered(p, np.zeros(len(phi), np.int64), rate=rate)
    standing[differs & (comparison.size >= np.maximum(settings.warn_size, limit))] = Standing.WARNED
    standing[differs & (comparison.size >= np.maximum(settings.drift_size, limit))] = Standing.DRIFTED
    return standing


def _worst(standings: Counts) -> Standing:
    return max((Standing(int(one)) for one in standings), key=lambda one: _OF_WORST[one])


def _largest(sizes: NDArray[np.float64]) -> float | None:
    known = sizes[np.isfinite(sizes)]
    return float(known.max()) if len(known) else None
