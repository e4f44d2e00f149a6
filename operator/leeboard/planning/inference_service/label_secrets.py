"""The Secrets of late labels that a spec does not name: made before the first pods that mount them, never read.

Nobody tells the operator whether they are there, so they are asked for with each Deployment that is made: one that is
there already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.names import Kind, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.planning.plan import CreateSecret
from leeboard.planning.serving.pod import FEEDBACK_VOLUME, KEYS_VOLUME, label_secret_name

ENTRIES = {KEYS_VOLUME: {"0": 32}, FEEDBACK_VOLUME: {"credential": 64}}
"""Hexadecimal digits by entry. Keys that are named by a date come after the first one, and so seal."""


def label_secrets(service: Metadata, deployment: Manifest) -> Iterator[CreateSecret]:
    """Those of our names that the pods of ``deployment`` mount."""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or ()
    mounted = {(item.get("secret") or {}).get("secretName") for item in volumes}
    for volume, entries in ENTRIES.items():
        name = label_secret_name(service, volume)
        if name in mounted:
            yield CreateSecret(_secret(service, name), entries)


def _secret(service: Metadata, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": service.namespace,
            "labels": owner_labels(Kind.INFERENCE_SERVICE, name=service.name, uid=service.uid),
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, service)],
        },
        "type": "Opaque",
    }
