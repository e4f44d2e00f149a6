"""Which keys a changed object concerns."""

from __future__ import annotations

from collections.abc import Iterable

from leeboard.api.names import Kind, Label
from leeboard.api.resource import Manifest
from leeboard.ports import Key

_KINDS = {kind.value for kind in Kind}


def keys_of(kind: str, manifest: Manifest, *, services: Iterable[Manifest]) -> tuple[Key, ...]:
    """The resource itself, the resource that owns it, and for a ModelVersion every service of its model.

    ``services`` are the InferenceServices of the object's namespace; only a ModelVersion looks at them.
    """
    metadata = manifest["metadata"]
    namespace = metadata["namespace"]
    keys = []
    if kind in _KINDS:
        keys.append(Key(Kind(kind), namespace, metadata["name"]))
    labels = metadata.get("labels") or {}
    owner_kind, owner = labels.get(Label.KIND), labels.get(Label.OWNER)
    if owner and owner_kind in _KINDS:
        keys.append(Key(Kind(owner_kind), namespace, owner))
    if kind == Kind.MODEL_VERSION:
        model = manifest.get("spec", {}).get("model")
        keys += [
            Key(Kind.INFERENCE_SERVICE, namespace, service["metadata"]["name"])
            for service in services
            if service.get("spec", {}).get("model", {}).get("name") == model
        ]
    return tuple(keys)
