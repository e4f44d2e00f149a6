"""Counting is exact: every row in the cell that the slow way says, whatever request it came in."""

import random
import sys
from array import array
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard_runtime import counting, measures
from leeboard_runtime.cells import QUALITY
from leeboard_runtime.counting import CellCounts
from leeboard_runtime.packed import EVERYTHING, Packed
from leeboard_runtime.profile_reading import parse_profile
from leeboard_runtime.protocol import OutputTensor, RequestParser
from leeboard_runtime.signature import Column, Description
from leeboard_runtime.slices import Slices
from tests.support.profile_document import (
    channel,
    described,
    described_numbers,
    described_tensor,
    encoded,
    feature,
    numeric_profile,
    profile,
)
from tests.unit.runtime.counted import (
    CHANNELS,
    FEATURES,
    NOW,
    Row,
    answer,
    cells_of,
    count,
    fresh,
    packed,
    rows,
    totals,
)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=12), st.sampled_from([(), ("amount",), ("city", "visits"), ("note",)]))
def test_every_row_is_in_the_cells_that_the_slow_way_says(some: list[Row], absent: tuple[str, ...]) -> None:
    cells = fresh()
    count(cells, some, absent)

    expected = [[0] * len(row) for row in cells.counts()]
    faults = [[0] * len(QUALITY) for _ in FEATURES]
    for row in some:
        found, wrong = cells_of(row, absent)
        for index, cell in found.items():
            expected[index][cell] += 1
        for index, kind in wrong.items():
            faults[index][QUALITY.index(kind)] += 1
    assert (cells.counts(), cells.quality(), cells.rows) == (expected, faults, len(some))


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=12), st.integers(1, 5))
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(some: list[Row], size: int) -> None:
    whole, parts = fresh(), fresh()
    count(whole, some)
    for start in range(0, len(some), size):
        count(parts, some[start : start + size])
    assert totals(whole) == totals(parts)


ABSENT = ((), ("amount",), ("city", "visits"))
batches = st.lists(
    st.tuples(st.lists(st.lists(rows, min_size=1, max_size=3), min_size=1, max_size=4), st.sampled_from(ABSENT)),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(deadline=None)
@given(batches)
def test_requests_count_the_same_together_in_their_batches_and_row_by_row(
    given_batches: list[tuple[list[list[Row]], tuple[str, ...]]],
) -> None:
    together, alone = fresh(), fresh()
    reads = []
    for requests, absent in given_batches:
        every = [row for request in requests for row in request]
        reads.append(together.read([packed(request, absent) for request in requests], answer(every), NOW))
        for row in every:
            count(alone, [row], absent)
    together.count(reads)
    assert totals(together) == totals(alone)


@settings(deadline=None)
@given(st.lists(st.lists(rows, min_size=1, max_size=3), min_size=1, max_size=6))
def test_what_a_token_holds_is_the_same_for_a_row_alone_and_in_a_batch(requests: list[list[Row]]) -> None:
    every = [row for request in requests for row in request]
    cells = fresh()
    read = cells.read([packed(request) for request in requests], answer(every), NOW)
    alone = [cells.read([packed([row])], answer([row]), NOW) for row in every]
    told = [[*one.predictions, *one.segments, *one.groups] for one in (read, *alone)]
    assert [list(field) for field in told[0]] == [[one for row in told[1:] for one in row[i]] for i in range(6)]


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=12), st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_the_first_rows_of_each_large_request_count_wherever_it_is_in_a_batch(
    some: list[Row], sizes: list[int]
) -> None:
    limit = 3
    requests = [[some[(start + row) % len(some)] for row in range(size)] for start, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "ROWS_OF_A_REQUEST", limit)
        limited = fresh()
    expected = fresh()
    every = [row for request in requests for row in request]
    limited.count([limited.read([packed(request) for request in requests], answer(every), NOW)])
    for request in requests:
        count(expected, request[:limit])
    expected.skipped = sum(max(0, size - limit) for size in sizes)
    assert totals(limited) == totals(expected)


def test_a_date_is_as_old_as_it_was_when_it_was_answered() -> None:
    document = profile([feature("x", "Datetime")], [channel("x", 0, "Age", edges=[0.0, 500.0])])
    description = described([("x", "datetime")])
    cells = CellCounts(parse_profile(encoded(document)), description)
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["1970-01-01"]}]}
    request = RequestParser(description).parse(orjson.dumps(body)).packed
    cells.count([cells.read([request, request], [], at) for at in (-10.0, 10.0, 1000.0)])
    assert cells.counts() == [[2, 2, 2]]


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=8))
def test_counters_of_pods_merge_by_addition(some: list[Row]) -> None:
    one, two, together = fresh(), fresh(), fresh()
    for index, row in enumerate(some):
        count(two if index % 2 else one, [row])
        count(together, [row])
    added = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(one.counts(), two.counts(), strict=True)]
    assert added == together.counts()
    assert one.rows + two.rows == together.rows


def requests_of(values: list[list[float]]) -> dict[str, dict[str, Any]]:
    """The same rows of a model of doubles, in every way that the protocol has."""
    columns = [[row[index] for row in values] for index in range(len(values[0]))]
    named = [{"name": f"x{i}", "shape": [len(c)], "datatype": "FP64", "data": c} for i, c in enumerate(columns)]
    matrix = {"name": "input-0", "shape": [len(values), len(columns)], "datatype": "FP64"}
    return {
        "columns in order": {"inputs": named},
        "columns in another order": {"inputs": named[::-1]},
        "columns of one": {"inputs": [{**item, "shape": [len(values), 1]} for item in named]},
        "columns nested": {
            "inputs": [
                {**item, "shape": [len(values), 1], "data": [[v] for v in c]}
                for item, c in zip(named, columns, strict=True)
            ]
        },
        "integers of the same value": {"inputs": [{**item, "datatype": "INT64"} for item in named]},
        "a matrix": {"inputs": [{**matrix, "data": [value for row in values for value in row]}]},
        "a matrix, nested": {"inputs": [{**matrix, "data": values}]},
    }


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-70, 70), min_size=3, max_size=3), min_size=1, max_size=6))
def test_the_same_rows_count_the_same_in_every_way_that_they_can_be_sent(values: list[list[float]]) -> None:
    description = described_numbers(3)
    tensors = [OutputTensor("output-0", "FP64", [len(values), 2], [0.25, 0.75] * len(values))]
    found = {}
    for way, request in requests_of(values).items():
        cells = CellCounts(parse_profile(encoded(numeric_profile(3))), description)
        call = RequestParser(description).parse(orjson.dumps(request))
        cells.count([cells.read([call.packed], tensors, NOW)])
        found[way] = (cells.counts(), cells.quality())
    assert {way: counts for way, counts in found.items() if counts != found["a matrix"]} == {}


def test_segments_and_groups_are_counted_apart_by_declared_values() -> None:
    row: Row = {
        "amount": 1.0, "ratio": 0.0, "visits": 1, "member": True, "city": "Oslo", "note": "", "since": None,
        "probability": 0.75,
    }  # fmt: skip
    cells = fresh()

    count(cells, [row, {**row, "city": "Bergen", "probability": None}, {**row, "city": "Voss", "member": None}])

    segments = [one.document(with_scores=True) for one in cells.segments]
    assert segments == [
        {
            "column": "city",
            "values": [
                {"value": "Oslo", "rows": 1, "score": [0, 0, 1], "class": [0, 1]},
                {"value": "Voss", "rows": 1, "score": [0, 0, 1], "class": [0, 1]},
            ],
        },
        {"column": "member", "values": [{"value": "true", "rows": 2, "score": [0, 0, 1], "class": [0, 1]}]},
    ]
    assert [one.document(with_scores=False) for one in cells.groups] == [
        {"column": "visits", "values": [{"value": "1", "rows": 3, "class": [0, 2]}]}
    ]


@pytest.mark.parametrize("size", [1, 2], ids=["row by row", "all at once"])
def test_columns_are_found_wherever_they_stand_among_others_of_their_type(size: int) -> None:
    edges = [10.0, 20.0]
    document = profile(
        [feature("b"), feature("d"), feature("c", "Category")],
        [channel("b", 0, edges=edges), channel("d", 1, edges=edges), channel("c", 2, "Category", values=["7.0"])],
        task="Unknown",
    )
    description = described([(name, "double") for name in "abcde"])
    cells = CellCounts(parse_profile(encoded(document)), description, segments=[Slices("d", ("15.0", "25.0"))])
    given = {"a": [1.0, 2.0], "b": [5.0, 15.0], "c": [7.0, 8.0], "d": [25.0, 15.0], "e": [99.0, 99.0]}

    for start in range(0, 2, size):
        inputs = [
            {"name": name, "shape": [size], "datatype": "FP64", "data": data[start : start + size]}
            for name, data in given.items()
        ]
        call = RequestParser(description).parse(orjson.dumps({"inputs": inputs}))
        cells.count([cells.read([call.packed], [], NOW)])

    assert cells.counts() == [[1, 1, 0], [0, 1, 1], [1]]
    assert cells.quality()[2] == [0, 0, 0, 0, 1, 0]
    segment = cells.segments[0].document(with_scores=True)
    assert [value["rows"] for value in segment["values"]] == [1, 1]


def test_a_declared_column_that_the_model_lacks_is_named_and_counted_nowhere() -> None:
    description = described([("amount", "double")])
    cells = fresh(description)
    assert cells.unknown_columns == ["city", "member", "visits"]


def test_of_a_very_large_request_the_first_rows_count_and_the_others_are_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "ROWS_OF_A_REQUEST", 5)
    values = [float(index) for index in range(8)]
    cells = CellCounts(parse_profile(encoded(numeric_profile(1))), described_numbers(1))
    request = requests_of([[value] for value in values])["a matrix"]
    call = RequestParser(described_numbers(1)).parse(orjson.dumps(request))

    cells.count([cells.read([call.packed], [OutputTensor("p", "FP64", [8, 2], [0.25, 0.75] * 8)], NOW)])

    assert (cells.rows, cells.skipped) == (5, 3)
    assert (cells.counts()[0], cells.counts()[2]) == ([1] * 5 + [0] * 5, [0, 5])


def test_a_feature_that_the_signature_lacks_is_missing_in_every_row() -> None:
    cells = fresh(described([(name, kind) for name, kind in (("amount", "double"), ("member", "boolean"))]))
    blocks = RequestParser(described([("amount", "double"), ("member", "boolean")]))
    body = {
        "inputs": [
            {"name": "amount", "shape": [1], "datatype": "FP64", "data": [5.0]},
            {"name": "member", "shape": [1], "datatype": "BOOL", "data": [True]},
        ]
    }
    cells.count([cells.read([blocks.parse(orjson.dumps(body)).packed], [], NOW)])
    assert [quality[0] for quality in cells.quality()] == [0, 1, 1, 0, 1, 1, 1]
    assert cells.rows == 1


@pytest.mark.parametrize(
    ("kind", "value", "datatype"),
    [("string", "1.5", "BYTES"), ("boolean", True, "BOOL"), ("datetime", "2026-01-01", "BYTES")],
)
def test_a_value_that_the_profiles_kind_cannot_read_is_of_a_wrong_type(kind: str, value: object, datatype: str) -> None:
    description = described([("x0", kind)], required=False)
    cells = CellCounts(parse_profile(encoded(numeric_profile(1))), description)
    body = {"inputs": [{"name": "x0", "shape": [2], "datatype": datatype, "data": [value, None]}]}
    cells.count([cells.read([RequestParser(description).parse(orjson.dumps(body)).packed], [], NOW)])
    assert cells.quality() == [[0, 1, 1, 0, 0, 0]]
    assert sum(cells.counts()[0]) == 0


def test_a_text_that_is_no_date_is_of_a_wrong_type() -> None:
    document = profile([feature("x", "Datetime")], [channel("x", 0, "Age", edges=[0.0])])
    description = described([("x", "string")], required=False)
    cells = CellCounts(parse_profile(encoded(document)), description)
    body = {"inputs": [{"name": "x", "shape": [3], "datatype": "BYTES", "data": ["1970-01-01", "soon", None]}]}
    cells.count([cells.read([RequestParser(description).parse(orjson.dumps(body)).packed], [], NOW)])
    assert (cells.counts()[0], cells.quality()[0]) == ([0, 1], [0, 1, 1, 0, 0, 0])


def test_infinities_and_nan_are_told_apart_and_are_in_no_cell() -> None:
    cells = CellCounts(parse_profile(encoded(numeric_profile(1))), described_numbers(1))
    for value in (float("nan"), float("inf"), float("-inf"), 1e6, 60.0, -50.0):
        cells.count([cells.read([Packed(1, EVERYTHING, [array("d", [value]).tobytes()])], [], NOW)])
    assert cells.quality() == [[0, 1, 0, 2, 0, 1]]
    assert cells.counts()[0] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_an_unmonitored_feature_tells_only_whether_it_is_there() -> None:
    document = profile([feature("id", "NotMonitored", reason="Identifier")], [])
    description = Description((Column("id", "string", required=False),), (), (), (), "test", lean=False)
    cells = CellCounts(parse_profile(encoded(document)), description)
    body = {"inputs": [{"name": "id", "shape": [2], "datatype": "BYTES", "data": ["a", None]}]}
    cells.count([cells.read([RequestParser(description).parse(orjson.dumps(body)).packed], [], NOW)])
    assert cells.quality() == [[0, 1, 0, 0, 0, 0]]


@pytest.mark.parametrize("numpy", ["float64", "float32", "float16", "int64"])
def test_an_array_is_counted_by_its_norm_and_projections(numpy: str) -> None:
    measured = ["Length", "Norm", *(f"Projection{number}" for number in range(8))]
    edges = [-1.0, 0.0, 1.0, 5.0]
    document = profile([feature("image", "Array")], [channel("image", 0, name, edges=edges) for name in measured])
    description = described_tensor("image", numpy, 2, 2)
    cells = CellCounts(parse_profile(encoded(document)), description)
    images = [[3, 0, 4, 0], [0, 0, 0, 0], [1, -1, 1, 1]]
    datatype = {"float64": "FP64", "float32": "FP32", "float16": "FP16", "int64": "INT64"}[numpy]
    for some in (images[:1], images[1:]):
        flat = [value for image in some for value in image]
        body = {"inputs": [{"name": "image", "shape": [len(some), 2, 2], "datatype": datatype, "data": flat}]}
        cells.count([cells.read([RequestParser(description).parse(orjson.dumps(body)).packed], [], NOW)])

    counts = dict(zip(measured, cells.counts(), strict=True))
    assert counts["Length"] == [0, 0, 0, 3, 0]
    assert counts["Norm"] == [0, 0, 1, 1, 1]
    for number in range(8):
        expected = [0] * 5
        for image in images:
            value = measures.projection(number, 4)([float(one) for one in image])
            expected[sum(value >= edge for edge in edges)] += 1
        assert counts[f"Projection{number}"] == expected


def test_the_memory_of_categories_is_bounded_and_forgetting_changes_no_count() -> None:
    generator = random.Random(7)
    cells = fresh()
    row: Row = {
        "amount": 1.0, "ratio": 0.0, "visits": 1, "member": True, "city": "Oslo", "note": "", "since": None,
        "probability": 0.75,
    }  # fmt: skip
    numbers = [generator.randrange(10**9) for _ in range(6000)]
    count(cells, [{**row, "visits": number} for number in numbers[:3000]])
    count(cells, [{**row, "visits": number} for number in numbers[3000:]])
    expected = Counter(2 + measures.hash_bucket(str(number), 4) for number in numbers)
    assert cells.counts()[2] == [expected.get(cell, 0) for cell in range(6)]


@pytest.mark.parametrize(("batches", "requests", "calls"), [(64, 1, 20 + 25), (4, 16, 20 + 6)])
def test_the_work_of_a_request_of_20_features_stays_within_its_budget(batches: int, requests: int, calls: int) -> None:
    """Calls, not time: one for each feature, its bisection, and few for the request, fewer where it is in a batch."""
    cells = CellCounts(parse_profile(encoded(numeric_profile(20))), described_numbers(20))
    body = requests_of([[float(index % 7) for index in range(20)]])["columns in order"]
    call = RequestParser(described_numbers(20)).parse(orjson.dumps(body))
    tensors = [OutputTensor("output-0", "FP64", [requests, 2], [0.25, 0.75] * requests)]
    asked = [call.packed] * requests
    cells.count([cells.read(asked, tensors, NOW)])
    made = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        cells.count([cells.read(asked, tensors, NOW) for _ in range(batches)])
    finally:
        sys.setprofile(None)

    assert 20 <= made / (batches * requests) <= calls


@settings(max_examples=20, deadline=None)
@given(st.lists(rows, min_size=2, max_size=5))
def test_looking_an_answer_up_counts_nothing(some: list[Row]) -> None:
    cells = fresh()
    cells.read([packed(some)], answer(some), NOW)
    assert (cells.rows, sum(map(sum, cells.counts())), sum(map(sum, cells.quality()))) == (0, 0, 0)
    assert len(cells.counts()) == len(CHANNELS)
