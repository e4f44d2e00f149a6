"""Parts of the traffic that are declared: segments, and protected groups. Their counters add up like all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Arrays

_Counts = NDArray[np.int64]
ROWS = 0
"""The column of ``Slices.counts`` that holds the rows."""


class SliceKind(StrEnum):
    """What a part is declared for."""

    SEGMENT = "Segment"
    GROUP = "Group"


@dataclass(frozen=True, slots=True, order=True)
class SliceKey:
    """Rows whose input ``column`` has that value."""

    kind: SliceKind
    column: str
    value: str


def _nothing() -> _Counts:
    return np.zeros((0, 0), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Slices(Arrays):
    """``counts`` [keys, 1 + score cells + classes]: rows, then rows by score cell, then by class; groups have no score.

    Keys ascend, and none is without rows: what was never seen and what nobody counted are not told apart here.
    """

    keys: tuple[SliceKey, ...] = ()
    counts: _Counts = field(default_factory=_nothing)

    def __add__(self, other: Slices) -> Slices:
        return self._joined(other, np.add)

    def __sub__(self, earlier: Slices) -> Slices:
        return self._joined(earlier, np.subtract)

    def row(self, key: SliceKey) -> _Counts:
        """The counts of one part, zeros of nothing where there are none; [1 + score cells + classes]."""
        empty: _Counts = np.zeros(self.counts.shape[1], np.int64)
        return self.counts[self.keys.index(key)] if key in self.keys else empty

    def aligned(self, keys: Sequence[SliceKey], width: int) -> _Counts:
        """The counts of these keys in their order, zeros where there are none; [keys, width]."""
        table = np.zeros((len(keys), width), np.int64)
        place = {key: index for index, key in enumerate(self.keys)}
        for index, key in enumerate(keys):
            if key in place:
                table[index, : self.counts.shape[1]] = self.counts[place[key]]
        return table

    def is_sound(self, rows: int) -> bool:
        """Whether these can be parts of so many rows: every row is in one part of a column at most."""
        if not self.keys:
            return True
        own = self.counts[:, ROWS]
        if self.counts.min() < 0 or bool((self.counts > own[:, None]).any()):
            return False
        together: dict[tuple[SliceKind, str], int] = {}
        for key, count in zip(self.keys, own, strict=True):
            together[key.kind, key.column] = together.get((key.kind, key.column), 0) + int(count)
        return max(together.values()) <= rows

    def _joined(self, other: Slices, combine: Callable[[_Counts, _Counts], _Counts]) -> Slices:
        if not self.keys and not other.keys:
            return self
        width = max(self.counts.shape[1], other.counts.shape[1])
        keys = self.keys if self.keys == other.keys else tuple(sorted({*self.keys, *other.keys}))
        return slices_of(keys, combine(self.aligned(keys, width), other.aligned(keys, width)))


def slices_of(keys: Sequence[SliceKey], counts: _Counts) -> Slices:
    """The parts that have rows, in order; ``counts`` [keys, ...] is in the order of ``keys``."""
    kept = sorted((key, place) for place, key in enumerate(keys) if counts[place].any())
    return Slices(tuple(key for key, _ in kept), counts[[place for _, place in kept]]) if kept else NO_SLICES


NO_SLICES = Slices()


def redacted_name(name: str) -> str:
    """What a profile calls an input whose name it may not hold; the profile's builder says the same."""
    return "redacted-" + blake2b(name.encode(errors="surrogatepass"), digest_size=4).hexdigest()
