"""One input of a request as JSON gives it: the fields it must have, its shape, its data in row-major order."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

from leeboard_runtime.errors import Refusal
from leeboard_runtime.mapping import DATATYPES
from leeboard_runtime.values import BAD_REQUEST, shown

CONTENT_TYPES = ("np", "pd", "str", "base64", "datetime")
"""MLServer's clients send them; they say nothing that datatype and signature do not say, and are accepted as that."""


def refuse_malformed(item: object) -> Refusal:
    """The reason why an input lacks what every input must have."""
    if not isinstance(item, dict):
        return Refusal(BAD_REQUEST, f"inputs: {shown(item)} is no object with name, shape, datatype and data")
    name = shown(item.get("name"))
    if "data" not in item:
        return Refusal(
            BAD_REQUEST,
            f"input {name}: no data; the binary tensor data extension is not supported, send data as JSON",
        )
    for field, kind, words in (("name", str, "a string"), ("shape", list, "a list"), ("datatype", str, "a string")):
        if not isinstance(item.get(field), kind):
            return Refusal(BAD_REQUEST, f"input {name}: {field} must be {words}")
    return Refusal(BAD_REQUEST, f"input {name}: data must be a list")


def check_parameters(parameters: object, where: str) -> None:
    """Tensor parameters: none, or those that ask for what is done anyway."""
    if parameters is None:
        return
    if not isinstance(parameters, dict):
        raise Refusal(BAD_REQUEST, f"{where}: parameters must be an object")
    for name, value in parameters.items():
        if name == "content_type" and value in CONTENT_TYPES:
            continue
        if name in {"binary_data", "binary_data_output"}:
            if value is False:
                continue
            raise Refusal(BAD_REQUEST, f"{where}: {name}: the binary tensor data extension is not supported")
        if name == "binary_data_size":
            raise Refusal(BAD_REQUEST, f"{where}: {name}: the binary tensor data extension is not supported")
        raise Refusal(BAD_REQUEST, f"{where}: unknown parameter {shown(name)}")


def check_datatype(datatype: str, where: str) -> None:
    """Only the protocol's own datatypes."""
    if datatype not in DATATYPES:
        raise Refusal(BAD_REQUEST, f"{where}: unknown datatype {shown(datatype)}; known are {', '.join(DATATYPES)}")


def flattened(data: object, shape: list[Any], where: str) -> list[Any]:
    """The elements in row-major order, given flat or nested as `shape` says; their number is the product of `shape`."""
    if not isinstance(data, list):
        raise Refusal(BAD_REQUEST, f"{where}: data must be a list")
    if not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise Refusal(BAD_REQUEST, f"{where}: shape {shown(shape)} is no list of sizes")
    flat: list[Any] = data
    if data and type(data[0]) is list:
        flat = _unnested(data, shape, where)
    if len(flat) != math.prod(shape):
        raise Refusal(BAD_REQUEST, f"{where}: shape {shape} wants {math.prod(shape)} elements, data has {len(flat)}")
    return flat


def _unnested(data: list[Any], shape: list[Any], where: str) -> list[Any]:
    level = data
    for depth, size in enumerate(shape):
        if depth == 0:
            if len(level) != size:
                raise Refusal(BAD_REQUEST, f"{where}: shape {shape} says {size} rows, data has {len(level)}")
            continue
        if not all(type(part) is list and len(part) == size for part in level):
            raise Refusal(BAD_REQUEST, f"{where}: data is not nested as shape {shape} says")
        level = list(chain.from_iterable(level))
    return level
