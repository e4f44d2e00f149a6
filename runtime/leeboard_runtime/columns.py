"""The validator of a tabular signature, compiled once: request inputs in, packed groups out.

The usual request (every column in order, native datatypes, no nulls) is checked with the interpreter's own loops: one
set of types, one `array`. Whatever differs takes the named path in `values`, which raises the sentence that names the
column.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from leeboard_runtime.errors import Refusal
from leeboard_runtime.mapping import COLUMN_TYPES, FLOAT_LIMIT, Packing
from leeboard_runtime.packed import EVERYTHING, Block, Group, Key, Packed, groups_of
from leeboard_runtime.signature import INPUT_TENSOR, Column, Json
from leeboard_runtime.tensor_input import check_datatype, check_parameters, flattened, refuse_malformed
from leeboard_runtime.values import BAD_REQUEST, column_values, shown

PLAIN_TYPES: dict[Packing, frozenset[type]] = {
    Packing.FLOAT64: frozenset({float, int}),
    Packing.FLOAT32: frozenset({float, int}),
    Packing.INT64: frozenset({int}),
    Packing.INT32: frozenset({int}),
    Packing.BOOL: frozenset({bool}),
}
"""Values that `array` takes as they are; other packings always go column by column."""

NUMERIC = frozenset({Packing.FLOAT64, Packing.FLOAT32, Packing.INT64, Packing.INT32})
MATRIX_RANK = 2
PLAIN_FIELDS = 4  # name, shape, datatype, data and nothing else
ARRAY_CODE = {Packing.MICROSECONDS: "q"}


class Given(NamedTuple):
    """A column as the request gave it, flat."""

    datatype: str
    data: list[Any]


class ColumnsValidator:
    """Checks and packs the inputs of requests to one tabular model."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        self._groups = groups_of(columns)
        self._index = {column.name: index for index, column in enumerate(columns)}
        self._native = [COLUMN_TYPES[column.type].datatype for column in columns]
        packings = {group.packing for group in self._groups}
        self._takes_matrix = packings <= NUMERIC and INPUT_TENSOR not in self._index
        self._datatype = self._native[0] if len(self._groups) == 1 else ""
        self._names = [column.name for column in columns]

    def pack(self, inputs: list[Any], parameters: bytes) -> Packed:
        """The request's rows, packed. Raises Refusal naming the column that is wrong."""
        if len(inputs) == 1 and self._takes_matrix and _is_matrix(inputs[0]):
            return self._pack_matrix(inputs[0], parameters)
        if self._datatype:
            plain = self._pack_in_order(inputs, parameters)
            if plain is not None:
                return plain
        given: list[Given | None] = [None] * len(self._columns)
        rows = 0
        for item in inputs:
            index, column, rows = self._take(item, rows)
            if given[index] is not None:
                raise Refusal(BAD_REQUEST, f'column "{self._columns[index].name}" is given twice')
            given[index] = column
        return self._packed(rows, given, parameters)

    def _pack_in_order(self, inputs: list[Any], parameters: bytes) -> Packed | None:
        """The quick way for a signature of one packing, all columns given in its order; None where anything differs."""
        group, datatype = self._groups[0], self._datatype
        plain = PLAIN_TYPES.get(group.packing)
        if plain is None or len(inputs) != len(self._names):
            return None
        flat: list[Any] = []
        try:
            size = len(inputs[0]["data"])
            shapes = ([size], [size, 1])
            for item, name in zip(inputs, self._names, strict=True):
                data = item["data"]
                if item["name"] != name or item["datatype"] != datatype or item["shape"] not in shapes:
                    return None
                if len(item) != PLAIN_FIELDS or len(data) != size:
                    return None
                flat += data
        except (KeyError, TypeError):
            return None
        block = _plain_block(group.packing, plain, flat) if size else None
        return None if block is None else Packed(size, Key((), parameters) if parameters else EVERYTHING, [block])

    def _take(self, item: Json, rows: int) -> tuple[int, Given, int]:
        try:
            name, shape, datatype, data = item["name"], item["shape"], item["datatype"], item["data"]
            index = self._index.get(name)
            size = shape[0]
        except (KeyError, TypeError, IndexError):
            raise refuse_malformed(item) from None
        if index is None:
            raise Refusal(BAD_REQUEST, self._unknown(name))
        if len(shape) > 1 or type(size) is not int or type(data) is not list or len(data) != size:
            data = self._column_data(name, shape, data)
            size = len(data)
        if size != rows and rows:
            raise Refusal(BAD_REQUEST, f'column "{name}" has {size} rows, the columns before it have {rows}')
        if size == 0:
            raise Refusal(BAD_REQUEST, f'column "{name}" has no rows')
        if "parameters" in item:
            check_parameters(item["parameters"], f'column "{name}"')
        return index, Given(datatype, data), size

    def _column_data(self, name: str, shape: Json, data: Json) -> list[Any]:
        where = f'column "{name}"'
        if type(shape) is not list or len(shape) > MATRIX_RANK or shape[1:] not in ([], [1]):
            raise Refusal(BAD_REQUEST, f"{where}: shape {shown(shape)} must be [rows] or [rows, 1]")
        return flattened(data, shape, where)

    def _packed(self, rows: int, given: list[Given | None], parameters: bytes) -> Packed:
        key = EVERYTHING
        if None in given or parameters:
            absent = tuple(index for index, column in enumerate(given) if column is None)
            self._refuse_missing(absent)
            key = Key(absent, parameters)
        return Packed(rows, key, [self._block(group, given) for group in self._groups])

    def _block(self, group: Group, given: list[Given | None]) -> Block:
        present = [(index, column) for index in group.columns if (column := given[index]) is not None]
        plain = PLAIN_TYPES.get(group.packing)
        if plain is not None and all(column.datatype == self._native[index] for index, column in present):
            block = _plain_block(group.packing, plain, list(chain.from_iterable(column.data for _, column in present)))
            if block is not None:
                return block
        return self._named_block(group.packing, present)

    def _named_block(self, packing: Packing, present: list[tuple[int, Given]]) -> Block:
        values = []
        for index, column in present:
            check_datatype(column.datatype, f'column "{self._columns[index].name}"')
            values.append(column_values(self._columns[index], column.datatype, column.data))
        if packing is Packing.JSON:
            return values
        return array(ARRAY_CODE.get(packing, str(packing)), chain.from_iterable(values)).tobytes()

    def _pack_matrix(self, item: dict[str, Any], parameters: bytes) -> Packed:
        """`input-0` of shape [rows, columns] stands for all columns in the signature's order."""
        shape, data, datatype = item["shape"], item.get("data"), item.get("datatype")
        width, where = len(self._columns), f'input "{INPUT_TENSOR}"'
        if type(data) is not list or not data or type(datatype) is not str:
            raise refuse_malformed(item) if data != [] else Refusal(BAD_REQUEST, f"{where} has no rows")
        if shape[1] != width:
            raise Refusal(BAD_REQUEST, f"{where}: shape {shape}, but the signature has {width} columns")
        if shape[0] != 1 or len(data) != width:
            data = flattened(data, shape, where)
        if "parameters" in item:
            check_parameters(item["parameters"], where)
        key = Key((), parameters) if parameters else EVERYTHING
        if shape[0] == 1 and datatype == self._datatype:
            group = self._groups[0]
            block = _plain_block(group.packing, PLAIN_TYPES[group.packing], data)
            if block is not None:
                return Packed(1, key, [block])
        given: list[Given | None] = [Given(datatype, data[index::width]) for index in range(width)]
        return Packed(shape[0], key, [self._block(group, given) for group in self._groups])

    def _refuse_missing(self, absent: tuple[int, ...]) -> None:
        missing = [self._columns[index].name for index in absent if self._columns[index].required]
        if missing:
            raise Refusal(BAD_REQUEST, f"required column {_listed(missing)} is missing")
        if len(absent) == len(self._columns):
            raise Refusal(
                BAD_REQUEST, f"inputs: none of the columns {_listed([c.name for c in self._columns])} is given"
            )

    def _unknown(self, name: object) -> str:
        matrix = f', or one input "{INPUT_TENSOR}" of shape [rows, {len(self._columns)}]' if self._takes_matrix else ""
        return f"unknown column {shown(name)}; the signature has {_listed([c.name for c in self._columns])}{matrix}"


def _is_matrix(item: Json) -> bool:
    if type(item) is not dict or item.get("name") != INPUT_TENSOR:
        return False
    shape = item.get("shape")
    return type(shape) is list and len(shape) == MATRIX_RANK


def _plain_block(packing: Packing, types: frozenset[type], flat: list[Any]) -> bytes | None:
    """The block when every value is plain; None sends the columns down the named path."""
    if not types.issuperset(map(type, flat)):
        return None
    try:
        block = array(packing, flat)
    except OverflowError:
        return None
    if (
        packing is Packing.FLOAT32
        and flat
        and not -FLOAT_LIMIT["FP32"] <= min(flat) <= max(flat) <= FLOAT_LIMIT["FP32"]
    ):
        return None
    return block.tobytes()


def _listed(names: Sequence[str], limit: int = 12) -> str:
    shown_names = ", ".join(f'"{name}"' for name in names[:limit])
    return shown_names if len(names) <= limit else f"{shown_names} and {len(names) - limit} more"
