"""What model servers counted into the cells of a version's profile, and the labels that came back to them.

Counters are cumulative since a process started, so that pods are merged by addition and a window is a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.slices import Slices

Counts = NDArray[np.int64]
QUALITY = ("missing", "null", "type", "nonFinite", "unseen", "outside")
"""What can be wrong with a value; the columns of ``Cells.quality`` and of the profile's."""
MAX_COUNT = 2**53
"""Beyond that numbers are no longer exact, and no server has counted so many."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells(Arrays):
    """Rows, how many of them fell into each cell, and how many values were wrong.

    ``counts`` is [channels, cells], padded with zeros to the widest channel; ``quality`` [features, 6] as in
    ``QUALITY``; ``skipped`` rows were answered and not counted; ``slices`` are parts that are counted apart as well.
    """

    rows: int
    counts: Counts
    quality: Counts
    skipped: int = 0
    slices: Slices = field(default_factory=Slices)

    def __add__(self, other: Cells) -> Cells:
        return Cells(
            self.rows + other.rows,
            self.counts + other.counts,
            self.quality + other.quality,
            self.skipped + other.skipped,
            self.slices + other.slices,
        )

    def __sub__(self, earlier: Cells) -> Cells:
        return Cells(
            self.rows - earlier.rows,
            self.counts - earlier.counts,
            self.quality - earlier.quality,
            self.skipped - earlier.skipped,
            self.slices - earlier.slices,
        )

    @property
    def is_sound(self) -> bool:
        """Whether these can be counts of one process: nothing below zero, no cell with more than all rows."""
        if min(self.rows, self.skipped) < 0 or self.rows > MAX_COUNT:
            return False
        if not self.slices.is_sound(self.rows):
            return False
        return all(values.size == 0 or 0 <= values.min() <= values.max() <= self.rows for values in self._arrays)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, cells, features."""
        return (*self.counts.shape, len(self.quality))

    @property
    def _arrays(self) -> tuple[Counts, Counts]:
        return self.counts, self.quality


def no_cells(channels: int, cells: int, features: int) -> Cells:
    """Nothing counted."""
    return Cells(0, np.zeros((channels, cells), np.int64), np.zeros((features, len(QUALITY)), np.int64))


@dataclass(frozen=True, slots=True)
class PodCells:
    """One pod's counters: cumulative since ``started``, which changes when its process does.

    ``profile`` is the digest of the profile whose cells these are.
    """

    pod: str
    revision: str
    started: str
    profile: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the labels of one process were read."""

    started: str
    position: int


@dataclass(frozen=True, slots=True)
class LabelEntry:
    """One label and what the prediction that it belongs to was.

    ``token`` is the token's hash (16 hexadecimal digits); ``at`` the prediction in Unix seconds; indexes are None where
    there is none; ``value`` is the prediction of a regression; ``label`` a class index, or a number for a regression.
    """

    sequence: int
    token: str
    at: int
    score_cell: int | None
    predicted: int | None
    value: float | None
    label: float
    segment: int | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What one process predicted in one cohort (by its start in Unix seconds): rows, and those by class."""

    rows: int
    classes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PodLabels:
    """One pod's labels since a cursor, and what it served by cohort, cumulative since ``started``. ``group`` is the
    column, and its values, that the groups of the entries are places in; None where it counts no groups.
    """

    pod: str
    revision: str
    started: str
    cursor: int
    entries: tuple[LabelEntry, ...] = ()
    served: Mapping[int, Served] = field(default_factory=dict)
    cohort_seconds: int = 3600
    forged: int = 0
    expired: int = 0
    group: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class PodReport:
    """One answer of a pod; ``labels`` is None when it was not asked for them, or takes none."""

    cells: PodCells
    labels: PodLabels | None = None


def divided(values: Array, by: Array) -> Array:
    """Quotients; NaN where the divisor is not above zero."""
    quotient: Array = np.divide(values, by, out=np.full(np.broadcast(values, by).shape, np.nan), where=by > 0)
    return quotient
