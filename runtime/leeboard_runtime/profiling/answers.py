"""What a model's answers are: its task and the names of its classes, found on the reference; `outcomes` reads by them.

    floats [rows, classes] in [0, 1], rows summing to 1    Binary or Multiclass
    one value a row, all of them classes of the model      Binary or Multiclass: labels, there is no score
    one text or boolean a row                              Binary or Multiclass: labels
    one float a row in [0, 1], two classes known           Binary: the score of the second class
    one other number a row                                 Regression
    anything else, more than MAX_CLASSES classes           Unknown: nothing of the answers is counted

The classes' names are those that the model carries (scikit-learn's ``classes_``), else the target's distinct values
where there are as many, else 0, 1, 2, ...
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leeboard_runtime.frames import Array, ModelAnswer, Named, output_tensors
from leeboard_runtime.mapping import TENSOR_TYPES
from leeboard_runtime.measures import Scalar, category_text
from leeboard_runtime.outcomes import FLOATS, TWO, Outcome, OutcomeReader, Task

MAX_CLASSES = 100
SUM_TOLERANCE = 1e-3
DTYPE_OF_DATATYPE = {row.datatype: row.numpy for row in TENSOR_TYPES.values() if row.code != "j"} | {"FP16": "float32"}


@dataclass(frozen=True, slots=True)
class Output:
    """One output of the model as the server sends it: [rows, ...]."""

    name: str
    datatype: str
    values: Array

    @property
    def data(self) -> list[Any]:
        """The values, flat."""
        flat: list[Any] = self.values.ravel().tolist()
        return flat


@dataclass(frozen=True, slots=True)
class Reading:
    """How the answers of one model are read; ``table`` names the output that holds probabilities, if one does."""

    task: Task
    classes: tuple[str, ...] = ()
    table: str = ""

    def outcome(self, outputs: Sequence[Output]) -> Outcome:
        """Scores and classes, row by row."""
        return OutcomeReader(self.task, self.classes).read(outputs, len(outputs[0].values))

    def distance(self, one: Sequence[Output], other: Sequence[Output]) -> Array:
        """[rows]: total variation of probabilities, else distance of scores, else 0 or 1 for the same class or not."""
        if self.table:
            left, right = (next(output.values for output in side if output.name == self.table) for side in (one, other))
            return np.asarray(np.abs(left.astype(np.float64) - right).sum(axis=1) / 2)
        first, second = self.outcome(one), self.outcome(other)
        if first.scores is not None and second.scores is not None:
            gaps = np.abs(numbers_of(first.scores) - numbers_of(second.scores))
            return np.asarray(gaps[np.isfinite(gaps)])
        return np.asarray(np.asarray(first.classes) != np.asarray(second.classes), dtype=np.float64)


def numbers_of(scores: Sequence[float | None]) -> Array:
    """[rows] of float64, NaN for what is unknown."""
    return np.asarray([np.nan if score is None else score for score in scores], dtype=np.float64)


def outputs_of(answer: ModelAnswer) -> list[Output]:
    """The answer as the server sends it. Raises UnsupportedOutputError."""
    return [Output(named.name, named.datatype, _array(named)) for named in output_tensors(answer)]


def reading_of(outputs: Sequence[Output], *, own: Sequence[Any] | None, labels: Sequence[Any] | None) -> Reading:
    """What kind of answers these are. ``own`` are the model's classes, ``labels`` the target's values."""
    names = _names(own, labels)
    for output in outputs:
        if _are_probabilities(output):
            count = output.values.shape[1]
            fits = names is not None and len(names) == count
            classes = names if fits and names is not None else tuple(map(str, range(count)))
            return _classified(classes, output.name)
    plain = [output for output in outputs if output.values.size == len(output.values)]
    if len(plain) != 1 or len(outputs) != 1:
        return Reading(Task.UNKNOWN)
    return _of_one(plain[0], names, is_classifier=own is not None)


def _names(own: Sequence[Any] | None, labels: Sequence[Any] | None) -> tuple[str, ...] | None:
    """Names of classes in their order; None where nothing tells them."""
    if own is not None:
        return tuple(category_text(value.item() if isinstance(value, np.generic) else value) for value in own)
    seen = {value for value in labels or () if value is not None}
    return tuple(map(label_text, sorted(seen, key=lambda value: (isinstance(value, str), value)))) or None


def _of_one(output: Output, names: tuple[str, ...] | None, *, is_classifier: bool) -> Reading:
    """The reading of one value a row."""
    seen = {category_text(value) for value in output.data if value is not None}
    is_float = output.datatype in FLOATS
    if output.datatype in {"BYTES", "BOOL"}:
        return _classified(names if names is not None and seen <= set(names) else tuple(sorted(seen)))
    if names is not None and seen <= set(names) and (is_classifier or not is_float):
        return _classified(names)
    if is_float and names is not None and len(names) == TWO and _in_unit(output.values):
        return _classified(names)
    return Reading(Task.REGRESSION)


def _classified(classes: tuple[str, ...], table: str = "") -> Reading:
    if len(classes) > MAX_CLASSES:
        return Reading(Task.UNKNOWN)
    return Reading(Task.BINARY if len(classes) == TWO else Task.MULTICLASS, classes, table)


def label_text(value: Scalar) -> str:
    """As ``category_text``; a whole float is its integer, as a column of integers with a gap is read as floats."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else category_text(value)


def _array(named: Named) -> Array:
    if named.datatype == "BYTES":
        flat = np.empty(int(np.prod(named.shape)), dtype=object)
        flat[:] = json.loads(named.block)
        return flat.reshape(named.shape)
    return np.frombuffer(named.block, dtype=DTYPE_OF_DATATYPE[named.datatype]).reshape(named.shape)


def _are_probabilities(output: Output) -> bool:
    values = output.values
    if output.datatype not in FLOATS or values.ndim != TWO or values.shape[1] < TWO or not _in_unit(values):
        return False
    return bool(np.abs(values.astype(np.float64).sum(axis=1) - 1).max() <= SUM_TOLERANCE)


def _in_unit(values: Array) -> bool:
    return bool(np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all())
