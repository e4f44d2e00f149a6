"""THE table: MLflow's signature types, the protocol's datatypes, and what null means. Nothing else knows any of it.

`docs/model-server.md` shows the same rows and a test compares them. Rules behind the rows:

- a datatype is accepted when every one of its values is exactly a value of the column's type (lossless widening);
  wider integers go into a floating-point column when each value that is sent does (`EXACT_INTEGER`)
- null is accepted in an optional column only, and only where the type has a word for it; integers have none in NumPy,
  which MLflow documents as "declare integer columns as doubles whenever these may have missing values"
- an optional column may be left out, whatever its type; the model then gets a frame without it, as from MLflow
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Null(StrEnum):
    """What the model sees where a request says null in an optional column."""

    NAN = "NaN"
    NONE = "None"
    NAT = "NaT"
    REFUSED = "refused"


class Packing(StrEnum):
    """How a column travels to the worker: the `array` type code of its values, or a list of JSON values."""

    FLOAT64 = "d"
    FLOAT32 = "f"
    INT64 = "q"
    INT32 = "i"
    BOOL = "B"  # 0, 1, and 2 for null
    MICROSECONDS = "t"  # int64 since the epoch, the smallest value for null
    JSON = "j"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One row of the table."""

    signature: str
    datatype: str
    widened: tuple[str, ...]
    null: Null
    packing: Packing
    numpy: str

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every datatype that a request may name for such a column, the native one first."""
        return (self.datatype, *self.widened)


_SMALL = ("INT8", "INT16", "UINT8", "UINT16")

COLUMN_TYPES: dict[str, ColumnType] = {
    row.signature: row
    for row in (
        ColumnType("boolean", "BOOL", (), Null.NONE, Packing.BOOL, "bool"),
        ColumnType("integer", "INT32", _SMALL, Null.REFUSED, Packing.INT32, "int32"),
        ColumnType("long", "INT64", (*_SMALL, "INT32", "UINT32"), Null.REFUSED, Packing.INT64, "int64"),
        ColumnType(
            "float",
            "FP32",
            ("FP16", *_SMALL, "INT32", "UINT32", "INT64", "UINT64"),
            Null.NAN,
            Packing.FLOAT32,
            "float32",
        ),
        ColumnType(
            "double",
            "FP64",
            ("FP32", "FP16", *_SMALL, "INT32", "UINT32", "INT64", "UINT64"),
            Null.NAN,
            Packing.FLOAT64,
            "float64",
        ),
        ColumnType("string", "BYTES", (), Null.NONE, Packing.JSON, "object"),
        ColumnType("binary", "BYTES", (), Null.NONE, Packing.JSON, "object"),
        ColumnType("datetime", "BYTES", (), Null.NAT, Packing.MICROSECONDS, "datetime64[ns]"),
    )
}

EXACT_INTEGER: dict[str, int] = {"float": 2**24, "double": 2**53}
"""Up to this magnitude every integer is exactly a value of the column's type; a larger one is refused."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """A NumPy element type of a tensor signature; nulls are always refused in tensors."""

    numpy: str
    datatype: str
    code: str  # struct and array type code; "j" for a list of JSON values


TENSOR_TYPES: dict[str, TensorType] = {
    row.numpy: row
    for row in (
        TensorType("bool", "BOOL", "B"),
        TensorType("int8", "INT8", "b"),
        TensorType("int16", "INT16", "h"),
        TensorType("int32", "INT32", "i"),
        TensorType("int64", "INT64", "q"),
        TensorType("uint8", "UINT8", "B"),
        TensorType("uint16", "UINT16", "H"),
        TensorType("uint32", "UINT32", "I"),
        TensorType("uint64", "UINT64", "Q"),
        TensorType("float16", "FP16", "e"),
        TensorType("float32", "FP32", "f"),
        TensorType("float64", "FP64", "d"),
        TensorType("str", "BYTES", "j"),
        TensorType("object", "BYTES", "j"),
    )
}

INTEGER_RANGE: dict[str, tuple[int, int]] = {
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}

FLOAT_LIMIT: dict[str, float] = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": 1.7976931348623157e308}

DATATYPES = ("BOOL", *INTEGER_RANGE, *FLOAT_LIMIT, "BYTES")

NULL_BOOL = 2
NULL_MICROSECONDS = -(2**63)
