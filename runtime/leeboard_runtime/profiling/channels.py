"""The channels of each kind of input, frozen on the reference, with the cell of every row.

What is counted of a value says `measures`, for the server as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from leeboard_runtime import measures
from leeboard_runtime.frames import Array
from leeboard_runtime.profiling.cells import (
    BOOLEANS,
    BUCKETS,
    HOURS,
    NOT_COUNTED,
    Channel,
    edges_of,
    known_of,
    values_of,
)
from leeboard_runtime.profiling.kinds import Input, texts

MICROSECONDS = 1_000_000
FEATURE = "Feature"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measured:
    """A channel and the cell of each row in it."""

    channel: Channel
    cells: Array


def channels_of(index: int, one: Input, times: Array | None) -> Iterator[Measured]:
    """The channels of the feature ``index``. ``times`` are those of the rows, microseconds since 1970."""
    if one.values is None:
        return
    match one.kind:
        case "Numeric":
            yield numeric(one.name, FEATURE, one.values, feature=index)
        case "Boolean":
            found = Channel(one.name, FEATURE, "Category", index, values=BOOLEANS)
            yield Measured(found, found.of_texts(texts(one.values)))
        case "Category":
            yield _category(index, one, one.values)
        case "Datetime":
            yield from _datetime(index, one.name, one.values, times=times)
        case "Text":
            yield from _text(index, one.name, one.values)
        case "Array":
            yield from _array(index, one.name, one.values)
        case _:
            return  # NotMonitored


def numeric(name: str, role: str, numbers: Array, *, feature: int | None = None, measure: str = "Value") -> Measured:
    """A channel of numbers at their own deciles."""
    channel = Channel(name, role, measure, feature, edges=edges_of(numbers))
    return Measured(channel, channel.of_numbers(numbers))


def _category(index: int, one: Input, values: Array) -> Measured:
    found = texts(values)
    frequent = () if one.redacted else values_of(found)
    known = None if one.redacted else known_of(found)
    channel = Channel(one.name, FEATURE, "Category", index, values=frequent, hashed=BUCKETS, known=known)
    return Measured(channel, channel.of_texts(found))


def _datetime(index: int, name: str, moments: Array, *, times: Array | None) -> Iterator[Measured]:
    """How long before the row's own time, in seconds, and the hour of the week in UTC; the value itself is nobody's."""
    found = [None if np.isnat(moment) else int(moment.astype(np.int64)) for moment in moments]
    if times is not None:
        pairs = zip(found, times.tolist(), strict=True)
        ages = [None if moment is None else measures.age_seconds(moment, now / MICROSECONDS) for moment, now in pairs]
        if any(ages):  # else it is the time of the row itself
            yield numeric(f"{name}.age", FEATURE, _floats(ages), feature=index, measure="Age")
    hours = _floats(_each(measures.hour_of_week, found))
    channel = Channel(f"{name}.hourOfWeek", FEATURE, "HourOfWeek", index, edges=HOURS)
    yield Measured(channel, channel.of_numbers(hours))


def _text(index: int, name: str, values: Array) -> Iterator[Measured]:
    found = texts(values)
    lengths = _floats(_each(len, found))
    yield numeric(f"{name}.length", FEATURE, lengths, feature=index, measure="Length")
    empty = Channel(f"{name}.empty", FEATURE, "Empty", index, values=BOOLEANS)
    yield Measured(
        empty, empty.of_texts([None if text is None else measures.category_text(not text) for text in found])
    )
    shares = _floats(_each(measures.non_ascii_share, found))
    yield numeric(f"{name}.nonAscii", FEATURE, shares, feature=index, measure="NonAscii")


def _array(index: int, name: str, rows: Array) -> Iterator[Measured]:
    """Norm and projections of each row; a row with a value that is not finite is not counted."""
    found = [row.tolist() if np.isfinite(row).all() else None for row in rows]
    yield numeric(f"{name}.norm", FEATURE, _floats(_each(measures.norm, found)), feature=index, measure="Norm")
    for number in range(measures.PROJECTIONS):
        project = measures.projection(number, rows.shape[1])
        values = _floats(_each(project, found))
        yield numeric(f"{name}.projection{number}", FEATURE, values, feature=index, measure=f"Projection{number}")


def _each(measure: Callable[[T], float], values: Sequence[T | None]) -> list[float | None]:
    return [None if value is None else measure(value) for value in values]


def _floats(values: Sequence[float | None]) -> Array:
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def category(name: str, role: str, *, values: tuple[str, ...], index: Array) -> Measured:
    """A channel of named classes; ``index`` is the class of each row, negative for none."""
    return Measured(Channel(name, role, "Category", values=values), np.where(index < 0, NOT_COUNTED, index))
