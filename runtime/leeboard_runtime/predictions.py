"""The score and class channels: which cell a row's prediction falls into."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

from leeboard_runtime.channels import Profile, Role
from leeboard_runtime.outcomes import NO_CLASS, TWO, OutcomeReader, Task
from leeboard_runtime.protocol import OutputTensor

NO_CELL = -1


class Predictions(NamedTuple):
    """Row by row: the value predicted (None: unknown), the cell of the score and the index of the class (-1: none)."""

    values: Sequence[float | None]
    cells: Sequence[int]
    classes: Sequence[int]


class PredictionCounter:
    """Counts what a model predicts; compiled once from its profile."""

    def __init__(self, profile: Profile) -> None:
        self.reader = OutcomeReader(profile.task, profile.classes)
        self.score, self.label = profile.index_of(Role.SCORE), profile.index_of(Role.CLASS)
        self._edges = () if self.score is None else profile.channels[self.score].edges or ()
        self._is_of_two = profile.task in {Task.BINARY, Task.MULTICLASS} and len(profile.classes) == TWO
        self.scores = [0] * (0 if self.score is None else len(self._edges) + 1)
        self.classes = [0] * len(profile.classes)

    def judge(self, tensors: Sequence[OutputTensor], rows: int) -> Predictions:
        """What ``rows`` rows were answered; nothing is counted yet."""
        if rows == 1 and self._is_of_two and len(tensors) == 1 and len(tensors[0].data) == TWO:
            return self._of_two(tensors[0], rows)
        return self._judged(tensors, rows)

    def _judged(self, tensors: Sequence[OutputTensor], rows: int) -> Predictions:
        scores, classes = self.reader.read(tensors, rows)
        values: Sequence[float | None] = (None,) * rows if scores is None else scores
        if self.score is None:
            cells: Sequence[int] = (NO_CELL,) * rows
        else:
            edges = self._edges
            cells = [NO_CELL if value is None else bisect_right(edges, value) for value in values]
        return Predictions(values, cells, (NO_CLASS,) * rows if classes is None else classes)

    def _of_two(self, tensor: OutputTensor, rows: int) -> Predictions:
        """The usual answer, probabilities of two classes for one row, read the quick way."""
        first, second = tensor.data
        if type(first) is not float or type(second) is not float or not isfinite(first + second):
            return self._judged([tensor], rows)
        cell = NO_CELL if self.score is None else bisect_right(self._edges, second)
        return Predictions((second,), (cell,), (int(second > first),))

    def count(self, predictions: Predictions) -> None:
        """Count them; a row whose score or class is unknown is in no cell of that channel."""
        scores, classes = self.scores, self.classes
        if self.score is not None:
            for cell in predictions.cells:
                if cell >= 0:
                    scores[cell] += 1
        if self.label is not None:
            for label in predictions.classes:
                if label >= 0:
                    classes[label] += 1
