"""A model's answer as what is judged: for each row a score, the index of the predicted class, or both.

The profile says the task and the names of the classes; which output is what follows from datatypes and shapes alone, so
the builder of the profile and the server read the same answer alike.

    floats, one for each class   probabilities: score of the second class of two, else the largest; class: the largest
    one label a row              class; integers, booleans, texts, or floats where the classes are floats
    one other float a row        Regression: the score. Binary: score of the second class; class: 0.5 or more
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import isfinite
from typing import NamedTuple, Protocol

from leeboard_runtime.measures import Scalar, category_text

NO_CLASS = -1
TWO = 2
EVEN = 0.5
FLOATS = frozenset({"FP16", "FP32", "FP64"})


class Task(StrEnum):
    """What a model does, as its output shows."""

    BINARY = "Binary"
    MULTICLASS = "Multiclass"
    REGRESSION = "Regression"
    UNKNOWN = "Unknown"


class Tensor(Protocol):
    """One output of a model: datatype of the protocol, values flat in row-major order, None for NaN or null."""

    @property
    def datatype(self) -> str: ...  # noqa: D102 - see the class

    @property
    def data(self) -> Sequence[Scalar | None]: ...  # noqa: D102


class Outcome(NamedTuple):
    """What was predicted, row by row; None where the model tells no scores or no classes.

    A score of None and a class of NO_CLASS: of this row it is unknown.
    """

    scores: Sequence[float | None] | None
    classes: Sequence[int] | None


NOTHING = Outcome(None, None)


class OutcomeReader:
    """Compiled once from the profile's task and classes."""

    def __init__(self, task: Task, classes: Sequence[str]) -> None:
        self._task = task
        self._count = len(classes)
        self._index = {name: index for index, name in enumerate(classes)}
        self._float_labels = bool(classes) and all(_is_float(name) for name in classes)

    def read(self, tensors: Sequence[Tensor], rows: int) -> Outcome:
        """The outcome of each of ``rows`` rows; NOTHING where the answer is not one of this task's."""
        if self._task is Task.UNKNOWN:
            return NOTHING
        table: Sequence[Scalar | None] | None = None
        labels: Sequence[Scalar | None] | None = None
        single: Sequence[Scalar | None] | None = None
        for tensor in tensors:
            data, is_float = tensor.data, tensor.datatype in FLOATS
            if len(data) == rows:
                if self._task is Task.REGRESSION:
                    if tensor.datatype not in {"BYTES", "BOOL"}:
                        return Outcome([_number(value) for value in data], None)
                elif is_float and not self._float_labels:
                    single = data if single is None else single
                elif labels is None:
                    labels = data
            elif is_float and table is None and self._count >= TWO and len(data) == rows * self._count:
                table = data
        return self._classified(table, labels, single)

    def class_of(self, label: Scalar) -> int:
        """The index of a class by its name or value; NO_CLASS where the model knows none of that name."""
        return self._index.get(category_text(label), NO_CLASS)

    def _classified(
        self,
        table: Sequence[Scalar | None] | None,
        labels: Sequence[Scalar | None] | None,
        single: Sequence[Scalar | None] | None,
    ) -> Outcome:
        scores: Sequence[float | None] | None = None
        classes: Sequence[int] | None = None
        if table is not None:
            scores, classes = self._of_probabilities(table)
        elif single is not None:
            scores = [_number(value) for value in single]
            if self._task is Task.BINARY:
                classes = [NO_CLASS if score is None else int(score >= EVEN) for score in scores]
        if labels is not None:
            classes = [NO_CLASS if label is None else self.class_of(label) for label in labels]
        return Outcome(scores, classes)

    def _of_probabilities(self, table: Sequence[Scalar | None]) -> tuple[list[float | None], list[int]]:
        scores: list[float | None] = []
        classes = []
        for start in range(0, len(table), self._count):
            numbers = [value for value in table[start : start + self._count] if _number(value) is not None]
            if len(numbers) < self._count:
                scores.append(None)
                classes.append(NO_CLASS)
                continue
            largest = max(numbers)  # type: ignore[type-var]
            scores.append(numbers[1] if self._count == TWO else largest)  # type: ignore[arg-type]
            classes.append(numbers.index(largest))
        return scores, classes


def _number(value: Scalar | None) -> float | None:
    """A finite number as it is, anything else None."""
    return value if isinstance(value, float | int) and isfinite(value) else None


def _is_float(name: str) -> bool:
    """Whether a class is named by a float, such as 1.0, and not by an integer or a word."""
    try:
        return repr(float(name)) == name
    except ValueError:
        return False
