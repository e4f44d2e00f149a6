"""A model of columns of every kind, its profile, and what one row of a request comes to, said the slow way."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import strategies as st

from leeboard_runtime import measures
from leeboard_runtime.cells import QUALITY
from leeboard_runtime.counting import CellCounts
from leeboard_runtime.packed import Packed
from leeboard_runtime.profile_reading import parse_profile
from leeboard_runtime.protocol import OutputTensor, RequestParser
from leeboard_runtime.signature import Description
from leeboard_runtime.slices import Slices
from tests.support.profile_document import channel, classes, described, encoded, feature, profile, score

NOW = 1_000_000.0
AMOUNT_LIMITS, AMOUNT_EDGES = (-100.0, 100.0), [-10.0, 0.0, 10.0]
AGE_EDGES, LENGTH_EDGES, SCORE_EDGES = [0.0, 500_000.0], [1.0, 4.0], [0.25, 0.5]
CITIES, KNOWN = ["Bergen", "Oslo"], "Voss"
COLUMNS = [
    ("amount", "double"), ("ratio", "float"), ("visits", "long"), ("member", "boolean"),
    ("city", "string"), ("note", "string"), ("since", "datetime"),
]  # fmt: skip
DATATYPES = dict(
    zip((n for n, _ in COLUMNS), ("FP64", "FP32", "INT64", "BOOL", "BYTES", "BYTES", "BYTES"), strict=True)
)
FEATURES = [
    feature("amount", limits=list(AMOUNT_LIMITS)),
    feature("ratio"),
    feature("visits", "Category"),
    feature("member", "Boolean"),
    feature(measures.redacted_name("city"), "Category"),
    feature("note", "Text"),
    feature("since", "Datetime"),
]
CHANNELS = [
    channel("amount", 0, edges=AMOUNT_EDGES),
    channel("ratio", 1, edges=[0.5]),
    channel("visits", 2, "Category", values=["1", "2"], hashed=4),
    channel("member", 3, "Category", values=["false", "true"], closed=True),
    channel(measures.redacted_name("city"), 4, "Category", values=CITIES, hashed=4, closed=True),
    channel("note", 5, "Length", edges=LENGTH_EDGES),
    channel("note", 5, "Empty", values=["false", "true"]),
    channel("note", 5, "NonAscii", edges=[0.25]),
    channel("since", 6, "Age", edges=AGE_EDGES),
    channel("since", 6, "HourOfWeek", edges=[float(hour) for hour in range(6, 168, 6)]),
    score(*SCORE_EDGES),
    classes("0", "1"),
]
PROFILE = parse_profile(encoded(profile(FEATURES, CHANNELS, known={"4": [measures.value_hash(KNOWN)]})))
DESCRIPTION = described(COLUMNS, required=False)
SEGMENTS = (Slices("city", ("Oslo", "Voss")), Slices("member", ("true",)))
GROUPS = (Slices("visits", ("1",)),)

Row = dict[str, Any]

rows = st.fixed_dictionaries(
    {
        "amount": st.none() | st.floats(-150, 150) | st.sampled_from([*AMOUNT_LIMITS, *AMOUNT_EDGES, -0.0, 1e308]),
        "ratio": st.none() | st.floats(-1, 1, width=32) | st.just(0.5),
        "visits": st.integers(-2, 6),
        "member": st.none() | st.booleans(),
        "city": st.none() | st.sampled_from([*CITIES, KNOWN, "Paris", "", "ålesund"]),
        "note": st.none() | st.text(max_size=8),
        "since": st.none()
        | st.sampled_from(["1970-01-01", "1970-01-12T13:46:40", "1969-12-29T05:59:59", "2001-01-01"]),
        "probability": st.none() | st.floats(0, 1) | st.sampled_from(SCORE_EDGES),
    }
)


def fresh(description: Description = DESCRIPTION) -> CellCounts:
    """Counters that have counted nothing."""
    return CellCounts(PROFILE, description, segments=SEGMENTS, groups=GROUPS)


def packed(some: list[Row], absent: tuple[str, ...] = ()) -> Packed:
    """The rows as the server packs them from JSON."""
    inputs = [
        {"name": name, "shape": [len(some)], "datatype": DATATYPES[name], "data": [row[name] for row in some]}
        for name, _ in COLUMNS
        if name not in absent
    ]
    return RequestParser(DESCRIPTION).parse(orjson.dumps({"inputs": inputs})).packed


def answer(some: list[Row]) -> list[OutputTensor]:
    """Probabilities of two classes; None is NaN."""
    flat: list[float] = []
    for row in some:
        second = float("nan") if row["probability"] is None else row["probability"]
        flat += [1 - second, second]
    return [OutputTensor("output-0", "FP64", [len(some), 2], flat)]


def count(cells: CellCounts, some: list[Row], absent: tuple[str, ...] = ()) -> None:
    """One request, answered."""
    cells.count([cells.read([packed(some, absent)], answer(some), NOW)])


def totals(cells: CellCounts) -> object:
    """Everything that has been counted, as plain values that do not change any more."""
    slices = [one.document(with_scores=True) for one in (*cells.segments, *cells.groups)]
    return orjson.loads(orjson.dumps([cells.rows, cells.skipped, cells.counts(), cells.quality(), slices]))


def cells_of(row: Row, absent: tuple[str, ...] = ()) -> tuple[dict[int, int], dict[int, str]]:
    """For each channel the cell of a row, where it has one, and for each feature its fault, where it has one."""
    cells: dict[int, int] = {}
    faults = {index: "missing" for index, (name, _) in enumerate(COLUMNS) if name in absent}
    faults |= {i: "null" for i, (name, _) in enumerate(COLUMNS) if name not in absent and row[name] is None}
    readers: tuple[Callable[[Any], dict[int, int] | str], ...]
    readers = (_amount, _ratio, _visits, _member, _city, _note, _since)
    for index, read in enumerate(readers):
        if index not in faults:
            found = read(row[COLUMNS[index][0]])
            if isinstance(found, str):
                faults[index] = found
            else:
                cells |= found
    if row["probability"] is not None:
        cells[10] = bisect_right(SCORE_EDGES, row["probability"])
        cells[11] = int(row["probability"] > 1 - row["probability"])
    assert set(faults.values()) <= set(QUALITY)
    return cells, faults


def _amount(value: float) -> dict[int, int] | str:
    inside = AMOUNT_LIMITS[0] <= value <= AMOUNT_LIMITS[1]
    return {0: sum(value >= edge for edge in AMOUNT_EDGES)} if inside else "outside"


def _ratio(value: float) -> dict[int, int]:
    return {1: int(value >= 0.5)}


def _visits(value: int) -> dict[int, int]:
    return {2: value - 1 if value in {1, 2} else 2 + measures.hash_bucket(str(value), 4)}


def _member(value: bool) -> dict[int, int]:  # noqa: FBT001 - a value of a row
    return {3: int(value)}


def _city(value: str) -> dict[int, int] | str:
    if value in CITIES:
        return {4: CITIES.index(value)}
    return {4: 2 + measures.hash_bucket(value, 4)} if value == KNOWN else "unseen"


def _note(value: str) -> dict[int, int]:
    strange = sum(ord(character) > 127 for character in value)
    length = sum(len(value) >= edge for edge in LENGTH_EDGES)
    return {5: length, 6: int(value == ""), 7: int(bool(value) and strange / len(value) >= 0.25)}


def _since(value: str) -> dict[int, int]:
    moment = measures.moment_of(value)
    assert moment is not None
    age = NOW - moment / 1e6
    return {8: sum(age >= edge for edge in AGE_EDGES), 9: int(measures.hour_of_week(moment) // 6)}
