"""The score and class channels: which cell a row's prediction falls into."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from math import isfinite
from operator import gt
from typing import NamedTuple

from leeboard_runtime.channels import Profile, Role
from leeboard_runtime.outcomes import FLOATS, NO_CLASS, TWO, OutcomeReader, Task
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
        if self._is_of_two and len(tensors) == 1 and len(tensors[0].data) == TWO * rows:
            quick = self._of_two(tensors[0])
            if quick is not None:
                return quick
        scores, classes = self.reader.read(tensors, rows)
        values: Sequence[float | None] = (None,) * rows if scores is None else scores
        if self.score is None:
            cells: Sequence[int] = (NO_CELL,) * rows
        else:
            edges = self._edges
            cells = [NO_CELL if value is None else bisect_right(edges, value) for value in values]
        return Predictions(values, cells, (NO_CLASS,) * rows if classes is None else classes)

    def _of_two(self, tensor: OutputTensor) -> Predictions | None:
        """The usual answer, finite probabilities of two classes, read the quick way; None where it is another."""
        try:
            if tensor.datatype not in FLOATS or not isfinite(sum(tensor.data)):
                return None
        except TypeError:  # None, where an answer may tell nothing
            return None
        firsts, seconds = tensor.data[::2], tensor.data[1::2]
        if self.score is None:
            cells: Sequence[int] = (NO_CELL,) * len(seconds)
        else:
            cells = list(map(bisect_right, repeat(self._edges), seconds))
        return Predictions(seconds, cells, list(map(int, map(gt, seconds, firsts))))

    def count(self, some: Sequence[Predictions]) -> None:
        """Count them; a row whose score or class is unknown is in no cell of that channel."""
        if self.score is not None:
            _add(self.scores, chain.from_iterable(one.cells for one in some))
        if self.label is not None:
            _add(self.classes, chain.from_iterable(one.classes for one in some))


def _add(counts: list[int], found: Iterable[int]) -> None:
    """One for each index that is not negative."""
    for index, number in Counter(found).items():
        if index >= 0:
            counts[index] += number
