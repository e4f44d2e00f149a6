"""Which requests count as the same question."""

from typing import Any

import orjson
import pytest

from leeboard_runtime.canonical import Canonical
from leeboard_runtime.protocol import RequestParser
from leeboard_runtime.signature import Column, Description, Parameter, Tensor

DOUBLES = (Column("b", "double", required=True), Column("a", "double", required=True))
AGES = (Column("age", "long", required=True), Column("name", "string", required=False))


def described(
    columns: tuple[Column, ...] = (), *, tensors: tuple[Tensor, ...] = (), parameters: tuple[Parameter, ...] = ()
) -> Description:
    return Description(columns, tensors, parameters, (), "test", lean=False)


def column(name: str, datatype: str, *data: object) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": list(data)}


def hashes(description: Description, *inputs: dict[str, Any], limit: int = 100, **more: object) -> list[str]:
    call = RequestParser(description).parse(orjson.dumps({"inputs": inputs, **more}))
    return Canonical(description).hashes(call.packed, limit=limit)


A, B = column("a", "FP64", 1), column("b", "FP64", 0.1)
SAME = {
    "the columns in another order": (described(DOUBLES), [B, A]),
    "a whole number with a point": (described(DOUBLES), [column("a", "FP64", 1.0), B]),
    "a narrower datatype": (described(DOUBLES), [column("a", "INT8", 1), column("b", "FP32", 0.1)]),
    "a matrix": (
        described(DOUBLES),
        [{"name": "input-0", "shape": [1, 2], "datatype": "FP64", "data": [[0.1, 1]]}],
    ),
    "a signature with its columns in another order": (described((DOUBLES[1], DOUBLES[0])), [A, B]),
    "a signature in which one of them is a float": (
        described((DOUBLES[0], Column("a", "float", required=True))),
        [column("a", "FP32", 1), B],
    ),
    "a signature in which one of them is a long": (
        described((DOUBLES[0], Column("a", "long", required=True))),
        [column("a", "INT64", 1), B],
    ),
    "a signature with an optional column more, which is left out": (
        described((*DOUBLES, Column("c", "string", required=False))),
        [A, B],
    ),
    "no parameters": (described(DOUBLES), [A, B]),
}
OTHERS = {
    "another value": [column("a", "FP64", 2), B],
    "the values of two columns exchanged": [column("a", "FP64", 0.1), column("b", "FP64", 1)],
}


@pytest.mark.parametrize(("description", "inputs"), SAME.values(), ids=SAME.keys())
def test_one_question_in_two_spellings_has_one_hash(description: Description, inputs: list[dict[str, Any]]) -> None:
    assert hashes(description, *inputs) == hashes(described(DOUBLES), A, B)


@pytest.mark.parametrize("inputs", OTHERS.values(), ids=OTHERS.keys())
def test_another_question_has_another_hash(inputs: list[dict[str, Any]]) -> None:
    assert hashes(described(DOUBLES), *inputs) != hashes(described(DOUBLES), A, B)


def test_each_row_has_the_hash_that_it_has_alone() -> None:
    description = described((*AGES, Column("at", "datetime", required=False), Column("ok", "boolean", required=False)))
    rows = [(31, "ann", "2026-01-01T00:00:00Z", True), (64, None, None, False), (31, "bob", "2026-01-01", None)]
    types = ("INT64", "BYTES", "BYTES", "BOOL")
    names = ("age", "name", "at", "ok")

    def asked(*chosen: tuple[object, ...]) -> list[str]:
        columns = [
            column(name, kind, *values)
            for name, kind, values in zip(names, types, zip(*chosen, strict=True), strict=True)
        ]
        return hashes(description, *columns)

    together = asked(*rows)

    assert together == [asked(row)[0] for row in rows]
    assert len(set(together)) == 3


def test_a_moment_is_the_same_in_every_way_to_write_it() -> None:
    description = described((Column("at", "datetime", required=True),))
    moments = ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:01Z")
    first, *others = hashes(description, column("at", "BYTES", *moments))
    assert [one == first for one in others] == [True, True, False]


def test_a_column_that_is_left_out_is_not_a_column_with_null() -> None:
    description = described(AGES)
    age = column("age", "INT64", 31)
    assert hashes(description, age) != hashes(description, age, column("name", "BYTES", None))


def test_numbers_too_large_for_single_precision_still_have_a_hash() -> None:
    assert hashes(described((DOUBLES[0],)), column("b", "FP64", 1e300)) == hashes(
        described((DOUBLES[0],)), column("b", "FP64", 1e301)
    )


def test_parameters_belong_to_the_question() -> None:
    description = described(DOUBLES, parameters=(Parameter("factor", "double", 1.0, is_list=False),))
    plain = hashes(description, A, B)
    assert hashes(description, A, B, parameters={"factor": 2}) == hashes(description, A, B, parameters={"factor": 2.0})
    assert hashes(description, A, B, parameters={"factor": 2}) != plain


def test_rows_of_tensors_have_a_hash_each() -> None:
    description = described(tensors=(Tensor("x", "float32", (2,), named=True), Tensor("s", "str", (), named=True)))
    x = {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 1.0, 2.0]}
    two = hashes(description, x, {"name": "s", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]})
    same = hashes(description, {"name": "s", "shape": [2], "datatype": "BYTES", "data": ["a", "a"]}, x)
    assert two[0] == same[0] == same[1] != two[1]


def test_no_more_rows_are_hashed_than_were_asked_for() -> None:
    description = described((DOUBLES[0],))
    many = column("b", "FP64", *range(50))
    assert hashes(description, many, limit=3) == hashes(description, many)[:3]
