"""Parts of the traffic add up, whatever is counted where, and survive as text."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.monitoring.cells import Cells
from leeboard.monitoring.packed import packed, unpacked
from leeboard.monitoring.slices import NO_SLICES, SliceKey, SliceKind, Slices, slices_of

WIDTH = 4
keys = st.builds(SliceKey, st.sampled_from(SliceKind), st.sampled_from(["region", "sex"]), st.sampled_from("abc"))


@st.composite
def parts(draw: st.DrawFn) -> Slices:
    """Counts of some keys: a row has one score cell of two and one class of... one, or neither."""
    known = sorted(draw(st.sets(keys, max_size=6)))
    table = []
    for _ in known:
        cells = draw(st.lists(st.integers(0, 2**40), min_size=WIDTH - 1, max_size=WIDTH - 1))
        table.append([sum(cells) + draw(st.integers(0, 5)), *cells])
    return slices_of(known, np.array(table, np.int64).reshape(len(known), WIDTH))


@given(st.lists(parts(), max_size=5), st.randoms())
def test_pods_are_merged_in_any_order(pods: list[Slices], random: object) -> None:
    shuffled = list(pods)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # it is random.Random
    assert reduce(add, pods, NO_SLICES) == reduce(add, shuffled, NO_SLICES)


@given(parts(), parts())
def test_a_window_is_the_difference_of_what_was_counted(before: Slices, more: Slices) -> None:
    assert (before + more) - before == more
    assert before - before == NO_SLICES


@given(parts(), parts())
def test_every_key_has_the_sum_of_its_rows(one: Slices, other: Slices) -> None:
    for key in {*one.keys, *other.keys}:
        expected = one.aligned([key], WIDTH) + other.aligned([key], WIDTH)
        assert (one + other).aligned([key], WIDTH).tolist() == expected.tolist()


@given(parts(), parts())
def test_text_gives_back_exactly_what_was_packed(one: Slices, other: Slices) -> None:
    rows = int(sum(one.counts[:, 0].tolist())) if one.keys else 0
    cells = Cells(rows, np.zeros((1, 2), np.int64), np.zeros((1, 6), np.int64), slices=one)
    together = tuple(sorted({*one.keys, *other.keys})), WIDTH
    assert unpacked(packed(cells, together), (1, 2, 1), together) == cells


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ([[3, -1, 0, 0], [1, 0, 0, 0]], 10),
        ([[3, 4, 0, 0], [1, 0, 0, 0]], 10),
        ([[6, 0, 0, 0], [5, 0, 0, 0]], 10),
    ],
)
def test_more_rows_than_there_are_cannot_be(table: list[list[int]], rows: int) -> None:
    named = [SliceKey(SliceKind.GROUP, "sex", value) for value in "fm"]
    assert not slices_of(named, np.array(table)).is_sound(rows)
    good = slices_of(named, np.array([[6, 6, 0, 0], [4, 0, 4, 0]]))
    assert good.is_sound(rows)
    assert not Cells(9, np.zeros((1, 2), np.int64), np.zeros((1, 6), np.int64), slices=good).is_sound
