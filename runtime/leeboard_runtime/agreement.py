"""Do two answers of a model agree? Used for the lean path, for batching and for the replay of the input example."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from leeboard_runtime.frames import CODE_OF_DATATYPE, Array, ModelAnswer, output_tensors

TOLERANCE = {"FP64": 1e-9, "FP32": 1e-5, "FP16": 1e-2}
"""Relative and absolute difference within which floating-point outputs agree; other datatypes must be equal.

Not zero: BLAS sums in another order for another batch size. Far below what a decision could hang on."""

SIGNIFICANT_DIGITS = {"FP64": 9, "FP32": 5, "FP16": 2}


class Answer:
    """A model's answer as named arrays whose first dimension is rows."""

    def __init__(self, raw: ModelAnswer) -> None:
        self.tensors: dict[str, tuple[str, Array]] = {}
        for named in output_tensors(raw):
            code = CODE_OF_DATATYPE[named.datatype]
            flat = (
                np.array(json.loads(named.block), dtype=object)
                if code == "j"
                else np.frombuffer(named.block, dtype=code)
            )
            self.tensors[named.name] = (named.datatype, flat.reshape(named.shape))

    def has_rows(self, rows: int) -> bool:
        """Every tensor has one entry a row."""
        return all(values.shape[0] == rows for _, values in self.tensors.values())

    def take(self, rows: Array) -> Answer:
        """The answer for some of the rows, in that order."""
        taken = Answer.__new__(Answer)
        taken.tensors = {name: (datatype, values[rows]) for name, (datatype, values) in self.tensors.items()}
        return taken

    def agrees(self, other: Answer) -> bool:
        """Same tensors, datatypes and shapes; values within the tolerance, NaN with NaN."""
        if self.tensors.keys() != other.tensors.keys():
            return False
        return all(_close(self.tensors[name], other.tensors[name]) for name in self.tensors)

    def varies(self) -> bool:
        """At least two rows have different answers."""
        return any(
            len({json.dumps(row) for row in values.tolist()}) > 1 for _, values in self.tensors.values() if len(values)
        )

    @property
    def tolerance(self) -> float:
        """The widest tolerance among the tensors; 0 where nothing is floating-point."""
        return max((TOLERANCE.get(datatype, 0.0) for datatype, _ in self.tensors.values()), default=0.0)

    def sha256(self) -> str:
        """Hash of the answer: tensors by name, floating-point values at the digits that the tolerance leaves."""
        canonical = [
            [name, datatype, list(v.shape), _digits(datatype, v)]
            for name, (datatype, v) in sorted(self.tensors.items())
        ]
        return hashlib.sha256(json.dumps(canonical, separators=(",", ":")).encode()).hexdigest()


def same_answers(one: ModelAnswer, other: ModelAnswer) -> bool:
    """Two raw answers agree."""
    return Answer(one).agrees(Answer(other))


def _close(one: tuple[str, Array], other: tuple[str, Array]) -> bool:
    (datatype, values), (other_datatype, others) = one, other
    if datatype != other_datatype or values.shape != others.shape:
        return False
    tolerance = TOLERANCE.get(datatype)
    if tolerance is None:
        return bool(np.array_equal(values, others))
    return bool(np.allclose(values, others, rtol=tolerance, atol=tolerance, equal_nan=True))


def _digits(datatype: str, values: Array) -> list[Any]:
    digits = SIGNIFICANT_DIGITS.get(datatype)
    flat = values.ravel().tolist()
    return flat if digits is None else [f"{value:.{digits}g}" for value in flat]
