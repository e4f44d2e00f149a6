"""Tables of counts: what is no count is named, wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest

from leeboard.monitoring.cells import MAX_COUNT
from leeboard.monitoring.tables import TableInvalidError, table_of


def test_rows_of_any_width_are_padded_with_zeros() -> None:
    table = table_of([[1, 2, 3], [], [MAX_COUNT]], [3, 0, 1], "counts")
    np.testing.assert_array_equal(table, [[1, 2, 3], [0, 0, 0], [MAX_COUNT, 0, 0]])
    assert table.dtype == np.int64
    assert table_of([], [], "counts").shape == (0, 0)


@pytest.mark.parametrize("wrong", [-1, MAX_COUNT + 1, True, 1.0, "1", None, [1], 10**400])
def test_the_first_cell_that_is_no_count_is_named(wrong: object) -> None:
    with pytest.raises(TableInvalidError, match=r"^counts\[1\]\[2\]: .* is not a count$"):
        table_of([[1, 2], [0, 3, wrong, wrong]], [2, 4], "counts")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "counts: not a list of 2"),
        ([[1]], "counts: not a list of 2"),
        ([[1], 2], r"counts\[1\]: not a list of 1"),
        ([[1], [2, 3]], r"counts\[1\]: not a list of 1"),
    ],
)
def test_a_table_of_another_shape_is_refused(value: object, message: str) -> None:
    with pytest.raises(TableInvalidError, match=f"^{message}$"):
        table_of(value, [1, 1], "counts")
