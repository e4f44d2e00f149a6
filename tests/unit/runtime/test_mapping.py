"""The mapping table: what it promises, and that the documentation shows the same."""

import re
from pathlib import Path

import pytest

from leeboard_runtime.mapping import COLUMN_TYPES, EXACT_INTEGER, FLOAT_LIMIT, INTEGER_RANGE, TENSOR_TYPES, Null

DOCUMENT = Path(__file__).parents[3] / "docs" / "model-server.md"


def documented_rows() -> list[tuple[str, ...]]:
    table = DOCUMENT.read_text().split("### The mapping table")[1]
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def test_the_documentation_shows_the_table_row_by_row() -> None:
    rows = [
        (row[0], re.sub(r" \(.*\)", "", row[1]), tuple(filter(None, row[2].split(", "))), row[3])
        for row in documented_rows()
    ]
    assert rows == [(t.signature, t.datatype, t.widened, str(t.null)) for t in COLUMN_TYPES.values()]


INTEGER_TYPES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


@pytest.mark.parametrize("name", INTEGER_TYPES)
def test_every_value_of_a_datatype_that_an_integer_column_takes_is_in_its_range(name: str) -> None:
    low, high = INTEGER_TYPES[name]
    for datatype in COLUMN_TYPES[name].accepted:
        assert low <= INTEGER_RANGE[datatype][0]
        assert INTEGER_RANGE[datatype][1] <= high


@pytest.mark.parametrize(("name", "digits"), [("float", 24), ("double", 53)])
def test_integers_for_floating_point_columns_are_bounded_by_its_significand(name: str, digits: int) -> None:
    assert EXACT_INTEGER[name] == 2**digits


def test_no_column_takes_a_wider_floating_point_datatype() -> None:
    widths = list(FLOAT_LIMIT)  # from narrow to wide
    for row in COLUMN_TYPES.values():
        for datatype in set(row.widened) & set(FLOAT_LIMIT):
            assert widths.index(datatype) < widths.index(row.datatype)


def test_integers_refuse_null_and_nothing_else_does() -> None:
    assert {name for name, row in COLUMN_TYPES.items() if row.null is Null.REFUSED} == {"integer", "long"}


def test_every_tensor_element_has_a_datatype_of_the_protocol() -> None:
    known = {"BOOL", "BYTES", *INTEGER_RANGE, *FLOAT_LIMIT}
    assert {row.datatype for row in TENSOR_TYPES.values()} == known
