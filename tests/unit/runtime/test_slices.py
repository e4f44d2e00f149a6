"""Declared segments and groups, and what is refused."""

import pytest

from leeboard_runtime.errors import PermanentFault
from leeboard_runtime.slices import Sealer, Slices, parse_slices
from leeboard_runtime.tokens import NOTHING


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


def test_the_place_of_a_value_comes_back_under_the_declaration_that_sealed_it() -> None:
    sexes = (Slices("sex", ("f", "m")), Slices("age", ("old", "young")))
    sealer = Sealer(sexes)
    assert [sealer.open(sealer.seal(place)) for place in range(-1, 8)] == list(range(-1, 8))
    assert max(sealer.seal(place) for place in range(8)) < NOTHING
    assert Sealer(sexes[:1]).open(sealer.seal(1)) == 1, "a token carries the first column only"


@pytest.mark.parametrize("other", [(Slices("sex", ("m", "f")),), (Slices("gender", ("f", "m")),), ()])
def test_under_another_declaration_it_is_nowhere(other: tuple[Slices, ...]) -> None:
    sealed = [Sealer((Slices("sex", ("f", "m")),)).seal(place) for place in range(2)]
    assert [Sealer(other).open(place) for place in sealed] == [-1, -1]
