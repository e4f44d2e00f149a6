"""Checks of a column's values, each against the mapping table; every function raises Refusal naming the column.

The front calls these for what is not plain: nulls, widened datatypes, dates, base64, or a fault that has to be named.
"""

from __future__ import annotations

import binascii
import math
import struct
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from leeboard_runtime.errors import Refusal
from leeboard_runtime.mapping import (
    COLUMN_TYPES,
    EXACT_INTEGER,
    FLOAT_LIMIT,
    INTEGER_RANGE,
    NULL_BOOL,
    NULL_MICROSECONDS,
    Null,
)
from leeboard_runtime.signature import Column

BAD_REQUEST = 400
SHOWN_CHARACTERS = 40
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

NULL_VALUE: dict[Null, dict[str, Any]] = {
    Null.NAN: {"float": math.nan, "double": math.nan},
    Null.NONE: {"boolean": NULL_BOOL, "string": None, "binary": None},
    Null.NAT: {"datetime": NULL_MICROSECONDS},
    Null.REFUSED: {},
}


def column_values(column: Column, datatype: str, data: list[Any]) -> list[Any]:
    """The values of `column` as they are packed: numbers of its type, 0/1/2, microseconds, or strings and None."""
    where = f'column "{column.name}"'
    row = COLUMN_TYPES[column.type]
    if datatype not in row.accepted:
        raise Refusal(
            BAD_REQUEST,
            f"{where}: datatype {datatype} does not fit {column.type}; send {' or '.join(row.accepted)}",
        )
    values = _without_nulls(column, data, where)
    checked = iter(_converted(column, datatype, values))
    if len(values) == len(data):
        return list(checked)
    null = NULL_VALUE[row.null][column.type]
    return [null if value is None else next(checked) for value in data]


def check_elements(datatype: str, values: list[Any], where: str) -> list[Any]:
    """The values that a datatype says they are; floating-point ones rounded to its width."""
    if datatype == "BOOL":
        return _typed(values, {bool}, f"{where}: BOOL takes true or false")
    if datatype == "BYTES":
        return _typed(values, {str}, f"{where}: BYTES takes strings")
    if datatype in INTEGER_RANGE:
        low, high = INTEGER_RANGE[datatype]
        _typed(values, {int}, f"{where}: {datatype} takes integers")
        return _first_bad(values, lambda v: low <= v <= high, f"{where}: outside {datatype}'s range {low} to {high}")
    limit = FLOAT_LIMIT[datatype]
    _typed(values, {float, int}, f"{where}: {datatype} takes numbers")
    _first_bad(values, lambda v: -limit <= v <= limit, f"{where}: outside {datatype}'s range")
    return _rounded(datatype, values)


def _without_nulls(column: Column, data: list[Any], where: str) -> list[Any]:
    if None not in data:
        return data
    if column.required:
        raise Refusal(BAD_REQUEST, f"{where}: null at row {data.index(None)}, but the signature requires the column")
    if COLUMN_TYPES[column.type].null is Null.REFUSED:
        raise Refusal(
            BAD_REQUEST,
            f"{where}: null at row {data.index(None)}, but {column.type} has no null; leave the whole column out, "
            "or log the model with a double column",
        )
    return [value for value in data if value is not None]


def _converted(column: Column, datatype: str, values: list[Any]) -> list[Any]:
    kind, where = column.type, f'column "{column.name}"'
    values = check_elements(datatype, values, where)
    if kind in EXACT_INTEGER and datatype in INTEGER_RANGE:
        limit = EXACT_INTEGER[kind]
        return _first_bad(values, lambda v: -limit <= v <= limit, f"{where}: not exactly a {kind}")
    if kind == "datetime":
        return [_microseconds(value, where) for value in values]
    if kind == "binary":
        return [_base64(value, where) for value in values]
    return values


def _typed(values: list[Any], types: set[type], rule: str) -> list[Any]:
    if set(map(type, values)) <= types:
        return values
    row, value = next((i, v) for i, v in enumerate(values) if type(v) not in types)
    raise Refusal(BAD_REQUEST, f"{rule}, but element {row} is {shown(value)}")


def _first_bad(values: list[Any], good: Callable[[Any], bool], complaint: str) -> list[Any]:
    for row, value in enumerate(values):
        if not good(value):
            raise Refusal(BAD_REQUEST, f"{complaint}: element {row} is {shown(value)}")
    return values


def _rounded(datatype: str, values: list[Any]) -> list[Any]:
    if datatype == "FP32":
        return array("f", values).tolist()
    if datatype == "FP16":
        layout = struct.Struct(f"={len(values)}e")
        return list(layout.unpack(layout.pack(*values)))
    return values


def _microseconds(value: str, where: str) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refusal(BAD_REQUEST, f"{where}: {shown(value)} is no ISO 8601 date or time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICROSECOND


def _base64(value: str, where: str) -> str:
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError):
        raise Refusal(BAD_REQUEST, f"{where}: {shown(value)} is not base64") from None
    return value


def shown(value: object) -> str:
    """A value as an error message shows it: short, and null for None."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."
