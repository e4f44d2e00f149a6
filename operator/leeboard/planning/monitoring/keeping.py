"""The ConfigMap that remembers what was counted: written when a window closed or a pod went, else left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leeboard.api.names import Kind, child_name, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.monitoring.watch import MARK, Watch
from leeboard.planning.plan import Apply, Create, Write, uid_of


def memory_name(service: Metadata) -> str:
    """Name of the ConfigMap."""
    return child_name(service.name, service.uid, "monitoring")


def remembered(service: Metadata, config_maps: Sequence[Manifest]) -> Watch | None:
    """What the ConfigMap holds; None when it is not there or cannot be read."""
    live = _live(service, config_maps)
    return None if live is None else Watch.from_data(live.get("data") or {})


def memory_writes(service: Metadata, config_maps: Sequence[Manifest], watch: Watch | None) -> Iterator[Write]:
    """One write at most. Nothing is remembered of a service that is not watched."""
    if watch is None or not watch.memory.windows.revisions:
        return
    live = _live(service, config_maps)
    if live is None:
        yield Create(_manifest(service, watch))
    elif (live.get("data") or {}).get(MARK) != watch.mark:
        yield Apply(_manifest(service, watch), uid_of(live))


def _live(service: Metadata, config_maps: Sequence[Manifest]) -> Manifest | None:
    name = memory_name(service)
    return next((item for item in config_maps if item["metadata"]["name"] == name), None)


def _manifest(service: Metadata, watch: Watch) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": memory_name(service),
            "namespace": service.namespace,
            "labels": owner_labels(Kind.INFERENCE_SERVICE, name=service.name, uid=service.uid),
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, service)],
        },
        "data": watch.to_data(),
    }
