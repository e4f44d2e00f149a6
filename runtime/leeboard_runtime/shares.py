"""The answer to a batch: its outputs out of the worker's frame, and each request's rows of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import orjson

from leeboard_runtime import wire
from leeboard_runtime.protocol import OutputTensor


def outputs_of(header: dict[str, Any], body: memoryview) -> list[OutputTensor]:
    """The outputs that the worker tells of in ``header``, out of its blocks."""
    return [
        OutputTensor(
            output["name"], output["datatype"], output["shape"], _elements(output["code"], output["datatype"], block)
        )
        for output, block in zip(header["outputs"], wire.split(body, header["sizes"]), strict=True)
    ]


def shares_of(outputs: list[OutputTensor], sizes: Sequence[int]) -> list[list[OutputTensor]]:
    """Cut each output of a batch into the rows of its requests; ``sizes`` are how many each has."""
    if len(sizes) == 1:
        return [outputs]
    shares: list[list[OutputTensor]] = [[] for _ in sizes]
    for name, datatype, shape, data in outputs:
        tail, stride, start = shape[1:], len(data) // shape[0], 0
        for share, rows in zip(shares, sizes, strict=True):
            share.append(OutputTensor(name, datatype, [rows, *tail], data[start : start + rows * stride]))
            start += rows * stride
    return shares


def _elements(code: str, datatype: str, block: memoryview) -> list[Any]:
    if code == "j":
        elements: list[Any] = orjson.loads(block)
        return elements
    values = array(code)
    values.frombytes(block)
    return list(map(bool, values)) if datatype == "BOOL" else values.tolist()
