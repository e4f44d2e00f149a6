"""Which keys a changed object concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from leeboard.api.names import Kind, Label
from leeboard.api.resource import Manifest
from leeboard.planning.retraining.facts import template_of
from leeboard.ports import Key

_KINDS = {kind.value for kind in Kind}


def keys_of(kind: str, manifest: Manifest, *, services: Iterable[Manifest]) -> tuple[Key, ...]:
    """The resource itself, the resource that owns it, for a ModelVersion every service of its model, and for a
    TrainingJob every service that trains by it.

    ``services`` are the InferenceServices of the object's namespace.
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
        keys += _services(services, namespace, lambda spec: spec.get("model", {}).get("name") == model)
    elif kind == Kind.TRAINING_JOB:
        keys += _services(services, namespace, lambda spec: template_of(spec) == metadata["name"])
    return tuple(keys)


def _services(services: Iterable[Manifest], namespace: str, fits: Callable[[Manifest], bool]) -> list[Key]:
    mine = (service["metadata"]["name"] for service in services if fits(service.get("spec", {})))
    return [Key(Kind.INFERENCE_SERVICE, namespace, name) for name in mine]
