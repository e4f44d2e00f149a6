"""Is a model row-wise: is the answer to a row the same whatever other rows are in the call?

Only then may requests of different callers share a call. It cannot be proved from outside, so it is tried with rows
that would show the usual ways in which it fails (batch statistics, ranking, padding to the longest, rows dropped or
reordered, answers that change from call to call), and anything short of agreement everywhere, or of rows that tell
answers apart, counts as not row-wise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leeboard_runtime.agreement import Answer
from leeboard_runtime.frames import Array, ModelAnswer, ModelInput, UnsupportedOutputError
from leeboard_runtime.probes import joined, rows_in, synthetic_rows, take, with_nulls
from leeboard_runtime.signature import Description

SYNTHETIC_ROWS = 16
EXAMPLE_ROWS = 16


@dataclass(frozen=True, slots=True)
class RowWise:
    """The finding; `tolerance` is the relative difference that was allowed."""

    proven: bool
    reason: str
    tolerance: float


def prove(
    predict: Callable[[ModelInput], ModelAnswer], description: Description, example: ModelInput | None
) -> RowWise:
    """Try `predict` with the example's rows and with made-up ones. Never raises for what the model raises."""
    tolerance = 0.0
    for name, rows in _probes(description, example):
        try:
            finding = _disagreement(predict, rows)
        except Exception as error:  # noqa: BLE001 - whatever the model raises means unproven
            return RowWise(proven=False, reason=f"{name}: {type(error).__name__}: {error}", tolerance=tolerance)
        if isinstance(finding, str):
            return RowWise(proven=False, reason=f"{name}: {finding}", tolerance=tolerance)
        tolerance = max(tolerance, finding)
    return RowWise(
        proven=True,
        reason="single rows, subsets, a permuted batch and mixed nulls agree with the batch",
        tolerance=tolerance,
    )


def _probes(description: Description, example: ModelInput | None) -> Iterator[tuple[str, ModelInput]]:
    made_up = synthetic_rows(description, SYNTHETIC_ROWS, example)
    rows, name = made_up, "made-up rows"
    if example is not None:
        first = take(example, np.arange(min(rows_in(example), EXAMPLE_ROWS)))
        rows, name = joined(first, made_up), "the input example and made-up rows"
    if isinstance(rows, pd.DataFrame):
        rows = rows.astype({c.name: made_up[c.name].dtype for c in description.columns if c.name in made_up.columns})
    yield name, rows
    if isinstance(rows, pd.DataFrame):
        nulls = with_nulls(description, rows)
        if nulls is not None:
            yield "mixed nulls", nulls


def _disagreement(predict: Callable[[ModelInput], ModelAnswer], rows: ModelInput) -> str | float:
    """What disagrees, in words; or the tolerance within which all of it agrees."""
    count = rows_in(rows)
    try:
        whole = Answer(predict(rows))
    except UnsupportedOutputError as error:
        return str(error)
    if not whole.has_rows(count):
        shapes = ", ".join(f"{name} {values.shape}" for name, (_, values) in whole.tensors.items())
        return f"{count} rows in, but the answer is {shapes}"
    if not whole.agrees(Answer(predict(rows))):
        return "the same batch is answered differently the second time"
    if not whole.varies():
        return "every row has the same answer, which tells nothing"
    for name, chosen in _selections(count):
        part = Answer(predict(take(rows, chosen)))
        if not part.has_rows(len(chosen)) or not part.agrees(whole.take(chosen)):
            return f"{name} is answered differently than within the batch"
    return whole.tolerance


def _selections(count: int) -> Iterator[tuple[str, Array]]:
    every = np.arange(count)
    yield "the reversed batch", every[::-1].copy()
    yield "a permuted batch", np.roll(every, count // 3)[np.argsort((every * 7919) % (count * 2 + 1))]
    yield "the first half of the batch", every[: count // 2]
    yield "every second row", every[::2]
    for row in every:
        yield f"row {row} alone", every[row : row + 1]
