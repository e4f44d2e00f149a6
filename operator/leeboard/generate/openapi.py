"""Pruning of Kubernetes' OpenAPI document to the structural schema of a pod template."""

from __future__ import annotations

import json

from pydantic import JsonValue

Schema = dict[str, JsonValue]

_ROOT = "io.k8s.api.core.v1.PodTemplateSpec"
_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_PREFIX = "#/components/schemas/"

_KEPT = frozenset(
    {
        "type",
        "format",
        "required",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
    }
)
_DROPPED_FIELDS = frozenset({"ephemeralContainers"})

_MAX_ITEMS = {"containers": 16, "initContainers": 16, "env": 256, "args": 256, "command": 256, "values": 256}
_DEFAULT_MAX_ITEMS = 64
_MAX_PROPERTIES = 64
_MAX_LENGTH = {"name": 253, "image": 1024, "value": 32768, "args": 32768, "command": 32768, "annotations": 16384}
_DEFAULT_MAX_LENGTH = 2048
_MAX_QUANTITY_LENGTH = 64

_QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


def pod_template_text(document_text: str) -> str:
    """The pruned schema as JSON with sorted keys; raises KeyError when the document is not that of core/v1."""
    document = json.loads(document_text)
    pruned = _Pruner(document["components"]["schemas"]).prune({"$ref": _PREFIX + _ROOT}, "template")
    return json.dumps(pruned, indent=1, sort_keys=True) + "\n"


class _Pruner:
    """Follows references through one OpenAPI document (version 3)."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas

    def prune(self, raw: Schema, field: str) -> Schema:
        """``raw``, which is the schema of ``field``, inlined, bounded and without what a CRD may not say."""
        name, node = self._resolve(raw)
        match name:
            case n if n == _OBJECT_META:
                return self._metadata()
            case n if n == _QUANTITY:
                return {
                    "x-kubernetes-int-or-string": True,
                    "maxLength": _MAX_QUANTITY_LENGTH,
                    "pattern": _QUANTITY_PATTERN,
                }
            case n if n == _INT_OR_STRING:
                return {"x-kubernetes-int-or-string": True, "maxLength": 253}
            case _:
                return self._bounded({key: node[key] for key in node if key in _KEPT}, node, field)

    def _resolve(self, raw: Schema) -> tuple[str, Schema]:
        reference = raw.get("$ref")
        if reference is None and isinstance(alternatives := raw.get("allOf"), list):
            reference = _object(alternatives[0])["$ref"]
        if reference is None:
            return "", raw
        name = str(reference).removeprefix(_PREFIX)
        return name, _object(self._schemas[name])

    def _bounded(self, kept: Schema, node: Schema, field: str) -> Schema:
        match kept["type"]:
            case "string":
                return kept | {"maxLength": _MAX_LENGTH.get(field, _DEFAULT_MAX_LENGTH)}
            case "array":
                return self._array(kept, node, field)
            case "object" if "additionalProperties" in node:
                values = self.prune(_object(node["additionalProperties"]), field)
                return kept | {"maxProperties": _MAX_PROPERTIES, "additionalProperties": values}
            case "object":
                return kept | {"properties": self._fields(_object(node.get("properties", {})))}
            case _:
                return kept

    def _fields(self, raw: Schema) -> Schema:
        return {name: self.prune(_object(schema), name) for name, schema in raw.items() if name not in _DROPPED_FIELDS}

    def _array(self, kept: Schema, node: Schema, field: str) -> Schema:
        """A list; the keys of a list-map are required, or have the default that Kubernetes gives them."""
        raw = _object(node["items"])
        items = self.prune(raw, field)
        keys = kept.get("x-kubernetes-list-map-keys")
        for key in keys if isinstance(keys, list) else []:
            _, item = self._resolve(raw)
            default = _object(_object(item["properties"])[str(key)]).get("default")
            required = items.get("required")
            listed = list(required) if isinstance(required, list) else []
            if key in listed:
                continue
            if default:
                _object(_object(items["properties"])[str(key)])["default"] = default
            else:
                items["required"] = [*listed, key]
        return kept | {"maxItems": _MAX_ITEMS.get(field, _DEFAULT_MAX_ITEMS), "items": items}

    def _metadata(self) -> Schema:
        """Labels and annotations: what the pods of a template take from its metadata."""
        return {"type": "object", "properties": {"labels": _strings(63), "annotations": _strings(16384)}}


def _strings(max_length: int) -> Schema:
    values: Schema = {"type": "string", "maxLength": max_length}
    return {"type": "object", "maxProperties": _MAX_PROPERTIES, "additionalProperties": values}


def _object(value: JsonValue) -> Schema:
    if not isinstance(value, dict):
        raise TypeError(f"a schema is an object, not {value!r}")
    return value
