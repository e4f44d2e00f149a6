"""Columns of a file as values of a signature's types; whatever does not fit is named by column and row."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
import pandas as pd

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.frames import Array
from leeboard_runtime.mapping import COLUMN_TYPES
from leeboard_runtime.signature import Column
from leeboard_runtime.values import shown

BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def invalid(message: str) -> PermanentFault:
    """The reference is not what it should be."""
    return PermanentFault(Reason.REFERENCE_INVALID, message)


def typed(column: pd.Series, wanted: Column) -> Array:
    """The column's values as the server hands them to the model. Raises PermanentFault(ReferenceInvalid)."""
    match wanted.type:
        case "string":
            return objects(texts_of(column))
        case "binary":
            return objects([_bytes(value, wanted, row) for row, value in enumerate(texts_of(column))])
        case "boolean":
            return _booleans(column, wanted)
        case "datetime":
            return _moments(column, wanted)
        case _:
            return _numbers(column, wanted)


def texts_of(column: pd.Series) -> list[Any]:
    """Strings (bytes stay bytes) and None."""
    values = column.tolist()
    return [
        None if value is None or value is pd.NaT or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN
        else value if isinstance(value, str | bytes) else str(value)
        for value in values
    ]  # fmt: skip


def objects(values: list[Any]) -> Array:
    """An array of objects, one a row."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _bytes(value: str | bytes | None, wanted: Column, row: int) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(wanted, row, value, what="base64") from None


def _booleans(column: pd.Series, wanted: Column) -> Array:
    texts = texts_of(column)
    found = [None if text is None else BOOLEANS.get(str(text).lower()) for text in texts]
    for row, (text, value) in enumerate(zip(texts, found, strict=True)):
        if text is not None and value is None:
            raise _wrong(wanted, row, text, what="true or false")
    return objects(found) if None in found else np.asarray(found, dtype=bool)


def _moments(column: pd.Series, wanted: Column) -> Array:
    try:
        parsed = pd.to_datetime(column, utc=True, format=None if column.dtype.kind == "M" else "ISO8601")
    except (ValueError, TypeError) as error:
        first = str(error).splitlines()[0]
        raise invalid(f'column "{wanted.name}" holds a value that is no ISO 8601 time: {first}') from error
    return np.asarray(parsed.dt.tz_localize(None).to_numpy().astype("datetime64[ns]"))


def _numbers(column: pd.Series, wanted: Column) -> Array:
    numbers = pd.to_numeric(column, errors="coerce")
    strange = (numbers.isna() & ~column.isna()).to_numpy()
    if strange.any():
        row = int(np.argmax(strange))
        raise _wrong(wanted, row, column.tolist()[row], what="a number")
    dtype = np.dtype(COLUMN_TYPES[wanted.type].numpy)
    if dtype.kind != "i":
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan)).astype(dtype)
    return _integers(numbers, wanted, dtype)


def _integers(numbers: pd.Series, wanted: Column, dtype: np.dtype[Any]) -> Array:
    if numbers.isna().any():
        row = int(np.argmax(numbers.isna().to_numpy()))
        raise invalid(
            f'column "{wanted.name}" has no value in row {row + 1}, but {wanted.type} has no null; log the '
            "model with a double column"
        )
    values = numbers.to_numpy()
    limits = np.iinfo(dtype)
    wrong = (values != np.floor(values)) | (values < limits.min) | (values > limits.max)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _wrong(wanted, row, values[row].item(), what=f"of type {wanted.type}")
    return np.asarray(values).astype(dtype)


def _wrong(wanted: Column, row: int, value: object, *, what: str) -> PermanentFault:
    return invalid(f'column "{wanted.name}" holds {shown(value)} in row {row + 1}, which is not {what}')
