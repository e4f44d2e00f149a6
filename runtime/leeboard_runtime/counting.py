"""Counting answered rows into the cells of a profile: a request's blocks are unpacked once, its columns passed once.

    Front: reply parsed ─> read (what a token must hold) ─> reply sent ─> count

Nothing here waits or raises for what a client sends. Counts are cumulative since the process started.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from leeboard_runtime import measures
from leeboard_runtime.cells import MISSING
from leeboard_runtime.channels import Profile, Role
from leeboard_runtime.counting_plan import Plan, counters_of, plan_of
from leeboard_runtime.packed import Packed
from leeboard_runtime.predictions import PredictionCounter, Predictions
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.signature import Description
from leeboard_runtime.slices import SliceCounter, Slices
from leeboard_runtime.sources import Source, layout_of

ROWS_OF_A_REQUEST = 4096
VALUES_OF_A_REQUEST = 1 << 18
PLANS = 256  # clients choose which optional columns they leave out


class Read(NamedTuple):
    """An answered request: ``limit`` of its rows are counted; what a token needs has been looked up."""

    packed: Packed
    limit: int
    plan: Plan
    sources: list[Source]
    predictions: Predictions
    segments: Sequence[Sequence[int]]
    groups: Sequence[Sequence[int]]


class CellCounts:
    """The cells of one profile for one model; lives on the event loop."""

    def __init__(
        self,
        profile: Profile,
        description: Description,
        *,
        segments: Sequence[Slices] = (),
        groups: Sequence[Slices] = (),
    ) -> None:
        self.profile = profile
        self._description = description
        layout = layout_of(description)
        self.counters = counters_of(profile, layout)
        self._missing = [0] * len(profile.features)
        self._predictions = PredictionCounter(profile)
        scores = None if profile.index_of(Role.SCORE) is None else len(self._predictions.scores)
        classes = None if profile.index_of(Role.CLASS) is None else len(profile.classes)
        self.segments = [SliceCounter(one, scores=scores, classes=classes) for one in segments]
        self.groups = [SliceCounter(one, scores=None, classes=classes) for one in groups]
        self._sliced = bool(self.segments or self.groups)
        self.unknown_columns = [one.column for one in (*segments, *groups) if one.column not in layout.columns]
        self._plans: dict[tuple[int, ...], Plan] = {}
        elements = sum(tensor.elements for tensor in layout.tensors.values())
        self._width = len(layout.columns) + measures.PROJECTIONS * elements
        self.rows = 0
        self.skipped = 0

    def read(self, packed: Packed, tensors: Sequence[OutputTensor]) -> Read:
        """Look an answered request up; nothing is counted yet."""
        plan = self._plans.get(packed.key.absent)
        if plan is None:
            plan = self._planned(packed.key.absent)
        rows = packed.rows
        limit = rows if rows == 1 else min(rows, ROWS_OF_A_REQUEST, max(1, VALUES_OF_A_REQUEST // self._width))
        if limit < rows:
            tensors = [t._replace(data=t.data[: len(t.data) // rows * limit]) for t in tensors]
        sources = plan.layout.sources(packed)
        predictions = self._predictions.judge(tensors, limit)
        if not self._sliced:
            return Read(packed, limit, plan, sources, predictions, (), ())
        size = (limit, rows)
        segments = [one.find(plan.layout, sources, size) for one in self.segments]
        groups = [one.find(plan.layout, sources, size) for one in self.groups]
        return Read(packed, limit, plan, sources, predictions, segments, groups)

    def _planned(self, absent: tuple[int, ...]) -> Plan:
        if len(self._plans) >= PLANS:
            self._plans.clear()
        plan = self._plans[absent] = plan_of(layout_of(self._description, absent), self.profile, self.counters)
        return plan

    def count(self, read: Read, now: float) -> None:
        """Count a request once its answer has been sent; ``now`` is Unix time."""
        if read.packed.rows == 1:
            self._count_row(read, now)
        else:
            self._count_rows(read, now)
        for feature in read.plan.missing:
            self._missing[feature] += read.limit
        self._predictions.count(read.predictions)
        if self._sliced:
            for counter, found in zip((*self.segments, *self.groups), (*read.segments, *read.groups), strict=True):
                counter.count(found, read.predictions)
        self.rows += read.limit
        self.skipped += read.packed.rows - read.limit

    def _count_row(self, read: Read, now: float) -> None:
        plan, sources = read.plan, read.sources
        for block, ranges in plan.ranges:
            row = ranges.pick(sources[block])
            for value, bounds, counts in zip(row, ranges.bounds, ranges.counts):  # noqa: B905 - a row may be longer
                counts[bisect_right(bounds, value)] += 1
            if not isfinite(sum(row)):
                for value, counter in zip(row, ranges.counters):  # noqa: B905
                    counter.odd(value)
        for block, position, other in plan.others:
            other.count((sources[block][position],), now)
        for block, _, array in plan.arrays:
            array.count((sources[block],), now)

    def _count_rows(self, read: Read, now: float) -> None:
        plan, sources, rows, limit = read.plan, read.sources, read.packed.rows, read.limit
        for block, ranges in plan.ranges:
            for position, counter in zip(ranges.positions, ranges.counters, strict=True):
                counter.count(sources[block][position * rows : position * rows + limit], now)
        for block, position, other in plan.others:
            other.count(sources[block][position * rows : position * rows + limit], now)
        for block, elements, array in plan.arrays:
            source = sources[block]
            array.count([source[row * elements : (row + 1) * elements] for row in range(limit)], now)

    def counts(self) -> list[list[int]]:
        """By channel and cell."""
        of_features = [iter(counter.cells()) for counter in self.counters]
        found = []
        for channel in self.profile.channels:
            if channel.feature is not None:
                found.append(next(of_features[channel.feature]))
            else:
                found.append(self._predictions.scores if channel.role is Role.SCORE else self._predictions.classes)
        return found

    def quality(self) -> list[list[int]]:
        """By feature, in the order of QUALITY."""
        return [
            [missing, *counter.quality[MISSING + 1 :]]
            for missing, counter in zip(self._missing, self.counters, strict=True)
        ]
