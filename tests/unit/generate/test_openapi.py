"""Pruning Kubernetes' OpenAPI document, on a small one."""

import json
from typing import Any

from leeboard.generate.openapi import pod_template_text

REFERENCE = "#/components/schemas/"
CORE = "io.k8s.api.core.v1."


def refer(name: str) -> dict[str, Any]:
    """A reference as Kubernetes writes it."""
    return {"allOf": [{"$ref": REFERENCE + name}], "default": {}, "description": "Words."}


SCHEMAS: dict[str, Any] = {
    f"{CORE}PodTemplateSpec": {
        "type": "object",
        "properties": {
            "metadata": refer("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
            "spec": refer(f"{CORE}PodSpec"),
        },
    },
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object", "properties": {"name": {"type": "string"}}},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
    f"{CORE}PodSpec": {
        "description": "Words.",
        "type": "object",
        "required": ["containers"],
        "properties": {
            "ephemeralContainers": {"type": "array", "items": {"type": "string"}},
            "overhead": {
                "type": "object",
                "additionalProperties": {"$ref": f"{REFERENCE}io.k8s.apimachinery.pkg.api.resource.Quantity"},
            },
            "port": {"$ref": f"{REFERENCE}io.k8s.apimachinery.pkg.util.intstr.IntOrString"},
            "containers": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name", "protocol"],
                "x-kubernetes-patch-merge-key": "name",
                "items": refer(f"{CORE}Container"),
            },
        },
    },
    f"{CORE}Container": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "default": ""},
            "protocol": {"type": "string", "default": "TCP"},
            "image": {"type": "string"},
        },
    },
}


def test_a_document_is_inlined_bounded_and_stripped() -> None:
    pruned = json.loads(pod_template_text(json.dumps({"components": {"schemas": SCHEMAS}})))

    spec = pruned["properties"]["spec"]
    quantity = spec["properties"]["overhead"]["additionalProperties"]
    assert (quantity["x-kubernetes-int-or-string"], quantity["maxLength"]) == (True, 64)
    assert spec["required"] == ["containers"]
    assert spec["properties"]["port"] == {"x-kubernetes-int-or-string": True, "maxLength": 253}
    assert set(pruned["properties"]["metadata"]["properties"]) == {"labels", "annotations"}
    assert spec["properties"]["containers"] == {
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name", "protocol"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 253},
                "protocol": {"type": "string", "maxLength": 2048, "default": "TCP"},
                "image": {"type": "string", "maxLength": 1024},
            },
        },
    }
    assert set(spec["properties"]) == {"overhead", "port", "containers"}
