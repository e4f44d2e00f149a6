"""Rows to try a model with: its input example, and rows made from the signature and the example.

Nothing is random: the same model gets the same rows, so that two fingerprints of it can be compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from leeboard_runtime.frames import Array, ModelInput
from leeboard_runtime.mapping import COLUMN_TYPES, Null
from leeboard_runtime.signature import Column, Description, Tensor

EPOCH = np.datetime64("2020-01-01T00:00:00", "ns")
SPREAD = (0.0, 1.0, -1.0, 0.5, 2.0, 10.0, -3.0, 0.1, 100.0, -0.25, 5.0, 1.5, -10.0, 0.75, 30.0, -50.0)
STRIDE = 5  # coprime with len(SPREAD): neighbouring columns get different sequences


def rows_in(data: ModelInput) -> int:
    """The number of rows of a model's input."""
    if isinstance(data, dict):
        return len(next(iter(data.values())))
    return len(data)


def take(data: ModelInput, rows: Array) -> ModelInput:
    """Some rows of a model's input, in that order."""
    if isinstance(data, pd.DataFrame):
        return data.iloc[rows].reset_index(drop=True)
    if isinstance(data, dict):
        return {name: values[rows] for name, values in data.items()}
    return data[rows]


def joined(one: ModelInput, other: ModelInput) -> ModelInput:
    """The rows of both."""
    if isinstance(one, pd.DataFrame):
        return pd.concat([one, other], ignore_index=True)
    if isinstance(one, dict):
        return {name: np.concatenate([one[name], other[name]]) for name in one}
    return np.concatenate([one, other])


def synthetic_rows(description: Description, count: int, example: ModelInput | None = None) -> ModelInput:
    """`count` rows as the signature says; around the example's values where there is one."""
    if description.columns:
        present = [c for c in description.columns if example is None or c.name in example.columns]
        return pd.DataFrame({c.name: _column(c, i, count, example=example) for i, c in enumerate(present)})
    arrays = {t.name: _tensor(t, count, example) for t in description.tensors}
    first = description.tensors[0]
    return arrays if first.named else arrays[first.name]


def with_nulls(description: Description, rows: pd.DataFrame) -> pd.DataFrame | None:
    """The rows with nulls in every second row of each optional column that may hold one; None where there is none."""
    null = {Null.NAN: np.nan, Null.NONE: None, Null.NAT: np.datetime64("NaT")}
    optional = [
        c
        for c in description.columns
        if not c.required and c.name in rows.columns and COLUMN_TYPES[c.type].null is not Null.REFUSED
    ]
    if not optional:
        return None
    changed = rows.copy()
    for position, column in enumerate(optional):
        values = changed[column.name].to_numpy(copy=True)
        if column.type == "boolean":
            values = values.astype(object)
        values[position % 2 :: 2] = null[COLUMN_TYPES[column.type].null]
        changed[column.name] = values
    return changed


def _column(column: Column, position: int, count: int, *, example: ModelInput | None) -> Array:
    known = [] if example is None else [value for value in example[column.name].tolist() if not pd.isna(value)]
    if column.type in {"string", "binary", "boolean"}:
        fallback: dict[str, list[Any]] = {"string": ["a", "b"], "binary": [b"a", b"b"], "boolean": [True, False]}
        choices = known or fallback[column.type]
        chosen = [choices[(i + position) % len(choices)] for i in range(count)]
        return np.array(chosen, dtype=COLUMN_TYPES[column.type].numpy)
    if column.type == "datetime":
        start = np.datetime64(pd.Timestamp(known[0]), "ns") if known else EPOCH
        return start + np.arange(count) * np.timedelta64(37, "h")
    base = np.array(known or [1.0], dtype=np.float64)
    values = np.array([_around(float(base[i % len(base)]), i + STRIDE * position) for i in range(count)])
    dtype = np.dtype(COLUMN_TYPES[column.type].numpy)
    return (np.round(values) if dtype.kind == "i" else values).astype(dtype)


def _around(value: float, step: int) -> float:
    return value + SPREAD[step % len(SPREAD)] * (abs(value) if value else 1.0)


def _tensor(tensor: Tensor, count: int, example: ModelInput | None) -> Array:
    shape = (count, *tensor.shape)
    size = int(np.prod(shape))
    if tensor.numpy in {"str", "object"}:
        return np.array([("a", "b")[i % 2] for i in range(size)], dtype=object).reshape(shape)
    dtype = np.dtype(tensor.numpy)
    spread = np.array([SPREAD[(i * STRIDE) % len(SPREAD)] for i in range(size)]).reshape(shape)
    if example is not None:
        source = example[tensor.name] if isinstance(example, dict) else example
        base = np.resize(np.asarray(source, dtype=np.float64), shape)
        spread = base + spread * np.where(base == 0, 1.0, np.abs(base))
    if dtype.kind in "bu":
        spread = np.abs(spread)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(np.round(spread), limits.min, limits.max).astype(dtype)
    return spread.astype(dtype)
