"""Counting answered rows into the cells of a profile: those of many requests at once, column by column.

    Batcher: answers of a batch ─> read (what tokens must hold) ─> replies ··· many rows later, or asked ─> count

Nothing here waits or raises for what a client sends. Counts are cumulative since the process started.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

from leeboard_runtime import measures
from leeboard_runtime.cells import MISSING
from leeboard_runtime.channels import Profile, Role
from leeboard_runtime.counting_plan import Plan, counters_of, plan_of
from leeboard_runtime.packed import Packed
from leeboard_runtime.predictions import PredictionCounter, Predictions
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.signature import Description
from leeboard_runtime.slices import SliceCounter, Slices
from leeboard_runtime.sources import layout_of

ROWS_OF_A_REQUEST = 4096
VALUES_OF_A_REQUEST = 1 << 18
PLANS = 256  # clients choose which optional columns they leave out


class Read(NamedTuple):
    """Answered requests that leave the same columns out; what a token needs has been looked up, row by row.

    ``rows`` of theirs are counted, at most ``limit`` of each request, ``skipped`` are not; ``at`` is Unix time.
    """

    requests: Sequence[Packed]
    at: float
    plan: Plan
    limit: int
    rows: int
    skipped: int
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
        width = len(layout.columns) + measures.PROJECTIONS * elements
        self._limit = min(ROWS_OF_A_REQUEST, max(1, VALUES_OF_A_REQUEST // max(1, width)))
        self.rows = 0
        self.skipped = 0

    def read(self, requests: Sequence[Packed], tensors: Sequence[OutputTensor], at: float) -> Read:
        """Look up requests that were answered in one call of the model with ``tensors``; nothing is counted yet."""
        absent = requests[0].key.absent
        plan = self._plans.get(absent)
        if plan is None:
            plan = self._planned(absent)
        limit = self._limit
        sizes = [request.rows for request in requests]
        given = rows = sum(sizes)
        if max(sizes) > limit:
            tensors = [tensor._replace(data=_first(tensor.data, sizes, limit)) for tensor in tensors]
            rows = sum(min(size, limit) for size in sizes)
        predictions = self._predictions.judge(tensors, rows)
        segments: list[Sequence[int]] = []
        groups: list[Sequence[int]] = []
        if self._sliced:
            segments = [one.find(plan.layout, requests, limit) for one in self.segments]
            groups = [one.find(plan.layout, requests, limit) for one in self.groups]
        return Read(requests, at, plan, limit, rows, given - rows, predictions, segments, groups)

    def _planned(self, absent: tuple[int, ...]) -> Plan:
        if len(self._plans) >= PLANS:
            self._plans.clear()
        plan = self._plans[absent] = plan_of(layout_of(self._description, absent), self.profile, self.counters)
        return plan

    def count(self, reads: Sequence[Read]) -> None:
        """Count answered requests, those that leave the same columns out together."""
        by_plan: dict[int, list[Read]] = {}
        for read in reads:
            by_plan.setdefault(id(read.plan), []).append(read)
        for some in by_plan.values():
            self._count_rows(some)
        self._predictions.count([read.predictions for read in reads])
        if self._sliced:
            for read in reads:
                for counter, found in zip((*self.segments, *self.groups), (*read.segments, *read.groups), strict=True):
                    counter.count(found, read.predictions)
        self.rows += sum(read.rows for read in reads)
        self.skipped += sum(read.skipped for read in reads)

    def _count_rows(self, reads: Sequence[Read]) -> None:
        """Count what is of one plan."""
        plan = reads[0].plan
        requests = [request for read in reads for request in read.requests]
        times = list(chain.from_iterable(repeat(read.at, read.rows) for read in reads))
        for block, columns, arrays in plan.parts:
            source, width = plan.layout.source(block, requests, self._limit), plan.layout.widths[block]
            for position, counter in columns:
                counter.count(source[position::width], times)
            for array in arrays:
                array.count([source[start : start + width] for start in range(0, len(source), width)], times)
        for feature in plan.missing:
            self._missing[feature] += len(times)

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


def _first(data: list[Any], sizes: Sequence[int], limit: int) -> list[Any]:
    """What the first ``limit`` rows of each request were answered; ``sizes`` are the requests' rows."""
    stride = len(data) // sum(sizes)
    found: list[Any] = []
    start = 0
    for size in sizes:
        found += data[start : start + min(size, limit) * stride]
        start += size * stride
    return found
