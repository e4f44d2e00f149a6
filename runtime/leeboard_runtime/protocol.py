"""The Open Inference Protocol V2 over REST, as values: request bodies in, response bodies out.

Specification: https://github.com/kserve/open-inference-protocol (specification/protocol/inference_rest.md). The binary
tensor data extension is not offered and is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from leeboard_runtime.columns import ColumnsValidator
from leeboard_runtime.errors import Refusal
from leeboard_runtime.mapping import COLUMN_TYPES, TENSOR_TYPES
from leeboard_runtime.packed import Packed
from leeboard_runtime.parameters import ParametersValidator
from leeboard_runtime.signature import Description
from leeboard_runtime.tensor_input import check_parameters
from leeboard_runtime.tensors import TensorsValidator
from leeboard_runtime.values import BAD_REQUEST, shown

TOKEN_PARAMETER = "leeboard_token"  # noqa: S105 - the parameter's name
JSON_HAS_NO_NAN = "NaN and Infinity are not JSON; send null in an optional column"


class OutputTensor(NamedTuple):
    """One tensor of an answer; `data` flat in row-major order."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class Call(NamedTuple):
    """A checked request: its id or None, its rows, and the outputs it wants (None: all)."""

    id: str | None
    packed: Packed
    wanted: list[str] | None


class RequestParser:
    """Compiled once from the description of the model."""

    def __init__(self, description: Description) -> None:
        self._inputs: ColumnsValidator | TensorsValidator = (
            TensorsValidator(description.tensors) if description.tensors else ColumnsValidator(description.columns)
        )
        self._parameters = ParametersValidator(description.parameters)
        self._outputs = [output.name for output in description.outputs]

    def parse(self, body: bytes) -> Call:
        """Check a request's body. Raises Refusal."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _not_json(body, error) from None
        if type(document) is not dict:
            raise Refusal(BAD_REQUEST, "the request must be a JSON object")
        inputs = document.get("inputs")
        if type(inputs) is not list or not inputs:
            raise Refusal(BAD_REQUEST, "inputs must be a list of at least one tensor")
        request_id = document.get("id")
        if request_id is not None and type(request_id) is not str:
            raise Refusal(BAD_REQUEST, "id must be a string")
        parameters = self._parameters.check(document["parameters"]) if document.get("parameters") else None
        wanted = self._wanted(document["outputs"]) if document.get("outputs") else None
        return Call(request_id, self._inputs.pack(inputs, orjson.dumps(parameters) if parameters else b""), wanted)

    def _wanted(self, outputs: object) -> list[str]:
        if not isinstance(outputs, list):
            raise Refusal(BAD_REQUEST, "outputs must be a list")
        names = []
        for output in outputs:
            name = output.get("name") if isinstance(output, dict) else None
            if name not in self._outputs:
                known = ", ".join(f'"{known}"' for known in self._outputs)
                raise Refusal(BAD_REQUEST, f"unknown output {shown(name)}; the model has {known}")
            check_parameters(output.get("parameters"), f'output "{name}"')
            names.append(name)
        return names


class Replies:
    """Response bodies of one served model."""

    def __init__(self, name: str, version: str) -> None:
        self._name = name
        self._version = version

    def infer(self, call: Call, tensors: Sequence[OutputTensor], tokens: str | None = None) -> bytes:
        """The answer to a call; NaN in a floating-point output is null, as JSON has no word for it.

        ``tokens`` goes into the parameter `leeboard_token`, by which labels come back.
        """
        outputs = [
            {"name": t.name, "shape": t.shape, "datatype": t.datatype, "data": t.data}
            for t in tensors
            if call.wanted is None or t.name in call.wanted
        ]
        reply: dict[str, Any] = {"model_name": self._name, "model_version": self._version, "outputs": outputs}
        if call.id is not None:
            reply["id"] = call.id
        if tokens is not None:
            reply["parameters"] = {TOKEN_PARAMETER: tokens}
        return orjson.dumps(reply)

    def model(self, description: Description) -> bytes:
        """Model metadata."""
        columns = [
            {"name": c.name, "datatype": COLUMN_TYPES[c.type].datatype, "shape": [-1]} for c in description.columns
        ]
        tensors = [
            {"name": t.name, "datatype": TENSOR_TYPES[t.numpy].datatype, "shape": [-1, *t.shape]}
            for t in description.tensors
        ]
        outputs = [{"name": o.name, "datatype": o.datatype, "shape": o.shape} for o in description.outputs]
        return orjson.dumps(
            {
                "name": self._name,
                "versions": [self._version],
                "platform": description.platform,
                "inputs": columns or tensors,
                "outputs": outputs,
            }
        )

    def model_ready(self, *, ready: bool) -> bytes:
        """Readiness of the model."""
        return orjson.dumps({"name": self._name, "ready": ready})


def server_metadata(version: str) -> bytes:
    """Server metadata: no extensions."""
    return orjson.dumps({"name": "leeboard-runtime", "version": version, "extensions": []})


def error(message: str) -> bytes:
    """An error response."""
    return orjson.dumps({"error": message})


def _not_json(body: bytes, fault: orjson.JSONDecodeError) -> Refusal:
    if b"NaN" in body or b"Infinity" in body:
        return Refusal(BAD_REQUEST, JSON_HAS_NO_NAN)
    return Refusal(BAD_REQUEST, f"the request is not JSON: {fault}")
