"""How far a version's features were from the reference in its last windows, for people who look at a curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Counts
from leeboard.monitoring.drift.verdict import Judged, Standing

WINDOWS = 12
MOST_FEATURES = 200
"""Of a version with more nothing is kept: the curves of all versions of a service stay below 30 KiB."""
_UNIT, _MOST = 1000, 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Trail(Arrays):
    """``sizes`` [windows, features], the newest last: thousandths of corrected PSI and one more, 0 where unknown."""

    sizes: Counts


def followed(trail: Trail | None, judged: Judged) -> Trail | None:
    """With one window more."""
    features = len(judged.features)
    if features > MOST_FEATURES:
        return None
    is_known = np.isfinite(judged.feature_size) & (judged.features <= Standing.DRIFTED)
    sizes: Array = np.clip(np.round(np.where(is_known, judged.feature_size, 0.0) * _UNIT), 0, _MOST)
    before = np.zeros((0, features), np.int64) if trail is None else trail.sizes
    return Trail(np.vstack((before, np.where(is_known, sizes + 1, 0).astype(np.int64)[None]))[-WINDOWS:])


def figures(trail: Trail | None, feature: int) -> tuple[str, ...]:
    """One feature's sizes as text, empty where unknown."""
    if trail is None:
        return ()
    return tuple(f"{(value - 1) / _UNIT:.3f}" if value else "" for value in map(int, trail.sizes[:, feature]))
