"""Which counter takes which values of a request: compiled once for each set of columns that clients leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from leeboard_runtime.cells import Counter, RangeCounter
from leeboard_runtime.channels import Kind, Profile
from leeboard_runtime.counters import array_counter_of, counter_of, presence_counter_of
from leeboard_runtime.measures import redacted_name
from leeboard_runtime.sources import Layout, Place, Width

TEXT = "string"


class Range(NamedTuple):
    """A number of the quick way, unpacked from its counter: `position` in the block, and what `RangeCounter` holds."""

    position: int
    bounds: tuple[float, ...]
    counts: list[int]
    last: int
    counter: RangeCounter


class Plan(NamedTuple):
    """Requests that leave the same columns out: by block the ranges and the others, then arrays and what is missing."""

    layout: Layout
    ranges: tuple[tuple[Range, ...], ...]
    others: tuple[tuple[tuple[int, Counter], ...], ...]
    arrays: tuple[tuple[int, int, Counter], ...]
    missing: tuple[int, ...]


def counters_of(profile: Profile, layout: Layout) -> list[Counter]:
    """A counter for each feature; ``layout`` is that of requests with every column.

    The counter of a feature that the model's signature lacks stays empty: it is missing in every request.
    """
    places = _places(layout)
    found = []
    for index, feature in enumerate(profile.features):
        channels = [channel for channel in profile.channels if channel.feature == index]
        place = places.get(feature.name)
        kind = place.type if isinstance(place, Place) else TEXT
        if feature.kind is Kind.NOT_MONITORED or not channels:
            found.append(presence_counter_of(kind))
        elif isinstance(place, Width):
            found.append(array_counter_of(channels, place.elements, is_text=not layout.codes[place.block]))
        else:
            found.append(counter_of(feature, channels, kind))
    return found


def plan_of(layout: Layout, profile: Profile, counters: Sequence[Counter]) -> Plan:
    """The plan of requests with this layout."""
    places = _places(layout)
    ranges: list[list[Range]] = [[] for _ in layout.codes]
    others: list[list[tuple[int, Counter]]] = [[] for _ in layout.codes]
    arrays, missing = [], []
    for index, (feature, counter) in enumerate(zip(profile.features, counters, strict=True)):
        place = places.get(feature.name)
        if place is None:
            missing.append(index)
        elif isinstance(place, Width):
            arrays.append((place.block, place.elements, counter))
        elif isinstance(counter, RangeCounter):
            ranges[place.block].append(
                Range(place.position, counter.bounds, counter.counts, last=counter.last, counter=counter)
            )
        else:
            others[place.block].append((place.position, counter))
    return Plan(
        layout, tuple(map(tuple, ranges)), tuple(map(tuple, others)), arrays=tuple(arrays), missing=tuple(missing)
    )


def _places(layout: Layout) -> dict[str, Place | Width]:
    """Columns and tensors by their names, and by what a profile calls them when it may not say their names."""
    named: dict[str, Place | Width] = {**layout.columns, **layout.tensors}
    return {redacted_name(name): place for name, place in named.items()} | named
