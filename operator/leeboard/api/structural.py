"""From pydantic models to structural schemas, as ``CustomResourceDefinition`` wants them.

A structural schema has no references and no unions, and a default in it is stored in every object, while pydantic's
JSON schema refers to its parts and makes an optional field a union with null. A null that a user writes is pruned by
the API server, therefore nothing is nullable.
"""

from __future__ import annotations

from pydantic import BaseModel, JsonValue

from leeboard.api.cel import KEYWORD as RULES
from leeboard.api.pod_template_rules import EMBED, Use
from leeboard.api.pod_template_schema import Schema, as_object, embedded

_DROPPED = frozenset({"title", "const", "discriminator"})
_EMPTY: tuple[JsonValue, ...] = (None, "", [])


def structural_schema(model: type[BaseModel], *, defaults: bool) -> Schema:
    """The structural schema of ``model``; ``defaults`` says whether the API server fills in what is unset."""
    document: Schema = model.model_json_schema(by_alias=True, mode="validation")
    definitions = as_object(document.pop("$defs", {}))
    return _Converter(definitions, defaults=defaults).convert(document)


class _Converter:
    """Follows references through one document."""

    def __init__(self, definitions: Schema, *, defaults: bool) -> None:
        self._definitions = definitions
        self._defaults = defaults

    def convert(self, raw: Schema) -> Schema:
        """One schema node without references, unions with null and titles."""
        node = self._merged(raw)
        variant = node.pop(EMBED, None)
        if isinstance(variant, str):
            return ordered(embedded(Use(variant)) | {"description": node["description"]})
        if "const" in node:
            node["enum"] = [node["const"]]
        if node.get("type") == "integer":
            node.setdefault("format", "int64")
        converted = {key: self._value(key, value) for key, value in node.items() if self._is_kept(key, value)}
        return ordered(converted)

    def _value(self, key: str, value: JsonValue) -> JsonValue:
        match key:
            case "properties":
                return {name: self.convert(as_object(field)) for name, field in as_object(value).items()}
            case "items" | "additionalProperties":
                return self.convert(as_object(value))
            case _:
                return value

    def _is_kept(self, key: str, value: JsonValue) -> bool:
        if key == "default":
            return self._defaults and value not in _EMPTY
        return key not in _DROPPED

    def _merged(self, raw: Schema) -> Schema:
        """``raw`` with what it refers to; its own words win, rules of both are kept."""
        node = dict(raw)
        for target in self._targets(node):
            inherited = self._merged(target)
            both = [*_sequence(inherited.get(RULES)), *_sequence(node.get(RULES))]
            node = inherited | node | ({RULES: both} if both else {})
        return node

    def _targets(self, node: Schema) -> list[Schema]:
        reference = node.pop("$ref", None)
        if isinstance(reference, str):
            return [as_object(self._definitions[reference.removeprefix("#/$defs/")])]
        choices = [as_object(choice) for choice in _sequence(node.pop("anyOf", None))]
        return [choice for choice in choices if choice.get("type") != "null"]


def ordered(node: Schema) -> Schema:
    """``node`` with what people read first in front, and fields last."""
    front = [key for key in ("description", "type", "format", "enum", "default") if key in node]
    back = [key for key in ("required", "items", "additionalProperties", "properties", RULES) if key in node]
    middle = [key for key in node if key not in front and key not in back]
    return {key: node[key] for key in (*front, *middle, *back)}


def _sequence(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
