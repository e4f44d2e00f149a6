"""Declared segments and groups, and what is refused."""

import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.slices import Slices, parse_slices


def test_columns_and_their_values() -> None:
    assert parse_slices("--segments", '[{"column": "region", "values": ["north", "south"]}]') == (
        Slices("region", ("north", "south")),
    )
    assert parse_slices("--groups", "[]") == parse_slices("--groups", "") == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "--segments not JSON"),
        ("{}", "--segments must be a list of at most 4 columns"),
        ('[{"column": "a", "values": ["x"]}, {"column": "a", "values": ["y"]}]', "--segments names a column twice"),
        ('["region"]', r"--segments\[0\] must be an object of column and values"),
        ('[{"column": "a"}]', r"--segments\[0\] must be an object of column and values"),
        ('[{"column": 1, "values": ["x"]}]', r"--segments\[0\].column must be a column's name"),
        ('[{"column": "a", "values": []}]', r"--segments\[0\].values must be a list of 1 to 8 texts"),
        ('[{"column": "a", "values": [1]}]', r"--segments\[0\].values must be a list of 1 to 8 texts"),
        ('[{"column": "a", "values": ["x", "x"]}]', r"--segments\[0\].values names a value twice"),
    ],
)
def test_what_is_wrong_is_named(text: str, named: str) -> None:
    with pytest.raises(PermanentFault, match=named):
        parse_slices("--segments", text)
