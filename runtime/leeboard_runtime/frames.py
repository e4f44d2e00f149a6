"""Blocks of a batch -> what the model takes; what the model gives -> blocks of an answer. NumPy and pandas live here.

The frame that `input_frame` builds is, column by column and dtype by dtype, the one that MLflow's schema enforcement
would hand to the model; a test compares the two for every type.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from leeboard_runtime.mapping import COLUMN_TYPES, NULL_BOOL, TENSOR_TYPES, Packing
from leeboard_runtime.packed import Group, without
from leeboard_runtime.signature import OUTPUT_TENSOR, Column, Tensor

ModelInput = Any
"""What a pyfunc takes: a DataFrame, an array, or a dictionary of arrays by tensor name."""

ModelAnswer = Any
"""What a pyfunc gives: a DataFrame, Series, array, list or dictionary."""

Array = np.ndarray[Any, Any]

CODE_OF_DATATYPE = {row.datatype: row.code for row in TENSOR_TYPES.values()} | {"FP16": "f"}


class Named(NamedTuple):
    """One output tensor, still an array (or a list of JSON values for BYTES)."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    block: bytes


class UnsupportedOutputError(TypeError):
    """The model's answer has no place in the protocol."""


class Batch(NamedTuple):
    """What a frame of the front says: rows of each request, columns that all of them leave out, the blocks."""

    rows: Sequence[int]
    absent: Sequence[int]
    blocks: Sequence[memoryview]


def input_frame(columns: Sequence[Column], groups: Sequence[Group], batch: Batch) -> pd.DataFrame:
    """The rows of a batch as one frame in the signature's column order."""
    present = without(groups, batch.absent)
    if len(present) == 1 and not batch.absent and present[0].packing in _PLAIN:
        names = [column.name for column in columns]
        return pd.DataFrame(_matrix(present[0], batch.rows, batch.blocks[0]), columns=names, copy=False)
    found: dict[int, Array] = {}
    for group, block in zip(present, batch.blocks, strict=True):
        types = [columns[index].type for index in group.columns]
        found.update(zip(group.columns, _column_arrays(group, types, batch.rows, block=block), strict=True))
    return pd.DataFrame({columns[index].name: found[index] for index in sorted(found)})


def input_tensors(tensors: Sequence[Tensor], batch: Batch) -> ModelInput:
    """One array for an unnamed tensor signature, else a dictionary by name."""
    total = sum(batch.rows)
    arrays = {t.name: _tensor(t, total, block) for t, block in zip(tensors, batch.blocks, strict=True)}
    return arrays if tensors[0].named else arrays[tensors[0].name]


def output_tensors(answer: ModelAnswer) -> list[Named]:
    """The tensors of a model's answer. Raises UnsupportedOutputError."""
    if isinstance(answer, pd.DataFrame):
        return [_named(str(name), answer[name].to_numpy()) for name in answer.columns]
    if isinstance(answer, pd.Series):
        return [_named(answer.name if isinstance(answer.name, str) else OUTPUT_TENSOR, answer.to_numpy())]
    if isinstance(answer, dict):
        return [_named(str(name), np.asarray(values)) for name, values in answer.items()]
    if isinstance(answer, tuple):
        raise UnsupportedOutputError("a tuple has no names for its parts; let the model return a frame or a dictionary")
    return [_named(OUTPUT_TENSOR, np.asarray(answer))]


_PLAIN = frozenset({Packing.FLOAT64, Packing.FLOAT32, Packing.INT64, Packing.INT32})
_NUMPY_OF_PACKING: dict[Packing, np.dtype[Any]] = {
    Packing.FLOAT64: np.dtype("float64"),
    Packing.FLOAT32: np.dtype("float32"),
    Packing.INT64: np.dtype("int64"),
    Packing.INT32: np.dtype("int32"),
    Packing.BOOL: np.dtype("uint8"),
    Packing.MICROSECONDS: np.dtype("int64"),
}


def _matrix(group: Group, rows: Sequence[int], block: memoryview) -> Array:
    """[rows, columns] of one group; in the block each request's values stand column after column."""
    values = np.frombuffer(block, dtype=_NUMPY_OF_PACKING[group.packing])
    width = len(group.columns)
    if max(rows) == 1:
        return values.reshape(len(rows), width)
    ends = np.cumsum([size * width for size in rows])[:-1]
    return np.concatenate([part.reshape(width, -1).T for part in np.split(values, ends)])


def _column_arrays(group: Group, types: Sequence[str], rows: Sequence[int], *, block: memoryview) -> Iterator[Array]:
    if not types:
        return
    if group.packing is Packing.JSON:
        for kind, values in zip(types, json.loads(bytes(block)), strict=True):
            yield _objects(_bytes(values) if kind == "binary" else values)
        return
    matrix = _matrix(group, rows, block)
    for position, kind in enumerate(types):
        yield _typed(kind, matrix[:, position])


def _typed(kind: str, values: Array) -> Array:
    if kind == "boolean":
        if (values == NULL_BOOL).any():
            return _objects([None if value == NULL_BOOL else bool(value) for value in values])
        return values.astype(bool)
    if kind == "datetime":
        return values.astype("datetime64[us]").astype(COLUMN_TYPES[kind].numpy)
    return np.ascontiguousarray(values)


def _bytes(values: list[str | None]) -> list[bytes | None]:
    return [None if value is None else base64.b64decode(value) for value in values]


def _objects(values: Sequence[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _tensor(tensor: Tensor, rows: int, block: memoryview) -> Array:
    if TENSOR_TYPES[tensor.numpy].code == "j":
        flat = np.array(json.loads(bytes(block))[0], dtype=object if tensor.numpy == "object" else str)
    else:
        flat = np.frombuffer(block, dtype=np.dtype(tensor.numpy))
    return flat.reshape(rows, *tensor.shape)


def _named(name: str, values: Array) -> Named:
    if values.ndim == 0:
        raise UnsupportedOutputError(f'output "{name}" is a single {values.dtype}, not one value a row')
    if values.dtype.kind == "O":
        values = _inferred(name, values)
    if values.dtype.kind == "M":
        values = np.datetime_as_string(values, unit="us")
    if values.dtype.kind in "UO":
        return Named(name, "BYTES", values.shape, json.dumps(values.ravel().tolist()).encode())
    if values.dtype.kind == "S":
        flat = [base64.b64encode(value).decode() for value in values.ravel().tolist()]
        return Named(name, "BYTES", values.shape, json.dumps(flat).encode())
    row = TENSOR_TYPES.get(values.dtype.name)
    if row is None:
        raise UnsupportedOutputError(f'output "{name}" is of type {values.dtype}, which the protocol does not have')
    wire_type = np.float32 if row.datatype == "FP16" else values.dtype
    return Named(name, row.datatype, values.shape, np.ascontiguousarray(values, dtype=wire_type).tobytes())


def _inferred(name: str, values: Array) -> Array:
    """Objects of one kind as the array that they could have been; strings and None stay objects."""
    flat = values.ravel().tolist()
    kinds = {type(value) for value in flat if value is not None}
    if kinds <= {str}:
        return values
    if kinds == {bytes}:
        return _objects([None if value is None else base64.b64encode(value).decode() for value in flat])
    if (None in flat and kinds <= {float, int}) or kinds == {float, int}:
        return values.astype(np.float64)
    if len(kinds) == 1 and None not in flat:
        inferred = np.array(flat)
        if inferred.ndim == 1 and inferred.dtype.kind in "biufM":
            return inferred.reshape(values.shape)
    found = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise UnsupportedOutputError(f'output "{name}" holds {found}, which the protocol does not have')
