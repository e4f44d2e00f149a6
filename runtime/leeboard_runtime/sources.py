"""Where the values of a column are in packed requests, and the values themselves, those of many requests at once.

A source is one block of all of these requests as a flat sequence, row after row: the values of the column at `position`
are `source[position::width]`. A tensor is a source of its own, in row-major order too.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from struct import Struct, unpack
from typing import Any, NamedTuple

from leeboard_runtime.columns import ARRAY_CODE
from leeboard_runtime.mapping import TENSOR_TYPES, Packing
from leeboard_runtime.packed import Packed, groups_of, without
from leeboard_runtime.signature import Description

Source = Sequence[Any]

TYPE_OF_KIND = {"b": "boolean", "i": "long", "u": "long", "f": "double", "s": "string", "o": "string"}
"""The signature's type whose values a tensor's elements are, by the first letter of NumPy's name."""
JSON_CODE = str(Packing.JSON)
HALF_CODE = "e"  # a code of struct's, not of array's


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
    """Requests that leave the same columns out: where each column and each tensor of several elements is.

    By block: what its values are packed as, and how many of them a row has. ``is_in_rows``: a request's values travel
    row after row already, as those of tensors do, and not column after column.
    """

    columns: dict[str, Place]
    tensors: dict[str, Width]
    codes: tuple[str, ...]
    widths: tuple[int, ...]
    is_in_rows: bool

    def source(self, block: int, requests: Sequence[Packed], limit: int) -> Source:
        """A block of the first ``limit`` rows of each request."""
        code = self.codes[block]
        if code == JSON_CODE:
            return self._texts(block, requests, limit)
        parts: list[Any] = [
            request.blocks[block] if request.rows == 1 else self._rows(block, request, limit) for request in requests
        ]
        joined = b"".join(parts)
        if code == HALF_CODE:
            return unpack(f"={len(joined) // 2}e", joined)
        values = array(code)
        values.frombytes(joined)
        return values

    def column(self, place: Place, requests: Sequence[Packed], limit: int) -> Source:
        """The values of a column in the first ``limit`` rows of each request."""
        return self.source(place.block, requests, limit)[place.position :: self.widths[place.block]]

    def _rows(self, block: int, request: Packed, limit: int) -> bytes:
        """A block of several rows, row after row."""
        code, width, rows = self.codes[block], self.widths[block], request.rows
        limit = min(limit, rows)
        given: Any = request.blocks[block]
        if self.is_in_rows or width == 1:
            return bytes(given[: limit * width * Struct(f"={code}").size])
        values = array(code)
        values.frombytes(given)
        found = array(code, bytes(limit * width * values.itemsize))
        for position in range(width):
            found[position::width] = values[position * rows : position * rows + limit]
        return found.tobytes()

    def _texts(self, block: int, requests: Sequence[Packed], limit: int) -> Source:
        """Values of JSON: lists by column, or one flat list of a tensor."""
        found: list[Any] = []
        for request in requests:
            columns: Any = request.blocks[block]
            if self.is_in_rows:
                found += columns[0][: limit * self.widths[block]]
            else:
                found += chain.from_iterable(zip(*(column[:limit] for column in columns), strict=True))
        return found


def layout_of(description: Description, absent: Sequence[int] = ()) -> Layout:
    """The layout of requests that leave the columns ``absent`` out."""
    if description.tensors:
        return _of_tensors(description)
    columns: dict[str, Place] = {}
    codes, widths = [], []
    for block, group in enumerate(without(groups_of(description.columns), absent)):
        for position, index in enumerate(group.columns):
            column = description.columns[index]
            columns[column.name] = Place(block, position, column.type)
        codes.append(ARRAY_CODE.get(group.packing, str(group.packing)))
        widths.append(len(group.columns))
    return Layout(columns, {}, tuple(codes), tuple(widths), is_in_rows=False)


def _of_tensors(description: Description) -> Layout:
    columns: dict[str, Place] = {}
    tensors: dict[str, Width] = {}
    codes, widths = [], []
    for block, tensor in enumerate(description.tensors):
        elements = 1
        for size in tensor.shape:
            elements *= size
        if elements == 1:
            columns[tensor.name] = Place(block, 0, TYPE_OF_KIND[tensor.numpy[0]])
        else:
            tensors[tensor.name] = Width(block, elements)
        codes.append(TENSOR_TYPES[tensor.numpy].code)
        widths.append(elements)
    return Layout(columns, tensors, tuple(codes), tuple(widths), is_in_rows=True)
