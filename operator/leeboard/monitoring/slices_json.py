"""Parts of the traffic as servers and profiles tell them: by column a list of values with rows, scores and classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from leeboard.monitoring.cells import MAX_COUNT
from leeboard.monitoring.slices import SliceKey, SliceKind, Slices, slices_of

Widths = tuple[int, int]
"""Cells of the score, and classes."""


class SlicesInvalidError(ValueError):
    """They cannot be read; the message begins with the member that is wrong."""


def parsed(value: object, kind: SliceKind, *, widths: Widths, path: str, most: Widths) -> Slices:
    """``[{"column": c, "values": [{"value": v, "rows": n, "score": [...], "class": [...]}]}]``; score and class may be
    null. ``most`` columns, and values of a column, are read. Raises SlicesInvalidError.
    """
    keys: list[SliceKey] = []
    counts: list[list[int]] = []
    for place, column in enumerate(_list(value, path, most[0])):
        where = f"{path}[{place}]"
        members = _object(column, where)
        name = _text(members.get("column"), f"{where}.column")
        for index, row in enumerate(_list(members.get("values"), f"{where}.values", most[1])):
            at = f"{where}.values[{index}]"
            one = _object(row, at)
            keys.append(SliceKey(kind, name, _text(one.get("value"), f"{at}.value")))
            counts.append(_counts(one, widths, at))
    if len(set(keys)) < len(keys):
        raise SlicesInvalidError(f"{path}: a value is told twice")
    table = np.array(counts, np.int64).reshape(len(keys), 1 + sum(widths))
    return slices_of(keys, table)


def _counts(row: Mapping[str, Any], widths: Widths, path: str) -> list[int]:
    found = [_count(row.get("rows"), f"{path}.rows")]
    for name, width in zip(("score", "class"), widths, strict=True):
        cells = row.get(name)
        if cells is None:
            found += [0] * width
            continue
        if not isinstance(cells, list) or len(cells) != width:
            raise SlicesInvalidError(f"{path}.{name}: not a list of {width}")
        found += [_count(cell, f"{path}.{name}[{place}]") for place, cell in enumerate(cells)]
    return found


def _object(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SlicesInvalidError(f"{path}: not an object")
    return value


def _list(value: object, path: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise SlicesInvalidError(f"{path}: not a list of at most {most}")
    return value


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise SlicesInvalidError(f"{path}: not a text")
    return value


def _count(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise SlicesInvalidError(f"{path}: {value!r} is not a count")
    return value
