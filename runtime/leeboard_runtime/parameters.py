"""Parameters of a request, checked against the parameters of the signature; unknown ones are refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from leeboard_runtime.errors import Refusal
from leeboard_runtime.mapping import INTEGER_RANGE
from leeboard_runtime.signature import Json, Parameter
from leeboard_runtime.tensor_input import CONTENT_TYPES
from leeboard_runtime.values import BAD_REQUEST, shown

TYPES: dict[str, frozenset[type]] = {
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),
    "long": frozenset({int}),
    "float": frozenset({float, int}),
    "double": frozenset({float, int}),
    "string": frozenset({str}),
    "datetime": frozenset({str}),
}
RANGES = {"integer": INTEGER_RANGE["INT32"], "long": INTEGER_RANGE["INT64"]}


class ParametersValidator:
    """Checks the `parameters` object of requests to one model."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._known = {parameter.name: parameter for parameter in parameters}

    def check(self, given: object) -> dict[str, Any]:
        """The parameters for the model, sorted by name, so that equal ones compare equal; empty where none is set."""
        if not given:
            return {}
        if not isinstance(given, dict):
            raise Refusal(BAD_REQUEST, "parameters must be an object")
        return {name: given[name] for name in sorted(given) if self._is_for_the_model(name, given[name])}

    def _is_for_the_model(self, name: str, value: Json) -> bool:
        parameter = self._known.get(name)
        if parameter is not None:
            _check(parameter, value)
            return True
        if name == "binary_data_output":
            if value is not False:
                raise Refusal(
                    BAD_REQUEST,
                    "parameter binary_data_output: the binary tensor data extension is not supported; "
                    "ask for each output with binary_data false",
                )
            return False
        if name == "content_type" and value in CONTENT_TYPES:
            return False
        known = ", ".join(self._known) or "none"
        raise Refusal(BAD_REQUEST, f"unknown parameter {shown(name)}; the signature has {known}")


def _check(parameter: Parameter, value: Json) -> None:
    where = f'parameter "{parameter.name}"'
    if parameter.is_list:
        if type(value) is not list:
            raise Refusal(BAD_REQUEST, f"{where} must be a list of {parameter.type}")
        for element in value:
            _check_scalar(parameter.type, element, where)
    elif parameter.type in TYPES:
        _check_scalar(parameter.type, value, where)


def _check_scalar(kind: str, value: Json, where: str) -> None:
    if type(value) not in TYPES[kind]:
        raise Refusal(BAD_REQUEST, f"{where} must be {kind}, not {shown(value)}")
    if kind in RANGES and not RANGES[kind][0] <= value <= RANGES[kind][1]:
        raise Refusal(BAD_REQUEST, f"{where}: {value} is outside the range of {kind}")
    if kind == "datetime":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise Refusal(BAD_REQUEST, f"{where}: {shown(value)} is no ISO 8601 date or time") from None
