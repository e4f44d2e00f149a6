"""The structural schema of a pod template: pruned from the OpenAPI document of Kubernetes, kept beside this module.

    python -m leeboard.generate pod-template --openapi <kubernetes>/api/openapi-spec/v3/api__v1_openapi.json

It has no descriptions (size: each CRD stays below 200 KiB, client-side apply stores it in an annotation), no ephemeral
containers, a bound on every string, list and map (the cost of CEL rules is estimated from them), and Kubernetes' own
list-map keys.
"""

from __future__ import annotations

import json
from importlib import resources

from pydantic import JsonValue

from leeboard.api.cel import KEYWORD
from leeboard.api.pod_template_rules import ITEMS, Node, Use, placed_rules

Schema = dict[str, JsonValue]

RESOURCE = ("schema", "pod_template.json")
_LIST_TYPE = "x-kubernetes-list-type"
_LIST_KEYS = "x-kubernetes-list-map-keys"


def embedded(use: Use) -> Schema:
    """The schema for one use, with its rules.

    TRAINING demands containers, each with name and image. SERVER is merged over the server's own template, so that
    nothing is required but the keys that lists are merged by; a list that is replaced whole keeps its demands.
    """
    schema = _demanding(load()) if use is Use.TRAINING else _relaxed(load())
    for node, rules in placed_rules(use).items():
        _at(schema, node)[KEYWORD] = rules
    return schema


def load() -> Schema:
    """A fresh copy of the pruned schema as Kubernetes defines it."""
    text = resources.files("leeboard.api").joinpath(*RESOURCE).read_text(encoding="utf-8")
    document: Schema = json.loads(text)
    return document


def _demanding(schema: Schema) -> Schema:
    schema["required"] = ["spec"]
    for name in ("containers", "initContainers"):
        _at(schema, ("spec", name, ITEMS))["required"] = ["name", "image"]
    _at(schema, ("spec", "containers"))["minItems"] = 1
    return schema


def _relaxed(schema: Schema, keys: tuple[str, ...] = ()) -> Schema:
    """``schema`` without demands, but for ``keys`` that have no default."""
    relaxed = dict(schema)
    if schema.get(_LIST_TYPE) == "map":
        listed = schema[_LIST_KEYS]
        own = tuple(str(key) for key in listed) if isinstance(listed, list) else ()
        relaxed["items"] = _relaxed(as_object(schema["items"]), own)
    if "properties" in schema:
        fields = as_object(schema["properties"])
        relaxed["properties"] = {name: _relaxed(as_object(field)) for name, field in fields.items()}
        relaxed.pop("required", None)
        if kept := [key for key in keys if "default" not in as_object(fields[key])]:
            relaxed["required"] = list[JsonValue](kept)
    return relaxed


def _at(schema: Schema, node: Node) -> Schema:
    for step in node:
        schema = as_object(schema["items"] if step == ITEMS else as_object(schema["properties"])[step])
    return schema


def as_object(value: JsonValue) -> Schema:
    """``value`` when it is a schema; raises TypeError otherwise."""
    if not isinstance(value, dict):
        raise TypeError(f"a schema is an object, not {value!r}")
    return value
