"""Declared segments and groups: a few named values of a column, for each of which predictions are counted apart."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, NoReturn

import orjson

from leeboard_runtime.counters import TEXT_OF
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.packed import Packed
from leeboard_runtime.predictions import Predictions
from leeboard_runtime.sources import Layout

MOST_COLUMNS = 4
MOST_VALUES = 8
NOWHERE = -1
MARKS = 31
"""As many as fit into a byte beside MOST_VALUES, with one byte left for NOWHERE."""


class Slices(NamedTuple):
    """A column and those of its values that are counted; every other value is counted nowhere."""

    column: str
    values: tuple[str, ...]


class Sealer:
    """Places of values in tokens. A token outlives the declaration that its places are of, so it carries five bits of
    that: under another declaration they are NOWHERE, but for one change in MARKS.
    """

    def __init__(self, slices: Sequence[Slices]) -> None:
        text = orjson.dumps([list(one) for one in slices[:1]])
        self._mark = int.from_bytes(blake2b(text, digest_size=4).digest()) % MARKS * MOST_VALUES

    def seal(self, place: int) -> int:
        """The byte for a place."""
        return place if place < 0 else self._mark + place

    def open(self, sealed: int) -> int:
        """The place that a byte stands for, NOWHERE if it is of another declaration."""
        place = sealed - self._mark
        return place if sealed >= 0 and 0 <= place < MOST_VALUES else NOWHERE


def parse_slices(option: str, text: str) -> tuple[Slices, ...]:
    """`[{"column": "region", "values": ["north", "south"]}]`. Raises PermanentFault naming the member that is wrong."""
    try:
        rows = orjson.loads(text or "[]")
    except orjson.JSONDecodeError as error:
        _refuse(option, f"not JSON: {error}")
    if type(rows) is not list or len(rows) > MOST_COLUMNS:
        _refuse(option, f"must be a list of at most {MOST_COLUMNS} columns")
    found = tuple(_parsed(f"{option}[{index}]", row) for index, row in enumerate(rows))
    if len({one.column for one in found}) < len(found):
        _refuse(option, "names a column twice")
    return found


def _parsed(where: str, row: Any) -> Slices:  # noqa: ANN401 - decoded JSON, checked here
    if type(row) is not dict or row.keys() != {"column", "values"}:
        _refuse(where, "must be an object of column and values")
    column, values = row["column"], row["values"]
    if type(column) is not str or not column:
        _refuse(f"{where}.column", "must be a column's name")
    if (
        type(values) is not list
        or not 0 < len(values) <= MOST_VALUES
        or any(type(value) is not str for value in values)
    ):
        _refuse(f"{where}.values", f"must be a list of 1 to {MOST_VALUES} texts")
    if len(set(values)) < len(values):
        _refuse(f"{where}.values", "names a value twice")
    return Slices(column, tuple(values))


class SliceCounter:
    """Counts one declared column; ``scores`` and ``classes`` are numbers of cells, None where there is no channel."""

    def __init__(self, slices: Slices, *, scores: int | None, classes: int | None) -> None:
        self.slices = slices
        self._index: dict[str | None, int] = {value: index for index, value in enumerate(slices.values)}
        self._rows = [0] * len(slices.values)
        self._scores = None if scores is None else [[0] * scores for _ in slices.values]
        self._classes = None if classes is None else [[0] * classes for _ in slices.values]

    def find(self, layout: Layout, requests: Sequence[Packed], limit: int) -> Sequence[int]:
        """The index of the value of the first ``limit`` rows of each request; NOWHERE where it is not declared."""
        place = layout.columns.get(self.slices.column)
        text_of = None if place is None else TEXT_OF.get(place.type)
        if place is None or text_of is None:
            return [NOWHERE] * sum(min(request.rows, limit) for request in requests)
        index = self._index
        return [index.get(text_of(value), NOWHERE) for value in layout.column(place, requests, limit)]

    def count(self, found: Sequence[int], predictions: Predictions) -> None:
        """Count rows whose values `find` has found."""
        scores, classes = self._scores, self._classes
        for index, cell, label in zip(found, predictions.cells, predictions.classes, strict=True):
            if index < 0:
                continue
            self._rows[index] += 1
            if scores is not None and cell >= 0:
                scores[index][cell] += 1
            if classes is not None and label >= 0:
                classes[index][label] += 1

    def document(self, *, with_scores: bool) -> dict[str, Any]:
        """The counts by value."""
        values = []
        for index, value in enumerate(self.slices.values):
            row: dict[str, Any] = {"value": value, "rows": self._rows[index]}
            if with_scores:
                row["score"] = None if self._scores is None else self._scores[index]
            row["class"] = None if self._classes is None else self._classes[index]
            values.append(row)
        return {"column": self.slices.column, "values": values}


def _refuse(where: str, sentence: str) -> NoReturn:
    raise PermanentFault(Reason.MONITORING_INVALID, f"{where} {sentence}")
