"""Which counter counts a feature: by what the profile measures and the type that the signature gives it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from leeboard_runtime import measures
from leeboard_runtime.cells import (
    NON_FINITE,
    NULL,
    TYPE,
    CategoryCounter,
    Counter,
    NumbersCounter,
    RangeCounter,
    TextOf,
    UnreadableCounter,
    Value,
)
from leeboard_runtime.channels import Channel, Feature, Measure
from leeboard_runtime.mapping import NULL_BOOL, NULL_MICROSECONDS

TEXT_OF: dict[str, TextOf] = {
    "boolean": lambda value: None if value == NULL_BOOL else measures.category_text(bool(value)),
    "integer": str,
    "long": str,
    "float": lambda value: measures.category_text(value) if value == value else None,  # noqa: PLR0124 - NaN alone is not
    "double": lambda value: measures.category_text(value) if value == value else None,  # noqa: PLR0124
    "string": lambda value: value,
}
"""By the signature's type; the others have no categories."""

MICROSECONDS_OF: dict[str, Callable[[Value], int | None]] = {
    "datetime": lambda value: None if value == NULL_MICROSECONDS else value,
    "string": lambda value: None if value is None else measures.moment_of(value),
}
NUMBERS = frozenset({"integer", "long", "float", "double"})


DATES: dict[Measure, Callable[[int, float], float]] = {
    Measure.AGE: measures.age_seconds,
    Measure.HOUR_OF_WEEK: lambda moment, _: measures.hour_of_week(moment),
}
PROJECTION = {Measure(f"Projection{number}"): number for number in range(measures.PROJECTIONS)}
TEXTS: dict[Measure, Callable[[str, float], float]] = {
    Measure.LENGTH: lambda text, _: len(text),
    Measure.EMPTY: lambda text, _: not text,
    Measure.NON_ASCII: lambda text, _: measures.non_ascii_share(text),
}


def counter_of(feature: Feature, channels: Sequence[Channel], kind: str) -> Counter:
    """What counts a feature whose values have the signature's type ``kind``; ``channels`` are its own, in order."""
    wanted = {channel.measure for channel in channels}
    if wanted == {Measure.VALUE} and kind in NUMBERS:
        return RangeCounter(feature, channels[0])
    if wanted == {Measure.CATEGORY} and kind in TEXT_OF:
        return CategoryCounter(channels[0], TEXT_OF[kind])
    if wanted <= DATES.keys() and kind in MICROSECONDS_OF:
        return NumbersCounter(channels, DATES, read=MICROSECONDS_OF[kind], fault=_fault_of_date)
    if wanted <= TEXTS.keys() and kind == "string":
        return NumbersCounter(channels, TEXTS, read=lambda text: text, fault=lambda _: NULL)
    return UnreadableCounter(channels, _null_test(kind))


def presence_counter_of(kind: str) -> Counter:
    """What counts a feature that is not monitored: whether it is there, and whether it is null."""
    return UnreadableCounter((), _null_test(kind), fault=None)


def array_counter_of(channels: Sequence[Channel], elements: int, *, is_text: bool) -> Counter:
    """What counts an array of ``elements`` numbers, or of texts, of which nothing can be made."""
    wanted = {channel.measure for channel in channels}
    makers: dict[Measure, Callable[[Any, float], float]] = {
        Measure.LENGTH: lambda values, _: len(values),
        Measure.NORM: lambda values, _: measures.norm(values),
    }
    for measure, number in PROJECTION.items():
        if measure in wanted:
            makers[measure] = _projected(number, elements)
    if is_text or not wanted <= makers.keys():
        return UnreadableCounter(channels, lambda _: False)
    return NumbersCounter(channels, makers, read=_finite, fault=_fault_of_array)


def _projected(number: int, elements: int) -> Callable[[Sequence[float], float], float]:
    project = measures.projection(number, elements)
    return lambda values, _: project(values)


def _finite(values: Sequence[float]) -> Sequence[float] | None:
    return values if isfinite(sum(values)) else None


def _fault_of_date(value: Value) -> int:
    return NULL if value is None or value == NULL_MICROSECONDS else TYPE


def _fault_of_array(values: Sequence[float]) -> int:
    return NULL if any(value != value for value in values) else NON_FINITE  # noqa: PLR0124 - NaN alone is not itself


def _null_test(kind: str) -> Callable[[Value], bool]:
    if kind == "boolean":
        return lambda value: bool(value == NULL_BOOL)
    if kind == "datetime":
        return lambda value: bool(value == NULL_MICROSECONDS)
    return lambda value: value is None or value != value  # noqa: PLR0124 - NaN alone is not itself
