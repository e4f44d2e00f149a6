"""The validator of a tensor signature with a fixed shape behind the batch dimension."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from leeboard_runtime.errors import Refusal
from leeboard_runtime.mapping import TENSOR_TYPES
from leeboard_runtime.packed import EVERYTHING, Block, Key, Packed
from leeboard_runtime.signature import Json, Tensor
from leeboard_runtime.tensor_input import check_datatype, check_parameters, flattened, refuse_malformed
from leeboard_runtime.values import BAD_REQUEST, check_elements, shown


class TensorsValidator:
    """Checks and packs the inputs of requests to one model of tensors; one block a tensor, in signature order."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._tensors = {tensor.name: tensor for tensor in tensors}

    def pack(self, inputs: list[Any], parameters: bytes) -> Packed:
        """The request's rows, packed. Raises Refusal naming the tensor that is wrong."""
        blocks: dict[str, Block] = {}
        rows = 0
        for item in inputs:
            name, size, block = self._take(item)
            if name in blocks:
                raise Refusal(BAD_REQUEST, f'input "{name}" is given twice')
            if blocks and size != rows:
                raise Refusal(BAD_REQUEST, f'input "{name}" has {size} rows, the inputs before it have {rows}')
            blocks[name], rows = block, size
        missing = [f'"{name}"' for name in self._tensors if name not in blocks]
        if missing:
            raise Refusal(BAD_REQUEST, f"required input {', '.join(missing)} is missing")
        key = Key((), parameters) if parameters else EVERYTHING
        return Packed(rows, key, [blocks[name] for name in self._tensors])

    def _take(self, item: Json) -> tuple[str, int, Block]:
        try:
            name, shape, datatype, data = item["name"], item["shape"], item["datatype"], item["data"]
            tensor = self._tensors.get(name)
        except (KeyError, TypeError):
            raise refuse_malformed(item) from None
        if tensor is None:
            expected = ", ".join(f'"{known}"' for known in self._tensors)
            raise Refusal(BAD_REQUEST, f"unknown input {shown(name)}; the signature has {expected}")
        where = f'input "{name}"'
        if type(shape) is not list or tuple(shape[1:]) != tensor.shape or not shape or shape[0] == 0:
            want = ", ".join(map(str, ("rows", *tensor.shape)))
            raise Refusal(BAD_REQUEST, f"{where}: shape {shown(shape)} must be [{want}]")
        check_parameters(item.get("parameters"), where)
        values = flattened(data, shape, where)
        return name, shape[0], _block(tensor, datatype, values)


def _block(tensor: Tensor, datatype: Json, values: list[Any]) -> Block:
    where = f'input "{tensor.name}"'
    row = TENSOR_TYPES[tensor.numpy]
    if type(datatype) is not str or datatype != row.datatype:
        if type(datatype) is str:
            check_datatype(datatype, where)
        raise Refusal(
            BAD_REQUEST, f"{where}: datatype {shown(datatype)} does not fit {tensor.numpy}; send {row.datatype}"
        )
    checked = check_elements(datatype, values, where)
    if row.code == "j":
        return [checked]
    return struct.pack(f"={len(checked)}{row.code}", *checked)
