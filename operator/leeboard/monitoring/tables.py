"""Tables of counts out of JSON: checked as a whole, cell by cell only to name the first that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from leeboard.monitoring.cells import MAX_COUNT, Counts


class TableInvalidError(ValueError):
    """A table cannot be read; the message begins with the member that is wrong."""


def table_of(value: object, widths: Sequence[int], path: str) -> Counts:
    """Counts of one row a width, as an array [rows, widest] padded with zeros. Raises TableInvalidError."""
    if not isinstance(value, list) or len(value) != len(widths):
        raise TableInvalidError(f"{path}: not a list of {len(widths)}")
    for place, (row, width) in enumerate(zip(value, widths, strict=True)):
        if not isinstance(row, list) or len(row) != width:
            raise TableInvalidError(f"{path}[{place}]: not a list of {width}")
    cells = list(chain.from_iterable(value))
    if not _are_counts(cells):
        raise TableInvalidError(next(_faults(value, path)))
    widest = max(widths, default=0)
    table = np.zeros((len(widths), widest), np.int64)
    table[np.arange(widest) < np.array(widths, np.int64).reshape(-1, 1)] = cells
    return table


def _are_counts(cells: list[object]) -> bool:
    """Whether all are whole numbers (a bool is none) between 0 and MAX_COUNT."""
    if not cells:
        return True
    numbers = [cell for cell in cells if type(cell) is int]
    return len(numbers) == len(cells) and min(numbers) >= 0 and max(numbers) <= MAX_COUNT


def _faults(rows: list[list[object]], path: str) -> Iterator[str]:
    for place, row in enumerate(rows):
        for cell, count in enumerate(row):
            if not _are_counts([count]):
                yield f"{path}[{place}][{cell}]: {count!r} is not a count"
