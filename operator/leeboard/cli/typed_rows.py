"""From the cells of a CSV file to inputs of the Open Inference Protocol, by a model's signature. Pure.

docs/model-server.md has the table of types. An empty cell is null where the signature calls the column optional; in a
required column of text it is an empty text, elsewhere a fault. Every fault names row and column.
"""

from __future__ import annotations

import base64
import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from leeboard.api.model_version import ColumnSchema
from leeboard.api.resource import Manifest
from leeboard.cli.exits import Exit, Failure

MAX_FAULTS = 10
Value = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type of signatures: its datatype in the protocol, how a cell is read, and whether it has a null."""

    datatype: str
    read: Callable[[str], Value]
    has_null: bool = True


def _boolean(cell: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if cell.lower() not in words:
        raise ValueError("is no boolean: true or false")
    return words[cell.lower()]


def _integer(bits: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        try:
            number = int(cell)
        except ValueError:
            raise ValueError("is no whole number") from None
        if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            raise ValueError(f"is no whole number of {bits} bits")
        return number

    return read


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise ValueError("is no number") from None
    if not math.isfinite(number):
        raise ValueError("is not finite: leave the cell empty for a missing value")
    return number


def _moment(cell: str) -> str:
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("is no ISO 8601 date or time") from None
    return cell


def _base64(cell: str) -> str:
    try:
        base64.b64decode(cell, validate=True)
    except ValueError:
        raise ValueError("is no base64") from None
    return cell


TYPES: Mapping[str, ColumnType] = {
    "boolean": ColumnType("BOOL", _boolean),
    "integer": ColumnType("INT32", _integer(32), has_null=False),
    "long": ColumnType("INT64", _integer(64), has_null=False),
    "float": ColumnType("FP32", _number),
    "double": ColumnType("FP64", _number),
    "string": ColumnType("BYTES", str),
    "binary": ColumnType("BYTES", _base64),
    "datetime": ColumnType("BYTES", _moment),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by column, typed."""

    columns: tuple[ColumnSchema, ...]
    values: tuple[tuple[Value, ...], ...]
    """One tuple a row, in the columns' order."""

    def inputs(self, first: int, count: int) -> list[Manifest]:
        """The inputs of a request for ``count`` rows from ``first`` on."""
        part = self.values[first : first + count]
        return [
            {
                "name": column.name,
                "shape": [len(part)],
                "datatype": TYPES[column.type].datatype,
                "data": [row[index] for row in part],
            }
            for index, column in enumerate(self.columns)
        ]


class _Fault(Exception):  # noqa: N818 - collected, not raised
    """What is wrong with one cell, or with one row."""


def typed_rows(lines: Iterable[str], signature: Sequence[ColumnSchema]) -> Rows:
    """Every row of a CSV file with a heading; raises Failure with each fault, ten at most."""
    reader = csv.reader(lines, strict=True)
    try:
        columns = _columns(next(reader, []), signature)
        rows = [
            tuple(_row(cells, columns, where=f"row {number}")) for number, cells in enumerate(reader, start=1) if cells
        ]
    except csv.Error as error:
        raise Failure(f"line {reader.line_num} is no CSV: {error}") from error
    faults = [str(value) for row in rows for value in row if isinstance(value, _Fault)]
    if faults:
        more = [f"and {len(faults) - MAX_FAULTS} more"] if len(faults) > MAX_FAULTS else []
        raise Failure("\n  ".join(["the rows do not fit the model:", *faults[:MAX_FAULTS], *more]))
    if not rows:
        raise Failure("there are no rows below the heading")
    return Rows(columns, tuple(cast("tuple[Value, ...]", row) for row in rows))


def _columns(heading: Sequence[str], signature: Sequence[ColumnSchema]) -> tuple[ColumnSchema, ...]:
    known = {column.name: column for column in signature}
    if any(not column.name or column.type not in TYPES for column in signature):
        odd = next(column for column in signature if not column.name or column.type not in TYPES)
        raise Failure(f"the model takes {odd.type}, which no CSV holds: send it requests of its own", Exit.USAGE)
    missing = [column.name for column in signature if column.required and column.name not in heading]
    strange = [name for name in heading if name not in known]
    twice = sorted({name for name in heading if heading.count(name) > 1})
    for names, what in (
        (missing, "lacks the model's"),
        (strange, "has, and the model does not know,"),
        (twice, "repeats"),
    ):
        if names:
            raise Failure(f"the heading {what} {', '.join(names)}; the model takes {', '.join(known)}")
    return tuple(known[name] for name in heading)


def _row(cells: Sequence[str], columns: tuple[ColumnSchema, ...], *, where: str) -> Iterator[Value | _Fault]:
    if len(cells) != len(columns):
        yield _Fault(f"{where}: has {len(cells)} cells, the heading {len(columns)}")
        return
    for cell, column in zip(cells, columns, strict=True):
        try:
            yield _value(cell, column)
        except ValueError as error:
            yield _Fault(f"{where}, column {column.name}: {f'{cell[:40]!r} ' if cell else ''}{error}")


def _value(cell: str, column: ColumnSchema) -> Value:
    type_ = TYPES[column.type]
    if cell:
        return type_.read(cell)
    if not column.required and type_.has_null:
        return None
    if column.type == "string":
        return ""
    raise ValueError(
        "is empty, and the column is required" if column.required else "is empty, and integers have no null"
    )
