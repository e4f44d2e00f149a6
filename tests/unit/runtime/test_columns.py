"""Requests to a tabular model: what is packed, and the sentence with which the rest is refused."""

import json
import math
import struct
from array import array
from typing import Any

import orjson
import pytest

from leeboard_runtime.columns import ColumnsValidator
from leeboard_runtime.errors import Refusal
from leeboard_runtime.packed import EVERYTHING, Key, Packed
from leeboard_runtime.signature import Column

NUMBERS = ColumnsValidator([Column("a", "double", True), Column("b", "double", True)])  # noqa: FBT003
MIXED = ColumnsValidator(
    [
        Column("amount", "double", required=False),
        Column("ratio", "float", required=False),
        Column("count", "long", required=False),
        Column("small", "integer", required=True),
        Column("member", "boolean", required=False),
        Column("city", "string", required=False),
        Column("since", "datetime", required=False),
        Column("blob", "binary", required=False),
    ]
)
ROW: dict[str, tuple[str, list[Any]]] = {
    "amount": ("FP64", [1.5]),
    "ratio": ("FP32", [0.25]),
    "count": ("INT64", [7]),
    "small": ("INT32", [-3]),
    "member": ("BOOL", [True]),
    "city": ("BYTES", ["Bergen"]),
    "since": ("BYTES", ["2026-11-21T12:00:00Z"]),
    "blob": ("BYTES", ["AAE="]),
}


def tensor(  # noqa: PLR0917 - the four fields of an input, in the order of the specification's examples
    name: str, datatype: str, data: list[Any], shape: list[int] | None = None
) -> dict[str, Any]:
    return {"name": name, "shape": shape or [len(data)], "datatype": datatype, "data": data}


def mixed(**changes: tuple[str, list[Any]] | None) -> Packed:
    row = {**ROW, **changes}
    return MIXED.pack([tensor(name, *value) for name, value in row.items() if value is not None], b"")


def doubles(block: object) -> list[float]:
    assert isinstance(block, bytes)
    return array("d", block).tolist()


def test_columns_of_one_type_travel_column_after_column() -> None:
    packed = NUMBERS.pack([tensor("a", "FP64", [1.0, 2.0]), tensor("b", "FP64", [3.0, 4])], b"")
    assert packed == Packed(2, EVERYTHING, [array("d", [1, 2, 3, 4]).tobytes()])


def test_columns_may_come_in_any_order() -> None:
    swapped = NUMBERS.pack([tensor("b", "FP64", [3.0, 4.0]), tensor("a", "FP64", [1.0, 2.0])], b"")
    assert doubles(swapped.blocks[0]) == [1, 2, 3, 4]


def test_a_column_of_shape_n_1_is_a_column_flat_or_nested() -> None:
    flat = NUMBERS.pack([tensor("a", "FP64", [1.0, 2.0], [2, 1]), tensor("b", "FP64", [3.0, 4.0])], b"")
    nested = NUMBERS.pack([tensor("a", "FP64", [[1.0], [2.0]], [2, 1]), tensor("b", "FP64", [3.0, 4.0])], b"")
    assert doubles(flat.blocks[0]) == doubles(nested.blocks[0]) == [1, 2, 3, 4]


@pytest.mark.parametrize("data", [[1.0, 2.0, 3.0, 4.0], [[1.0, 2.0], [3.0, 4.0]]], ids=["flat", "nested"])
def test_a_matrix_stands_for_all_columns_in_order(data: list[Any]) -> None:
    packed = NUMBERS.pack([tensor("input-0", "FP64", data, [2, 2])], b"")
    assert (packed.rows, doubles(packed.blocks[0])) == (2, [1, 3, 2, 4])


def test_a_matrix_of_one_row_is_packed_as_the_same_columns() -> None:
    matrix = NUMBERS.pack([tensor("input-0", "FP64", [1.0, 2.0], [1, 2])], b"")
    assert matrix == NUMBERS.pack([tensor("a", "FP64", [1.0]), tensor("b", "FP64", [2.0])], b"")


def test_a_matrix_of_a_narrower_datatype_is_widened() -> None:
    packed = NUMBERS.pack([tensor("input-0", "INT64", [1, 2], [1, 2])], b"")
    assert doubles(packed.blocks[0]) == [1.0, 2.0]


def test_parameters_are_part_of_the_key() -> None:
    packed = NUMBERS.pack([tensor("input-0", "FP64", [1.0, 2.0], [1, 2])], b'{"k":1}')
    assert packed.key == Key((), b'{"k":1}')


def test_every_type_is_packed_as_the_table_says() -> None:
    noon = 1795262400 * 10**6
    assert mixed() == Packed(
        1,
        EVERYTHING,
        [
            struct.pack("=d", 1.5),
            struct.pack("=f", 0.25),
            struct.pack("=q", 7),
            struct.pack("=i", -3),
            b"\1",
            [["Bergen"], ["AAE="]],
            struct.pack("=q", noon),
        ],
    )


def test_nulls_in_optional_columns_are_what_the_table_says() -> None:
    packed = mixed(
        amount=("FP64", [None]),
        ratio=("FP32", [None]),
        member=("BOOL", [None]),
        city=("BYTES", [None]),
        since=("BYTES", [None]),
        blob=("BYTES", [None]),
    )
    amount, ratio, _, _, member, texts, since = packed.blocks
    assert math.isnan(doubles(amount)[0])
    assert isinstance(ratio, bytes)
    assert math.isnan(array("f", ratio)[0])
    assert (member, texts, since) == (b"\2", [[None], [None]], struct.pack("=q", -(2**63)))


def test_nulls_stay_in_their_rows() -> None:
    packed = MIXED.pack([tensor("amount", "FP64", [None, 2.0, None, 4.0]), tensor("small", "INT32", [1, 2, 3, 4])], b"")
    values = doubles(packed.blocks[0])
    assert [None if math.isnan(value) else value for value in values] == [None, 2.0, None, 4.0]


def test_optional_columns_may_be_absent_and_the_key_says_which() -> None:
    packed = mixed(count=None, city=None)
    assert packed.key == Key((2, 5), b"")
    assert packed.blocks[2] == b""
    assert packed.blocks[5] == [["AAE="]]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01", 10**6),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
    ids=["a date", "UTC without an offset", "an offset", "before the epoch"],
)
def test_dates_are_microseconds_since_the_epoch(text: str, moment: int) -> None:
    assert mixed(since=("BYTES", [text])).blocks[6] == struct.pack("=q", moment)


def test_a_value_of_a_narrow_floating_point_datatype_is_rounded_to_it() -> None:
    packed = mixed(amount=("FP32", [0.1]))
    assert doubles(packed.blocks[0]) == [struct.unpack("=f", struct.pack("=f", 0.1))[0]]
    half = mixed(amount=("FP16", [0.1]))
    assert doubles(half.blocks[0]) == [struct.unpack("=e", struct.pack("=e", 0.1))[0]]


@pytest.mark.parametrize(
    ("column", "value"),
    [("amount", ("INT64", [2**53])), ("ratio", ("INT32", [-(2**24)])), ("count", ("UINT32", [2**32 - 1])),
     ("small", ("UINT16", [65535])), ("count", ("INT8", [-128]))],
)  # fmt: skip
def test_lossless_widening_is_accepted(column: str, value: tuple[str, list[Any]]) -> None:
    assert mixed(**{column: value}).rows == 1


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a float for an integer column": (
        {"small": ("INT32", [1.5])},
        'column "small": INT32 takes integers, but element 0 is 1.5',
    ),
    "true for an integer": (
        {"small": ("INT32", [True])},
        'column "small": INT32 takes integers, but element 0 is True',
    ),
    "a number for a boolean": (
        {"member": ("BOOL", [1])},
        'column "member": BOOL takes true or false, but element 0 is 1',
    ),
    "a string for a number": (
        {"amount": ("FP64", ["1"])},
        "column \"amount\": FP64 takes numbers, but element 0 is '1'",
    ),
    "a number for a string": ({"city": ("BYTES", [5])}, 'column "city": BYTES takes strings, but element 0 is 5'),
    "an integer beyond 32 bits": (
        {"small": ("INT32", [2**31])},
        'column "small": outside INT32\'s range -2147483648 to 2147483647: element 0 is 2147483648',
    ),
    "an integer beyond its own datatype": (
        {"count": ("INT8", [128])},
        'column "count": outside INT8\'s range -128 to 127: element 0 is 128',
    ),
    "an integer that no double is": (
        {"amount": ("INT64", [2**53 + 1])},
        'column "amount": not exactly a double: element 0 is 9007199254740993',
    ),
    "a number beyond float": ({"ratio": ("FP32", [1e39])}, 'column "ratio": outside FP32\'s range: element 0 is 1e+39'),
    "a huge integer for a double": (
        {"amount": ("FP64", [10**400])},
        'column "amount": outside FP64\'s range: element 0 is 1000000000000000000000000000000000000000...',
    ),
    "a wider datatype": (
        {"ratio": ("FP64", [1.0])},
        (
            'column "ratio": datatype FP64 does not fit float; send FP32 or FP16 or INT8 or INT16 or UINT8 or '
            "UINT16 or INT32 or UINT32 or INT64 or UINT64"
        ),
    ),
    "a datatype of another kind": (
        {"city": ("INT64", [1])},
        'column "city": datatype INT64 does not fit string; send BYTES',
    ),
    "no date": ({"since": ("BYTES", ["soon"])}, "column \"since\": 'soon' is no ISO 8601 date or time"),
    "no base64": ({"blob": ("BYTES", ["%%"])}, "column \"blob\": '%%' is not base64"),
    "null in an integer column": (
        {"count": ("INT64", [None])},
        (
            'column "count": null at row 0, but long has no null; leave the whole column out, '
            "or log the model with a double column"
        ),
    ),
    "null in a required column": (
        {"small": ("INT32", [None])},
        'column "small": null at row 0, but the signature requires the column',
    ),
    "a required column that is missing": ({"small": None}, 'required column "small" is missing'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_name(case: str) -> None:
    changes, sentence = REFUSED[case]
    with pytest.raises(Refusal) as refused:
        mixed(**changes)
    assert (refused.value.status, refused.value.message) == (400, sentence)


MALFORMED: dict[str, tuple[list[Any], str]] = {
    "unequal lengths": (
        [tensor("a", "FP64", [1.0, 2.0]), tensor("b", "FP64", [1.0])],
        'column "b" has 1 rows, the columns before it have 2',
    ),
    "lengths that are only equal in sum": (
        [tensor("a", "FP64", [1.0], [2]), tensor("b", "FP64", [1.0, 2.0, 3.0], [2])],
        'column "a": shape [2] wants 2 elements, data has 1',
    ),
    "no rows": ([tensor("a", "FP64", [], [0]), tensor("b", "FP64", [], [0])], 'column "a" has no rows'),
    "a matrix without rows": ([tensor("input-0", "FP64", [], [0, 2])], 'input "input-0" has no rows'),
    "an unknown column": (
        [tensor("a", "FP64", [1.0]), tensor("c", "FP64", [1.0])],
        "unknown column 'c'; the signature has \"a\", \"b\", or one input \"input-0\" of shape [rows, 2]",
    ),
    "a column twice": (
        [tensor("a", "FP64", [1.0]), tensor("a", "FP64", [1.0])],
        'column "a" is given twice',
    ),
    "a matrix that is too wide": (
        [tensor("input-0", "FP64", [1.0, 2.0, 3.0], [1, 3])],
        'input "input-0": shape [1, 3], but the signature has 2 columns',
    ),
    "a matrix beside columns": (
        [tensor("input-0", "FP64", [1.0, 2.0], [1, 2]), tensor("a", "FP64", [1.0])],
        "unknown column 'input-0'; the signature has \"a\", \"b\", or one input \"input-0\" of shape [rows, 2]",
    ),
    "null in a matrix": (
        [tensor("input-0", "FP64", [1.0, None], [1, 2])],
        'column "b": null at row 0, but the signature requires the column',
    ),
    "a column as a row": (
        [tensor("a", "FP64", [1.0, 2.0], [1, 2]), tensor("b", "FP64", [1.0])],
        'column "a": shape [1, 2] must be [rows] or [rows, 1]',
    ),
    "no shape": ([{"name": "a", "datatype": "FP64", "data": [1.0]}], "input 'a': shape must be a list"),
    "no data": (
        [{"name": "a", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}}],
        "input 'a': no data; the binary tensor data extension is not supported, send data as JSON",
    ),
    "data that is no list": (
        [{"name": "a", "shape": [1], "datatype": "FP64", "data": "1.0"}, tensor("b", "FP64", [1.0])],
        'column "a": data must be a list',
    ),
    "an input that is no object": ([5], "inputs: 5 is no object with name, shape, datatype and data"),
    "an unknown datatype": (
        [tensor("a", "FP65", [1.0]), tensor("b", "FP64", [1.0])],
        (
            "column \"a\": unknown datatype 'FP65'; known are BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, "
            "UINT64, FP16, FP32, FP64, BYTES"
        ),
    ),
    "an unknown parameter of an input": (
        [{**tensor("a", "FP64", [1.0]), "parameters": {"scale": 2}}, tensor("b", "FP64", [1.0])],
        "column \"a\": unknown parameter 'scale'",
    ),
    "a string in a numeric column": (
        [tensor("a", "FP64", ["x"]), tensor("b", "FP64", [1.0])],
        "column \"a\": FP64 takes numbers, but element 0 is 'x'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_inputs_are_refused(case: str) -> None:
    inputs, sentence = MALFORMED[case]
    with pytest.raises(Refusal) as refused:
        NUMBERS.pack(inputs, b"")
    assert (refused.value.status, refused.value.message) == (400, sentence)


@pytest.mark.parametrize("document", [None, {}, [], "a", 1.5, [[]], {"name": []}, {"name": "a", "shape": 3}])
@pytest.mark.parametrize("field", ["whole", "name", "shape", "datatype", "data", "parameters"])
def test_no_json_value_anywhere_causes_anything_but_a_refusal(field: str, document: object) -> None:
    good = tensor("a", "FP64", [1.0])
    bad = document if field == "whole" else {**good, field: document}
    for inputs in ([bad], [bad, tensor("b", "FP64", [1.0])], [tensor("b", "FP64", [1.0]), bad]):
        decoded = orjson.loads(json.dumps(inputs))
        try:
            packed = NUMBERS.pack(decoded, b"")
        except Refusal:
            continue
        else:
            assert (field, document) in [("name", "a"), ("parameters", None), ("parameters", {})]
            assert packed.rows == 1
