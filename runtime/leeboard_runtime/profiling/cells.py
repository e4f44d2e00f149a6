"""Channels: one question each about a row, and the cells that its answers are counted in.

A number x is in cell ``bisect_right(edges, x)``; a text is in the cell of its value, else in one of the hash buckets
behind those. Edges and values are frozen on the reference; the outer edges are infinite.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leeboard_runtime.frames import Array
from leeboard_runtime.measures import hash_bucket, value_hash

CELLS = 10
TOP = 20
BUCKETS = 16
SEEN_OFTEN = 20
"""A value that was seen fewer times is nobody's business: it is hashed into a bucket."""
MAX_KNOWN = 1000
HOURS = tuple(float(hour) for hour in range(6, 168, 6))
BOOLEANS = ("false", "true")
NOT_COUNTED = -1


@dataclass(frozen=True, slots=True)
class Channel:
    """One question. ``known`` are the hashes of the reference's values where their set is closed."""

    name: str
    role: str
    measure: str
    feature: int | None = None
    edges: tuple[float, ...] | None = None
    values: tuple[str, ...] | None = None
    hashed: int = 0
    known: tuple[str, ...] | None = None

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return len(self.values) + self.hashed if self.values is not None else len(self.edges or ()) + 1

    def of_numbers(self, numbers: Array) -> Array:
        """The cell of each number, NOT_COUNTED for NaN and infinities. [rows] of int64."""
        found = np.searchsorted(np.asarray(self.edges or (), dtype=np.float64), numbers, side="right").astype(np.int64)
        return np.where(np.isfinite(numbers), found, NOT_COUNTED)

    def of_texts(self, texts: Sequence[str | None]) -> Array:
        """The cell of each text, NOT_COUNTED for None. [rows] of int64."""
        place = {value: index for index, value in enumerate(self.values or ())}
        cells = {text: place[text] if text in place else self._bucket(text) for text in set(texts) if text is not None}
        return np.fromiter((NOT_COUNTED if text is None else cells[text] for text in texts), np.int64, len(texts))

    def _bucket(self, text: str) -> int:
        return len(self.values or ()) + hash_bucket(text, self.hashed) if self.hashed else NOT_COUNTED

    def document(self) -> dict[str, Any]:
        """As the profile shows it."""
        return {
            "name": self.name,
            "role": self.role,
            "feature": self.feature,
            "measure": self.measure,
            "edges": None if self.edges is None else list(self.edges),
            "values": None if self.values is None else list(self.values),
            "hashed": self.hashed,
            "closed": self.known is not None,
        }


def edges_of(numbers: Array) -> tuple[float, ...]:
    """Inner edges of at most ten cells at the deciles of the finite ``numbers``, ascending and unique.

    A value that covers several deciles gets a cell of its own, so that an indicator with 3 % of ones, or a sum that is
    mostly zero, is not one cell. A constant gets cells below and above.
    """
    finite = np.sort(numbers[np.isfinite(numbers)].astype(np.float64))
    if not len(finite):
        return ()
    lowest = float(finite[0])
    if lowest == float(finite[-1]):
        return (lowest, math.nextafter(lowest, math.inf))
    # Every edge is a value of the reference, whatever library computes it.
    deciles = [float(finite[len(finite) * part // CELLS]) for part in range(1, CELLS)]
    edges = set(deciles)
    for value in (value for value, times in Counter(deciles).items() if times > 1):
        above = int(np.searchsorted(finite, value, side="right"))
        if above < len(finite):
            edges.add(float(finite[above]))
    return tuple(sorted(edge for edge in edges if edge > lowest))


def values_of(texts: Sequence[str | None]) -> tuple[str, ...]:
    """The most frequent values that were seen often enough, by frequency, then by text."""
    counted = Counter(text for text in texts if text is not None)
    often = [(text, times) for text, times in counted.items() if times >= SEEN_OFTEN]
    return tuple(text for text, _ in sorted(often, key=lambda item: (-item[1], item[0]))[:TOP])


def known_of(texts: Sequence[str | None]) -> tuple[str, ...] | None:
    """Hashes of all values, sorted; None where there are too many for "unseen" to mean anything."""
    distinct = {text for text in texts if text is not None}
    return None if len(distinct) > MAX_KNOWN else tuple(sorted(map(value_hash, distinct)))


def counted(cells: Array, channel: Channel) -> list[int]:
    """How many rows are in each cell."""
    found = np.bincount(cells[cells != NOT_COUNTED], minlength=channel.cells)
    return [int(count) for count in found]
