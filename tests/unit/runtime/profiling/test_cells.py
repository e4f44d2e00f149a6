"""Cells: where the edges of numbers lie, which values have a cell, and that every row is in one cell at the most."""

from __future__ import annotations

import bisect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard_runtime.measures import hash_bucket, value_hash
from leeboard_runtime.profiling.cells import Channel, counted, edges_of, known_of, values_of

numbers = st.lists(st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=300)


def numeric(edges: tuple[float, ...]) -> Channel:
    return Channel("x", "Feature", "Value", 0, edges=edges)


@given(numbers)
def test_edges_ascend_and_the_cell_of_a_number_is_where_bisect_finds_it(values: list[float]) -> None:
    edges = edges_of(np.asarray(values))

    assert list(edges) == sorted(set(edges))
    assert numeric(edges).of_numbers(np.asarray(values)).tolist() == [bisect.bisect_right(edges, x) for x in values]


@given(numbers)
def test_no_cell_of_the_reference_is_empty_but_those_around_a_constant(values: list[float]) -> None:
    channel = numeric(edges_of(np.asarray(values)))
    counts = counted(channel.of_numbers(np.asarray(values)), channel)

    assert sum(counts) == len(values)
    assert counts == [0, len(values), 0] if len(set(values)) == 1 else 0 not in counts


def test_a_continuous_feature_has_its_deciles() -> None:
    values = np.arange(1000.0)

    edges = edges_of(values)

    assert edges == (100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 900.0)
    assert counted(numeric(edges).of_numbers(values), numeric(edges)) == [100] * 10


def test_what_is_not_finite_has_no_cell_and_moves_no_edge() -> None:
    values = np.asarray([1.0, np.nan, 2.0, np.inf, -np.inf] * 100)
    channel = numeric(edges_of(values))

    assert channel.edges == edges_of(np.asarray([1.0, 2.0] * 100))
    assert counted(channel.of_numbers(values), channel) == [100, 100]


@pytest.mark.parametrize("ones", [1, 30, 500, 970, 999])
def test_both_values_of_an_indicator_have_a_cell_however_rare_one_is(ones: int) -> None:
    values = np.asarray([1.0] * ones + [0.0] * (1000 - ones))
    channel = numeric(edges_of(values))

    assert counted(channel.of_numbers(values), channel) == [1000 - ones, ones]


def test_a_constant_is_told_from_what_is_above_and_below() -> None:
    channel = numeric(edges_of(np.full(300, 7.5)))

    assert channel.of_numbers(np.asarray([7.5, 7.500001, 7.499999])).tolist() == [1, 2, 0]


def test_the_twenty_most_frequent_values_have_a_cell_if_they_were_seen_twenty_times() -> None:
    texts: list[str | None] = [None] * 50
    for number in range(30):
        texts += [f"v{number:02}"] * (60 - 2 * number)

    values = values_of(texts)

    assert values == tuple(f"v{number:02}" for number in range(20))
    assert values_of(["rare"] * 19 + ["often"] * 20) == ("often",)


def test_values_without_a_cell_share_the_buckets_behind_those() -> None:
    channel = Channel("city", "Feature", "Category", 0, values=("a", "b"), hashed=16)

    assert channel.of_texts(["b", "a", "zebra", None]).tolist() == [1, 0, 2 + hash_bucket("zebra", 16), -1]
    assert channel.cells == 18


def test_a_set_of_values_is_known_by_hashes_while_it_is_small() -> None:
    assert known_of(["b", "a", None, "b"]) == tuple(sorted([value_hash("a"), value_hash("b")]))
    assert known_of([str(number) for number in range(1000)]) is not None
    assert known_of([str(number) for number in range(1001)]) is None
