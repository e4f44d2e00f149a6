"""What is said about one window, and about a version over its last windows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Counts


class Outcome(StrEnum):
    """Of one window."""

    JUDGED = "Judged"
    INSUFFICIENT_DATA = "InsufficientData"
    NO_DATA = "NoData"


class Standing(IntEnum):
    """Of one channel or feature in one window; an unjudged one is not a stable one."""

    STABLE = 0
    WARNED = 1
    DRIFTED = 2
    TOO_FEW_ROWS = 3
    REFERENCE_TOO_SMALL = 4
    ONE_CELL = 5
    NOT_MONITORED = 6


UNKNOWN, CLEAN, DIFFERS = -1, 0, 1
"""Votes."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged(Arrays):
    """One window beside the reference.

    ``standing``, ``size`` (corrected PSI), ``p`` and ``needed`` (rows) are [channels]; ``features`` [features] is the
    worst standing of a feature's channels, ``feature_size`` the largest size; NaN is unknown. ``share`` is the
    importance of the drifted features (None: importances are unknown), ``prediction`` the standing of score and class.
    """

    outcome: Outcome
    rows: int
    standing: Counts
    size: Array
    p: Array
    limit: Array
    needed: Array
    features: Counts
    feature_size: Array
    share: float | None
    prediction: Standing

    def is_drifted(self) -> NDArray[np.bool_]:
        """By feature."""
        drifted: NDArray[np.bool_] = self.features == Standing.DRIFTED
        return drifted


def drifted_share(importance: Array, features: Counts) -> float | None:
    """Importance of the drifted ``features`` (standings), of all that is known: at least so much has drifted."""
    known = np.isfinite(importance)
    total = float(importance[known].sum())
    if total <= 0 or not (features[known] <= Standing.DRIFTED).any():
        return None
    return float(importance[known & (features == Standing.DRIFTED)].sum()) / total
