"""Where a Service's requests go at this moment, by revision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children
from leeboard.planning.observed import is_leaving, label_of

SERVICE_NAME = "kubernetes.io/service-name"
STRANGER = ""
"""Stands for a pod that is not known."""


def ready_endpoints(service: Manifest, *, slices: Children, pods: Children) -> Mapping[str, int]:
    """Ready addresses of a live Service for each revision; an address counts once however many slices hold it.

    Slices of an earlier Service of the same name, and such that are on their way out, are not asked.
    """
    revisions = {pod["metadata"]["uid"]: label_of(pod, Label.REVISION) for pod in pods.items}
    ready = {uid for item in slices.items if _is_of(item, service) for uid in ready_pods(item)}
    return dict(Counter(revisions.get(uid, STRANGER) for uid in ready))


def _is_of(endpoint_slice: Manifest, service: Manifest) -> bool:
    """Whether a slice speaks of this very Service; one without an owner is taken at its label's word."""
    metadata = endpoint_slice["metadata"]
    if is_leaving(endpoint_slice):
        return False
    owners = [owner.get("uid") for owner in metadata.get("ownerReferences") or () if owner.get("kind") == "Service"]
    named = (metadata.get("labels") or {}).get(SERVICE_NAME) == service["metadata"]["name"]
    return named and (not owners or service["metadata"].get("uid") in owners)


def ready_pods(endpoint_slice: Manifest) -> Iterator[str]:
    """Uids of the pods behind ready addresses; a missing ``ready`` is read as ready, as the API says."""
    for endpoint in endpoint_slice.get("endpoints") or ():
        if (endpoint.get("conditions") or {}).get("ready") is not False:
            target = endpoint.get("targetRef") or {}
            yield str(target.get("uid") or endpoint.get("addresses"))
