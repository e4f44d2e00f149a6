"""A hash of what a request asks, one for each row: equal for equal inputs, whatever their JSON looked like.

Two versions of a model are compared request by request, and their signatures need not be the same: columns may stand
in another order, and what was a long may have become a double. So columns go in the order of their names, and every
number goes as a single-precision float, which 1 and 1.0 share, and an FP32 0.1 with an FP64 0.1. Numbers of which that
is not true, and tensors, are only compared within one type: such requests find no partner, which is counted as that.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from leeboard_runtime.mapping import TENSOR_TYPES, Packing
from leeboard_runtime.packed import Block, Packed, groups_of, without
from leeboard_runtime.signature import Column, Description, Tensor

HASH_BYTES = 8
PLANS = 256  # clients choose which optional columns they leave out
NUMBERS = frozenset({Packing.FLOAT64, Packing.FLOAT32, Packing.INT64, Packing.INT32})
ARRAY_CODE = {Packing.MICROSECONDS: "q", Packing.BOOL: "B"}


class Part(NamedTuple):
    """Columns that are hashed together: their blocks by index and array code ("" for JSON), and their order."""

    blocks: tuple[tuple[int, str], ...]
    pick: Callable[[Sequence[Any]], Sequence[Any]]  # a row's values, or the columns, by the columns' names
    is_number: bool


class Row(NamedTuple):
    """One row of several."""

    number: int
    of: int


class Plan(NamedTuple):
    """How rows are hashed that lack the same columns."""

    names: bytes
    parts: tuple[Part, ...]


class Canonical:
    """Compiled once from the description of a model; every answer is deterministic over processes and machines."""

    def __init__(self, description: Description) -> None:
        self._columns = description.columns
        self._tensors = description.tensors
        self._groups = groups_of(description.columns)
        self._plans: dict[tuple[int, ...], Plan] = {}

    def hashes(self, packed: Packed, *, limit: int) -> list[str]:
        """The hashes of the first ``limit`` rows, in their order."""
        rows = min(packed.rows, limit)
        parts = self._tensor_rows(packed, rows) if self._tensors else self._column_rows(packed, rows)
        head = _parameters(packed.key.parameters)
        return [blake2b(head + row, digest_size=HASH_BYTES).hexdigest() for row in parts]

    def _column_rows(self, packed: Packed, rows: int) -> Iterator[bytes]:
        plan = self._plan(packed.key.absent)
        sources = [_values(part, packed.blocks) for part in plan.parts]
        for row in range(rows):
            pieces = [plan.names]
            for part, columns in zip(plan.parts, sources, strict=True):
                pieces.append(_piece(part, columns, Row(row, packed.rows)))
            yield b"\0".join(pieces)

    def _tensor_rows(self, packed: Packed, rows: int) -> Iterator[bytes]:
        named = sorted(zip(self._tensors, packed.blocks, strict=True), key=lambda pair: pair[0].name)
        names = _names([f"{tensor.name}:{tensor.numpy}" for tensor, _ in named])
        for number in range(rows):
            row = Row(number, packed.rows)
            yield b"\0".join((names, *(_tensor_piece(tensor, block, row) for tensor, block in named)))

    def _plan(self, absent: tuple[int, ...]) -> Plan:
        plan = self._plans.get(absent)
        if plan is None:
            if len(self._plans) >= PLANS:
                self._plans.clear()
            plan = self._plans[absent] = self._compiled(absent)
        return plan

    def _compiled(self, absent: tuple[int, ...]) -> Plan:
        groups = [(index, group) for index, group in enumerate(without(self._groups, absent)) if group.columns]
        numbers = [(index, group) for index, group in groups if group.packing in NUMBERS]
        others = sorted((pair for pair in groups if pair[1].packing not in NUMBERS), key=lambda pair: pair[1].packing)
        parts = []
        for together in ([numbers] if numbers else []) + [[pair] for pair in others]:
            columns = list(chain.from_iterable(group.columns for _, group in together))
            pick = _picker([self._columns[column].name for column in columns])
            blocks = tuple((index, _code(group.packing)) for index, group in together)
            parts.append(Part(blocks, pick, together is numbers))
        present = [column for index, column in enumerate(self._columns) if index not in absent]
        return Plan(_names(sorted(_shown(column) for column in present)), tuple(parts))


def _picker(names: Sequence[str]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What puts values that stand in the order of ``names`` into the order of the sorted names."""
    order = sorted(range(len(names)), key=names.__getitem__)
    return itemgetter(*order) if order != list(range(len(names))) else lambda values: values


def _code(packing: Packing) -> str:
    return "" if packing is Packing.JSON else ARRAY_CODE.get(packing, str(packing))


def _shown(column: Column) -> str:
    """A column's name and what it is compared as."""
    packing = groups_of((column,))[0].packing
    return f"{column.name}:{'number' if packing in NUMBERS else packing}"


def _names(names: Sequence[str]) -> bytes:
    return orjson.dumps(names)


def _parameters(text: bytes) -> bytes:
    """The parameters with whole numbers as floats: 1 and 1.0 are one value."""
    return orjson.dumps(_floats(orjson.loads(text))) if text else b""


def _floats(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_floats(one) for one in value]
    return float(value) if type(value) is int else value


def _values(part: Part, blocks: Sequence[Block]) -> Sequence[Any]:
    """All values of a part, column after column; for JSON the columns."""
    found: list[Sequence[Any]] = []
    for index, code in part.blocks:
        block = blocks[index]
        if isinstance(block, bytes):
            values = array(code)
            values.frombytes(block)
            found.append(values)
        else:
            found.append(block)
    return found[0] if len(found) == 1 else list(chain.from_iterable(found))


def _piece(part: Part, values: Sequence[Any], row: Row) -> bytes:
    """One row of a part."""
    if not part.blocks[0][1]:
        return orjson.dumps([column[row.number] for column in part.pick(values)])
    of_row = values if row.of == 1 else values[row.number :: row.of]
    return array("f" if part.is_number else part.blocks[0][1], part.pick(of_row)).tobytes()


def _tensor_piece(tensor: Tensor, block: Block, row: Row) -> bytes:
    """One row of a tensor: its bytes as they travel, or its strings."""
    if isinstance(block, bytes) and TENSOR_TYPES[tensor.numpy].code != "j":
        size = len(block) // row.of
        return block[row.number * size : (row.number + 1) * size]
    flat = block[0]
    assert isinstance(flat, list)  # noqa: S101 - the packing of strings
    size = len(flat) // row.of
    return orjson.dumps(flat[row.number * size : (row.number + 1) * size])
