"""Where the values of a column are in a packed request, and the values themselves, each block unpacked once.

A source is one block as a flat sequence in which the rows of a column stand together: row `r` of the column at
`position` is `source[position * rows + r]`. A tensor is a source of its own, in row-major order.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from struct import Struct, unpack
from typing import Any, NamedTuple

from leeboard_runtime.columns import ARRAY_CODE
from leeboard_runtime.mapping import TENSOR_TYPES, Packing
from leeboard_runtime.packed import Block, Packed, groups_of, without
from leeboard_runtime.signature import Description

Source = Sequence[Any]
Unpack = Callable[[Any], Source]
"""Takes a block of the kind that its place in the layout has."""

TYPE_OF_KIND = {"b": "boolean", "i": "long", "u": "long", "f": "double", "s": "string", "o": "string"}
"""The signature's type whose values a tensor's elements are, by the first letter of NumPy's name."""


class Place(NamedTuple):
    """A column of a request: its block, its position in the block, and its type in the signature."""

    block: int
    position: int
    type: str


class Width(NamedTuple):
    """A tensor of a request: its block, and the number of its elements a row."""

    block: int
    elements: int


class Layout(NamedTuple):
    """Requests that leave the same columns out: where each column and each tensor of several elements is."""

    columns: dict[str, Place]
    tensors: dict[str, Width]
    unpack_row: tuple[Unpack, ...]
    codes: tuple[str, ...]

    def sources(self, packed: Packed) -> list[Source]:
        """The blocks of a request, unpacked."""
        if packed.rows == 1:
            if len(self.unpack_row) == 1:
                return [self.unpack_row[0](packed.blocks[0])]
            return [take(block) for take, block in zip(self.unpack_row, packed.blocks, strict=True)]
        return [_all_rows(code, block) for code, block in zip(self.codes, packed.blocks, strict=True)]


def layout_of(description: Description, absent: Sequence[int] = ()) -> Layout:
    """The layout of requests that leave the columns ``absent`` out."""
    if description.tensors:
        return _of_tensors(description)
    columns: dict[str, Place] = {}
    takes: list[Unpack] = []
    codes: list[str] = []
    for block, group in enumerate(without(groups_of(description.columns), absent)):
        for position, index in enumerate(group.columns):
            column = description.columns[index]
            columns[column.name] = Place(block, position, column.type)
        code = "" if group.packing is Packing.JSON else ARRAY_CODE.get(group.packing, str(group.packing))
        takes.append(Struct(f"={len(group.columns)}{code}").unpack if code else _first_row)
        codes.append(code)
    return Layout(columns, {}, tuple(takes), tuple(codes))


def _of_tensors(description: Description) -> Layout:
    columns: dict[str, Place] = {}
    tensors: dict[str, Width] = {}
    takes: list[Unpack] = []
    codes: list[str] = []
    for block, tensor in enumerate(description.tensors):
        elements = 1
        for size in tensor.shape:
            elements *= size
        code = TENSOR_TYPES[tensor.numpy].code
        if elements == 1:
            columns[tensor.name] = Place(block, 0, TYPE_OF_KIND[tensor.numpy[0]])
        else:
            tensors[tensor.name] = Width(block, elements)
        codes.append("" if code == "j" else code)
        takes.append(_flat if code == "j" else Struct(f"={elements}{code}").unpack)
    return Layout(columns, tensors, tuple(takes), tuple(codes))


def _first_row(columns: list[list[Any]]) -> Source:
    return [column[0] for column in columns]


def _flat(columns: list[list[Any]]) -> Source:
    return list(chain.from_iterable(columns))


def _all_rows(code: str, block: Block) -> Source:
    if not isinstance(block, bytes):
        return _flat(block)
    if code == "e":  # a code of struct's, not of array's
        return unpack(f"={len(block) // 2}e", block)
    values = array(code)
    values.frombytes(block)
    return values
