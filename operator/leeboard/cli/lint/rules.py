"""The CRDs' own CEL rules, evaluated with the defaults filled in, as the API server does at creation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cel import evaluate

from leeboard.api.cel import KEYWORD
from leeboard.api.pod_template_schema import Schema
from leeboard.cli.lint.documents import Path
from leeboard.cli.lint.schema import Fault


def defaulted(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON value
    """``value`` without nulls and with the schema's defaults."""
    if isinstance(value, list):
        items = _map(schema.get("items"))
        return [defaulted(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    properties = _map(schema.get("properties"))
    others = _map(schema.get("additionalProperties"))
    given = {name: content for name, content in value.items() if content is not None}
    missing = {
        name: _map(field)["default"]
        for name, field in properties.items()
        if "default" in _map(field) and name not in given
    }
    return {name: defaulted(content, _map(properties.get(name, others))) for name, content in (given | missing).items()}


def rule_faults(value: Any, schema: Schema, path: Path = ()) -> Iterator[Fault]:  # noqa: ANN401 - any JSON value
    """Every broken rule of ``value`` and of what is in it; rules about changes do not count at creation."""
    for rule in schema.get(KEYWORD) or ():  # type: ignore[union-attr]
        stated = _map(rule)
        if "oldSelf" not in str(stated["rule"]) and evaluate(str(stated["rule"]), {"self": value}) is not True:
            field = str(stated.get("fieldPath", "")).removeprefix(".")
            yield Fault((*path, *(field.split(".") if field else ())), str(stated["message"]))
    if isinstance(value, dict):
        properties, others = _map(schema.get("properties")), _map(schema.get("additionalProperties"))
        for name, content in value.items():
            yield from rule_faults(content, _map(properties.get(name, others)), (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from rule_faults(item, _map(schema.get("items")), (*path, index))


def _map(value: object) -> Schema:
    return value if isinstance(value, dict) else {}
