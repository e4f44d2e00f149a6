"""Which models are proven row-wise, and what gives the others away."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leeboard_runtime.frames import Array
from leeboard_runtime.rowwise import prove
from leeboard_runtime.signature import Column, Description, Tensor


def described(*columns: Column, tensors: tuple[Tensor, ...] = ()) -> Description:
    return Description(columns, tensors, (), (), "mlflow_python_function", lean=False)


NUMBERS = described(Column("x", "double", required=True), Column("y", "long", required=True))
OPTIONAL = described(Column("x", "double", required=False), Column("y", "double", required=True))
EXAMPLE = pd.DataFrame({"x": [0.5, 2.0, -1.0], "y": [1, 2, 3]})


def linear(rows: pd.DataFrame) -> Array:
    return np.asarray(2 * rows["x"] + rows["y"])


ROW_WISE: dict[str, tuple[Callable[[Any], Any], Description, Any]] = {
    "a linear model": (linear, NUMBERS, EXAMPLE),
    "a linear model without an example": (linear, NUMBERS, None),
    "a frame of columns": (lambda rows: pd.DataFrame({"s": linear(rows), "l": ["a"] * len(rows)}), NUMBERS, EXAMPLE),
    "a list of labels": (lambda rows: ["high" if v > 3 else "low" for v in linear(rows)], NUMBERS, EXAMPLE),
    "nulls filled by a constant": (lambda rows: linear(rows.fillna(0.0)), OPTIONAL, EXAMPLE),
    "a tensor model": (
        lambda rows: rows.sum(axis=(1, 2)),
        described(tensors=(Tensor("input-0", "float32", (2, 3), named=False),)),
        None,
    ),
}


@pytest.mark.parametrize("case", ROW_WISE)
def test_is_proven_row_wise(case: str) -> None:
    predict, description, example = ROW_WISE[case]
    finding = prove(predict, description, example)
    assert finding.proven, finding.reason


class Counter:
    """Answers otherwise each time."""

    def __init__(self) -> None:
        self.calls = itertools.count()

    def __call__(self, rows: pd.DataFrame) -> Array:
        return linear(rows) + next(self.calls)


def raises(rows: pd.DataFrame) -> Array:
    return np.asarray(rows["city"])


OTHERS: dict[str, tuple[Callable[[Any], Any], Description, str]] = {
    "ranks": (lambda rows: linear(rows).argsort().argsort(), NUMBERS, "is answered differently than within the batch"),
    "standardized by the batch": (
        lambda rows: linear(rows) - linear(rows).mean(),
        NUMBERS,
        "is answered differently than within the batch",
    ),
    "differences to the row before": (
        lambda rows: np.diff(linear(rows), prepend=0.0),
        NUMBERS,
        "is answered differently than within the batch",
    ),
    "sorted answers": (lambda rows: np.sort(linear(rows)), NUMBERS, "is answered differently than within the batch"),
    "rows dropped": (lambda rows: linear(rows[rows["x"] > 0]), NUMBERS, "rows in, but the answer is output-0 ("),
    "one answer for all": (
        lambda rows: [float(linear(rows).sum())],
        NUMBERS,
        "rows in, but the answer is output-0 (1,)",
    ),
    "nulls filled by the batch": (
        lambda rows: linear(rows.fillna(rows.mean())),
        OPTIONAL,
        "mixed nulls: ",
    ),
    "another answer each time": (Counter(), NUMBERS, "answered differently the second time"),
    "always the same": (
        lambda rows: np.zeros(len(rows)),
        NUMBERS,
        "every row has the same answer, which tells nothing",
    ),
    "one that raises": (raises, NUMBERS, "KeyError: 'city'"),
    "an answer without a name": (lambda rows: (linear(rows), linear(rows)), NUMBERS, "a tuple has no names"),
    "a single number": (lambda rows: float(linear(rows).sum()), NUMBERS, "is a single float64"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_is_not_proven_row_wise(case: str) -> None:
    predict, description, reason = OTHERS[case]
    finding = prove(predict, description, EXAMPLE)
    assert not finding.proven
    assert reason in finding.reason


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-5)])
def test_the_tolerance_is_that_of_the_answers_type(dtype: str, tolerance: float) -> None:
    assert prove(lambda rows: linear(rows).astype(dtype), NUMBERS, EXAMPLE).tolerance == tolerance


def test_a_difference_above_the_tolerance_is_a_difference() -> None:
    finding = prove(lambda rows: linear(rows) + 1e-6 * len(rows), NUMBERS, EXAMPLE)
    assert not finding.proven
