"""Which counter takes which values of a request: compiled once for each set of columns that clients leave out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from leeboard_runtime.cells import Counter, RangeCounter
from leeboard_runtime.channels import Kind, Profile
from leeboard_runtime.counters import array_counter_of, counter_of, presence_counter_of
from leeboard_runtime.measures import redacted_name
from leeboard_runtime.sources import Layout, Place, Source, Width

TEXT = "string"


class Ranges(NamedTuple):
    """The numbers of one block, counted together: ``pick`` takes their values out of a row, in the counters' order."""

    pick: Callable[[Source], Source]
    bounds: tuple[tuple[float, ...], ...]
    counts: tuple[list[int], ...]
    positions: tuple[int, ...]
    counters: tuple[RangeCounter, ...]


class Plan(NamedTuple):
    """Requests that leave the same columns out.

    Ranges with their block, others with block and position, arrays with block and elements, and what is missing.
    """

    layout: Layout
    ranges: tuple[tuple[int, Ranges], ...]
    others: tuple[tuple[int, int, Counter], ...]
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
    ranges: dict[int, dict[int, RangeCounter]] = {}
    others, arrays, missing = [], [], []
    for index, (feature, counter) in enumerate(zip(profile.features, counters, strict=True)):
        place = places.get(feature.name)
        if place is None:
            missing.append(index)
        elif isinstance(place, Width):
            arrays.append((place.block, place.elements, counter))
        elif isinstance(counter, RangeCounter):
            ranges.setdefault(place.block, {})[place.position] = counter
        else:
            others.append((place.block, place.position, counter))
    together = tuple((block, _ranges(found)) for block, found in ranges.items())
    return Plan(layout, together, tuple(others), arrays=tuple(arrays), missing=tuple(missing))


def _ranges(found: dict[int, RangeCounter]) -> Ranges:
    positions = tuple(sorted(found))
    counters = tuple(found[position] for position in positions)
    return Ranges(
        _picker(positions),
        tuple(counter.bounds for counter in counters),
        tuple(counter.counts for counter in counters),
        positions=positions,
        counters=counters,
    )


def _picker(positions: tuple[int, ...]) -> Callable[[Source], Source]:
    """Takes the values at some positions of a row; those of the first ones need not be taken out."""
    if positions == tuple(range(len(positions))):
        return lambda source: source
    if len(positions) == 1:
        return lambda source: (source[positions[0]],)
    return itemgetter(*positions)


def _places(layout: Layout) -> dict[str, Place | Width]:
    """Columns and tensors by their names, and by what a profile calls them when it may not say their names."""
    named: dict[str, Place | Width] = {**layout.columns, **layout.tensors}
    return {redacted_name(name): place for name, place in named.items()} | named
