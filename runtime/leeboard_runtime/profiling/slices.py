"""The reference's answers by frequent values of its inputs: what segments and groups of later traffic stand beside.

Which of them will be declared, nobody knows when a profile is built; so every input with few values is told apart, the
most important ones first. Values that were seen seldom, and those of redacted inputs, are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leeboard_runtime.frames import Array
from leeboard_runtime.measures import category_text
from leeboard_runtime.profiling.cells import NOT_COUNTED, TOP, values_of
from leeboard_runtime.profiling.channels import Measured
from leeboard_runtime.profiling.kinds import INTEGERS, Input, texts

MOST_INPUTS = 64
MOST_COUNTS = 40_000
"""Of all of them together, so that a profile of many classes stays small."""


def slices_of(
    inputs: Sequence[Input], shares: Mapping[str, float], *, scores: Measured | None, classes: Measured | None
) -> list[dict[str, Any]]:
    """As the profile tells them: ``shares`` are importances by the name in the profile."""
    width = 1 + sum(0 if one is None else one.channel.cells for one in (scores, classes))
    found: list[dict[str, Any]] = []
    room = MOST_COUNTS
    for one in sorted(inputs, key=lambda each: -shares.get(each.name, 0.0)):
        told = _texts(one)
        values = () if told is None else values_of(told)
        if told is None or not values or len(found) == MOST_INPUTS or len(values) * width > room:
            continue
        room -= len(values) * width
        of_value = np.array(told, dtype=object)
        rows = [_row(value, of_value == value, scores=scores, classes=classes) for value in values]
        found.append({"column": one.name, "values": rows})
    return found


def _row(value: str, chosen: Array, *, scores: Measured | None, classes: Measured | None) -> dict[str, Any]:
    return {
        "value": value,
        "rows": int(chosen.sum()),
        "score": _cells(scores, chosen),
        "class": _cells(classes, chosen),
    }


def _cells(measured: Measured | None, chosen: Array) -> list[int] | None:
    if measured is None:
        return None
    cells = measured.cells[chosen]
    counts = np.bincount(cells[cells != NOT_COUNTED], minlength=measured.channel.cells)
    return [int(count) for count in counts]


def _texts(one: Input) -> list[str | None] | None:
    """The values as servers tell them; None for an input that nobody can declare by a few of its values."""
    if one.redacted or one.values is None:
        return None
    if one.kind in {"Boolean", "Category"}:
        return texts(one.values)
    if one.kind != "Numeric":
        return None
    finite = one.values[np.isfinite(one.values)]
    if len(np.unique(finite)) > TOP:
        return None
    is_whole = one.type in INTEGERS
    return [_text(value, is_whole=is_whole) if np.isfinite(value) else None for value in one.values.tolist()]


def _text(value: float, *, is_whole: bool) -> str:
    return str(int(value)) if is_whole else category_text(value)
