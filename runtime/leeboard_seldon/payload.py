"""Seldon's JSON message to what an MLflow model is asked with, and a model's answer back into a message.

Source: ``prediction.proto`` of seldon-core 1.17.1 (``SeldonMessage``, ``DefaultData``). Of its payloads the two that
hold rows are taken, ``data.ndarray`` and ``data.tensor``; the answer has the payload that the request had.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from mlflow.types import Schema

ModelInput: TypeAlias = pd.DataFrame | npt.NDArray[Any]
ModelAnswer: TypeAlias = pd.DataFrame | pd.Series | npt.NDArray[Any] | list[Any]
WHOLE = frozenset({"integer", "long"})
FRACTIONAL = frozenset({"float", "double"})


class PayloadError(ValueError):
    """The request cannot be read; the text says why, for the client."""


def model_input(message: object, schema: Schema | None) -> ModelInput:
    """The rows of a request as the schema names and types them; without a schema as they came.

    JSON has one kind of number: whole ones become fractions, and fractions without a rest whole ones, where the schema
    says so. Everything else is left to MLflow's own check. Raises PayloadError.
    """
    data = message.get("data") if isinstance(message, Mapping) else None
    if not isinstance(data, Mapping):
        raise PayloadError("the message holds no data: send data.ndarray or data.tensor")
    rows, names = _rows(data), _names(data)
    if schema is not None and schema.is_tensor_spec():
        return _tensor(rows, schema)
    columns = names or ([] if schema is None else list(schema.input_names()))
    if not columns:
        return np.asarray(rows)
    width = {len(row) if isinstance(row, Sequence) and not isinstance(row, str) else -1 for row in rows}
    if width - {len(columns)}:
        raise PayloadError(f"each row needs {len(columns)} values, in the order of {', '.join(map(str, columns))}")
    frame = pd.DataFrame(rows, columns=columns)
    return frame if schema is None else _typed(frame, schema)


def message_of(answer: ModelAnswer, *, as_tensor: bool) -> dict[str, Any]:
    """A model's answer as a message: names of columns where it has some, else ``t:0``, ``t:1`` as Seldon names them."""
    frame = answer.to_frame() if isinstance(answer, pd.Series) else answer
    if isinstance(frame, pd.DataFrame):
        names, values = [str(name) for name in frame.columns], frame.astype(object).to_numpy()
    else:
        values = np.asarray(frame)
        names = [f"t:{index}" for index in range(values.shape[1])] if values.ndim > 1 else []
    if as_tensor:
        flat = [_plain(value) for value in values.ravel().tolist()]
        return {"data": {"names": names, "tensor": {"shape": list(values.shape), "values": flat}}, "meta": {}}
    return {"data": {"names": names, "ndarray": _plain(values.tolist())}, "meta": {}}


def is_tensor(message: object) -> bool:
    """Whether a request's payload is a flat tensor."""
    return isinstance(message, Mapping) and isinstance(message.get("data"), Mapping) and "tensor" in message["data"]


def _rows(data: Mapping[str, Any]) -> list[Any]:
    """The rows of either payload."""
    if isinstance(data.get("ndarray"), list):
        return list(data["ndarray"])
    tensor = data.get("tensor")
    if not isinstance(tensor, Mapping):
        raise PayloadError("data holds no rows: send data.ndarray or data.tensor")
    try:
        rows: list[Any] = np.asarray(tensor["values"]).reshape(tensor["shape"]).tolist()
    except (KeyError, ValueError, TypeError) as error:
        raise PayloadError(f"data.tensor is not values and their shape: {error}") from error
    return rows


def _names(data: Mapping[str, Any]) -> list[str]:
    """The names of the columns, where the request gives some."""
    names = data.get("names") or []
    if not isinstance(names, list) or len(set(map(str, names))) != len(names):
        raise PayloadError("data.names is not a list of different names")
    return [str(name) for name in names]


def _tensor(rows: list[Any], schema: Schema) -> npt.NDArray[Any]:
    """An array of the schema's type."""
    try:
        return np.asarray(rows, dtype=schema.inputs[0].type)
    except (ValueError, TypeError) as error:
        raise PayloadError(f"the rows are no tensor of {schema.inputs[0].type}: {error}") from error


def _typed(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Numbers as the schema means them."""
    for spec in schema.inputs:
        kind = getattr(spec.type, "name", "")
        if spec.name not in frame.columns or not pd.api.types.is_numeric_dtype(frame[spec.name]):
            continue
        column = frame[spec.name]
        if kind in FRACTIONAL and pd.api.types.is_integer_dtype(column):
            frame[spec.name] = column.astype("float64")
        elif kind in WHOLE and pd.api.types.is_float_dtype(column) and (column == column.round()).all():
            frame[spec.name] = column.astype("int64")
    return _narrow(frame, schema)


def _narrow(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The 32-bit types, which JSON does not know either."""
    for spec in schema.inputs:
        narrow = {"integer": "int32", "float": "float32"}.get(getattr(spec.type, "name", ""))
        wide = {"int32": "int64", "float32": "float64"}
        if narrow is None or spec.name not in frame.columns or frame[spec.name].dtype != wide[narrow]:
            continue
        small = frame[spec.name].astype(narrow)
        if narrow == "float32" or (small.astype("int64") == frame[spec.name]).all():
            frame[spec.name] = small
    return frame


def _plain(value: object) -> object:
    """A value as JSON has it: what is not finite becomes null."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
