"""Counters of one feature: every value goes into one cell of each of its channels, or into one kind of quality.

    quality   missing     the request left the column out
              null        null, NaN, NaT
              type        a value of which the profile's kind can make nothing
              nonFinite   an infinity
              unseen      a text that a closed channel does not know
              outside     a number outside the limits

Numbers are found by bisection among limits and edges together, so that no value is asked whether it is odd.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import inf, isfinite, nextafter
from typing import Any, Protocol

from leeboard_runtime import measures
from leeboard_runtime.channels import Channel, Feature, Measure

QUALITY = ("missing", "null", "type", "nonFinite", "unseen", "outside")
MISSING, NULL, TYPE, NON_FINITE, UNSEEN, OUTSIDE = range(6)
MEMORY = 4096
REMEMBERED_CHARACTERS = 256
EMPTY_EDGES = (0.5,)  # of Measure.EMPTY, whose cells are false and true

Value = Any
"""A value as it is packed: a number, 0, 1 or 2 for booleans, microseconds for dates, a text or None."""

TextOf = Callable[[Value], str | None]
"""The text of a packed value, None for null."""


class Counter(Protocol):
    """What counts one feature."""

    @property
    def quality(self) -> list[int]:
        """By kind."""

    def count(self, values: Sequence[Value], times: Sequence[float]) -> None:
        """Count these values, each answered at its Unix time."""

    def cells(self) -> list[list[int]]:
        """The counts by channel, in the order of the channels it was made of."""


class RangeCounter:
    """A number: its cell among the edges, unless it is outside the limits.

    ``bounds`` are the edges between the lowest and the number after the highest that is counted, so that every number
    has a place: those at both ends of ``counts`` are for what has no cell. NaN and infinities fall there too.
    """

    __slots__ = ("_odd", "bounds", "counts")

    def __init__(self, feature: Feature, channel: Channel) -> None:
        low, high = feature.limits or (-sys.float_info.max, sys.float_info.max)
        self.bounds = (low, *(channel.edges or ()), nextafter(high, inf))
        self.counts = [0] * (len(self.bounds) + 1)
        self._odd = [0] * len(QUALITY)

    def count(self, values: Sequence[Value], times: Sequence[float]) -> None:  # noqa: ARG002
        """Count numbers; NaN is null."""
        bounds, counts = self.bounds, self.counts
        before = counts[0] + counts[-1]
        for value in values:
            counts[bisect_right(bounds, value)] += 1
        if counts[0] + counts[-1] > before:  # what is no number is at one of the ends
            for value in values:
                if not isfinite(value):
                    self._odd[NULL if value != value else NON_FINITE] += 1  # noqa: PLR0124 - NaN alone is not itself

    @property
    def quality(self) -> list[int]:
        """What is at both ends and finite is outside."""
        found = list(self._odd)
        found[OUTSIDE] = self.counts[0] + self.counts[-1] - sum(found)
        return found

    def cells(self) -> list[list[int]]:
        """One channel."""
        return [self.counts[1:-1]]


class CategoryCounter:
    """A text: its own cell, a hashed one, or unseen; what a value came to is remembered, up to MEMORY of them."""

    __slots__ = ("_buckets", "_channel", "_counts", "_slots", "_text_of", "quality")

    def __init__(self, channel: Channel, text_of: TextOf) -> None:
        self._channel = channel
        self._text_of = text_of
        self._counts = [0] * channel.cells
        self._slots = {value: index for index, value in enumerate(channel.values)}
        self._buckets: dict[Value, int] = {}
        self.quality = [0] * len(QUALITY)

    def count(self, values: Sequence[Value], times: Sequence[float]) -> None:  # noqa: ARG002
        """Count categories."""
        remembered, counts = self._buckets, self._counts
        for value in values:
            cell = remembered.get(value)
            if cell is None:
                cell = self._looked_up(value)
            if cell >= 0:
                counts[cell] += 1
            else:
                self.quality[-cell] += 1

    def _looked_up(self, value: Value) -> int:
        """The cell of a value, or the negative number of a kind of quality."""
        text = self._text_of(value)
        if text is None:
            return -NULL
        if isinstance(value, float) and not isfinite(value):
            return -NON_FINITE
        cell = self._cell(text)
        if len(text) <= REMEMBERED_CHARACTERS:
            if len(self._buckets) >= MEMORY:
                self._buckets.clear()
            self._buckets[value] = cell
        return cell

    def _cell(self, text: str) -> int:
        channel = self._channel
        own = self._slots.get(text)
        if own is not None:
            return own
        if not channel.hashed or (channel.closed and measures.value_hash(text) not in channel.known):
            return -UNSEEN
        return len(channel.values) + measures.hash_bucket(text, channel.hashed)

    def cells(self) -> list[list[int]]:
        """One channel."""
        return [self._counts]


class NumbersCounter:
    """Several numbers made of one value, each with a channel of its own; ``read`` says which, None for null."""

    __slots__ = ("_channels", "_fault", "_read", "quality")

    def __init__(
        self,
        channels: Sequence[Channel],
        makers: dict[Measure, Callable[[Any, float], float]],
        *,
        read: Callable[[Value], Any],
        fault: Callable[[Value], int],
    ) -> None:
        self._channels = [(makers[c.measure], c.edges or EMPTY_EDGES, [0] * c.cells) for c in channels]
        self._read = read
        self._fault = fault
        self.quality = [0] * len(QUALITY)

    def count(self, values: Sequence[Value], times: Sequence[float]) -> None:
        """Count values; ``fault`` says of which kind what cannot be read is."""
        for value, now in zip(values, times, strict=True):
            known = self._read(value)
            if known is None:
                self.quality[self._fault(value)] += 1
                continue
            for make, edges, counts in self._channels:
                counts[bisect_right(edges, make(known, now))] += 1

    def cells(self) -> list[list[int]]:
        """By channel."""
        return [counts for _, _, counts in self._channels]


class UnreadableCounter:
    """Values of which the profile's kind can make nothing, of the kind ``fault`` if any; its cells stay empty."""

    __slots__ = ("_channels", "_fault", "_is_null", "quality")

    def __init__(
        self, channels: Sequence[Channel], is_null: Callable[[Value], bool], *, fault: int | None = TYPE
    ) -> None:
        self._channels = [[0] * channel.cells for channel in channels]
        self._is_null = is_null
        self._fault = fault
        self.quality = [0] * len(QUALITY)

    def count(self, values: Sequence[Value], times: Sequence[float]) -> None:  # noqa: ARG002
        """Count nulls as that."""
        nulls = sum(map(self._is_null, values))
        self.quality[NULL] += nulls
        if self._fault is not None:
            self.quality[self._fault] += len(values) - nulls

    def cells(self) -> list[list[int]]:
        """Zeros."""
        return self._channels
