"""Which counter takes which values of a request: compiled once for each set of columns that clients leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from leeboard_runtime.cells import Counter
from leeboard_runtime.channels import Kind, Profile
from leeboard_runtime.counters import array_counter_of, counter_of, presence_counter_of
from leeboard_runtime.measures import redacted_name
from leeboard_runtime.sources import JSON_CODE, Layout, Place, Width

TEXT = "string"


class Part(NamedTuple):
    """The counters of one block: those of its columns by position, or those of the tensor that it is."""

    block: int
    columns: tuple[tuple[int, Counter], ...]
    arrays: tuple[Counter, ...]


class Plan(NamedTuple):
    """Requests that leave the same columns out: who counts their blocks, and which features are missing."""

    layout: Layout
    parts: tuple[Part, ...]
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
            is_text = layout.codes[place.block] == JSON_CODE
            found.append(array_counter_of(channels, place.elements, is_text=is_text))
        else:
            found.append(counter_of(feature, channels, kind))
    return found


def plan_of(layout: Layout, profile: Profile, counters: Sequence[Counter]) -> Plan:
    """The plan of requests with this layout."""
    places = _places(layout)
    columns: dict[int, list[tuple[int, Counter]]] = {}
    arrays: dict[int, list[Counter]] = {}
    missing = []
    for index, (feature, counter) in enumerate(zip(profile.features, counters, strict=True)):
        place = places.get(feature.name)
        if place is None:
            missing.append(index)
        elif isinstance(place, Width):
            arrays.setdefault(place.block, []).append(counter)
        else:
            columns.setdefault(place.block, []).append((place.position, counter))
    blocks = sorted(columns.keys() | arrays.keys())
    parts = tuple(Part(block, tuple(columns.get(block, ())), tuple(arrays.get(block, ()))) for block in blocks)
    return Plan(layout, parts, tuple(missing))


def _places(layout: Layout) -> dict[str, Place | Width]:
    """Columns and tensors by their names, and by what a profile calls them when it may not say their names."""
    named: dict[str, Place | Width] = {**layout.columns, **layout.tensors}
    return {redacted_name(name): place for name, place in named.items()} | named
