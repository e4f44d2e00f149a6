"""CSV cells as the protocol's values."""

from __future__ import annotations

import pytest

from leeboard.api.model_version import ColumnSchema
from leeboard.cli.exits import Failure
from leeboard.cli.typed_rows import TYPES, typed_rows
from leeboard_runtime.mapping import COLUMN_TYPES, INTEGER_RANGE, Null

SIGNATURE = (
    ColumnSchema(name="income", type="double"),
    ColumnSchema(name="age", type="long"),
    ColumnSchema(name="city", type="string", required=False),
    ColumnSchema(name="married", type="boolean", required=False),
)


def test_the_types_are_the_model_servers() -> None:
    assert {name: (row.datatype, row.has_null) for name, row in TYPES.items()} == {
        name: (row.datatype, row.null is not Null.REFUSED) for name, row in COLUMN_TYPES.items()
    }


@pytest.mark.parametrize(("type_", "datatype"), [("integer", "INT32"), ("long", "INT64")])
def test_whole_numbers_have_the_model_servers_ranges(type_: str, datatype: str) -> None:
    low, high = INTEGER_RANGE[datatype]
    column = (ColumnSchema(name="n", type=type_),)
    assert typed_rows(["n\n", f"{low}\n", f"{high}\n"], column).values == ((low,), (high,))
    for outside in (low - 1, high + 1):
        with pytest.raises(Failure, match=r"row 1, column n: .* is no whole number of \d\d bits"):
            typed_rows(["n\n", f"{outside}\n"], column)


def test_cells_are_typed_by_the_signature_whatever_the_order_of_columns() -> None:
    rows = typed_rows(["age,income,city\n", "41,52000.5,Bergen\n", "23,18e3,\n"], SIGNATURE)
    assert rows.inputs(0, 10) == [
        {"name": "age", "shape": [2], "datatype": "INT64", "data": [41, 23]},
        {"name": "income", "shape": [2], "datatype": "FP64", "data": [52000.5, 18000.0]},
        {"name": "city", "shape": [2], "datatype": "BYTES", "data": ["Bergen", None]},
    ]
    assert rows.inputs(1, 1)[0] == {"name": "age", "shape": [1], "datatype": "INT64", "data": [23]}


def test_every_fault_names_row_and_column() -> None:
    lines = ["income,age,married\n", "many,41,true\n", "1,1.5,maybe\n", ",,\n", "1\n"]
    with pytest.raises(Failure) as caught:
        typed_rows(lines, SIGNATURE)
    assert str(caught.value).splitlines() == [
        "the rows do not fit the model:",
        "  row 1, column income: 'many' is no number",
        "  row 2, column age: '1.5' is no whole number",
        "  row 2, column married: 'maybe' is no boolean: true or false",
        "  row 3, column income: is empty, and the column is required",
        "  row 3, column age: is empty, and the column is required",
        "  row 4: has 1 cells, the heading 3",
    ]


def test_ten_faults_are_enough() -> None:
    with pytest.raises(Failure, match="and 20 more"):
        typed_rows(["income,age\n", *["x,y\n"] * 15], SIGNATURE)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["income\n", "1\n"], "the heading lacks the model's age"),
        (["income,age,zip\n"], "has, and the model does not know, zip"),
        (["income,age,age\n"], "repeats age"),
        (["income,age\n"], "there are no rows"),
        ([], "lacks the model's income, age"),
        (['income,age\n"1,2\n'], "is no CSV"),
    ],
    ids=["missing", "unknown", "twice", "no rows", "empty", "unclosed quote"],
)
def test_a_heading_that_does_not_fit_is_refused(lines: list[str], words: str) -> None:
    with pytest.raises(Failure, match=words):
        typed_rows(lines, SIGNATURE)


@pytest.mark.parametrize(
    ("type_", "cell", "value"),
    [
        ("datetime", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("binary", "aGk=", "aGk="),
        ("string", "", ""),
        ("float", "-1.5", -1.5),
        ("boolean", "FALSE", False),
    ],
)
def test_other_types(type_: str, cell: str, value: object) -> None:
    column = (ColumnSchema(name="a", type="string", required=False), ColumnSchema(name="b", type=type_))
    assert typed_rows(["a,b\n", f"x,{cell}\n"], column).values == (("x", value),)


@pytest.mark.parametrize(
    ("type_", "cell", "words"),
    [
        ("datetime", "yesterday", "is no ISO 8601 date or time"),
        ("binary", "hi!", "is no base64"),
        ("float", "nan", "is not finite"),
        ("long", "", "is empty, and the column is required"),
    ],
)
def test_what_is_not_of_its_type(type_: str, cell: str, words: str) -> None:
    column = (ColumnSchema(name="a", type="string"), ColumnSchema(name="b", type=type_))
    with pytest.raises(Failure, match=f"row 1, column b: .*{words}"):
        typed_rows(["a,b\n", f"x,{cell}\n"], column)


def test_integers_have_no_null_even_where_optional() -> None:
    column = (ColumnSchema(name="a", type="string"), ColumnSchema(name="b", type="long", required=False))
    with pytest.raises(Failure, match="is empty, and integers have no null"):
        typed_rows(["a,b\n", "x,\n"], column)


def test_tensors_are_no_csv() -> None:
    with pytest.raises(Failure, match=r"takes tensor\(float64\), which no CSV holds"):
        typed_rows(["a\n"], (ColumnSchema(name="", type="tensor(float64)"),))
