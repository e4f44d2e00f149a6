"""ConfigMaps in which a service's numbers and decisions outlive the operator: one for each thing to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leeboard.api.names import Kind, child_name, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference


def config_map_name(service: Metadata, content: str) -> str:
    """Name of the ConfigMap that keeps ``content`` of an InferenceService."""
    return child_name(service.name, service.uid, content)


def config_map(service: Metadata, content: str, data: Mapping[str, str]) -> Manifest:
    """That ConfigMap, as a child of the service."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": config_map_name(service, content),
            "namespace": service.namespace,
            "labels": owner_labels(Kind.INFERENCE_SERVICE, name=service.name, uid=service.uid),
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, service)],
        },
        "data": dict(data),
    }


def live_config_map(service: Metadata, content: str, observed: Iterable[Manifest]) -> Manifest | None:
    """That ConfigMap among those observed."""
    name = config_map_name(service, content)
    return next((item for item in observed if item["metadata"]["name"] == name), None)
