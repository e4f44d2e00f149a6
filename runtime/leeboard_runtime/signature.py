"""What the worker tells the front about its model, once, at start: plain values that travel as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Json = Any
"""A decoded JSON value whose kind has still to be checked."""

INPUT_TENSOR = "input-0"
"""Name of the only input of an unnamed tensor signature, and of the matrix that may stand for all numeric columns."""

OUTPUT_TENSOR = "output-0"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a tabular signature; `type` is a key of mapping.COLUMN_TYPES."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a signature; `numpy` is a key of mapping.TENSOR_TYPES, `shape` leaves the batch dimension out."""

    name: str
    numpy: str
    shape: tuple[int, ...]
    named: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a signature; `type` is MLflow's name of a scalar type."""

    name: str
    type: str
    default: Any
    is_list: bool


@dataclass(frozen=True, slots=True)
class Output:
    """A tensor that the warm-up answered with; the first dimension is -1 where it is that of the rows."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """The inputs (columns or tensors, never both), parameters and outputs of a served model."""

    columns: tuple[Column, ...]
    tensors: tuple[Tensor, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    platform: str
    lean: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values for a frame's header."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Description:
        """The inverse of `as_json`."""
        return cls(
            columns=tuple(Column(**row) for row in document["columns"]),
            tensors=tuple(Tensor(**{**row, "shape": _shape(row["shape"])}) for row in document["tensors"]),
            parameters=tuple(Parameter(**row) for row in document["parameters"]),
            outputs=tuple(Output(**{**row, "shape": _shape(row["shape"])}) for row in document["outputs"]),
            platform=document["platform"],
            lean=document["lean"],
        )


def _shape(value: Sequence[int]) -> tuple[int, ...]:
    return tuple(value)
