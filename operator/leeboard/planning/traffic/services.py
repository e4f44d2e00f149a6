"""The Services of one InferenceService: its own, and where the provider needs one, one for each revision."""

from __future__ import annotations

from collections.abc import Mapping

from leeboard.api.names import Kind, Label, child_name, owner_labels
from leeboard.api.resource import Manifest, controller_reference, is_controlled_by
from leeboard.planning.facts import Children
from leeboard.planning.serving import revision_labels
from leeboard.planning.traffic.provider import Road

PORT = 80


def main_service(road: Road, *, selector: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> Manifest:
    """The Service with the name of the InferenceService."""
    return _service(road, name=road.resource.metadata.name, selector=selector, annotations=annotations or {})


def backend_service(road: Road, revision: str) -> Manifest:
    """The Service of one revision alone, named like its Deployment."""
    return _service(
        road,
        name=backend_name(road, revision),
        selector=revision_labels(road.resource.metadata, revision=revision),
        labels={str(Label.REVISION): revision},
    )


def backend_name(road: Road, revision: str) -> str:
    """Name of the Service of one revision, also of one whose Deployment somebody has deleted under its pods."""
    owner = road.resource.metadata
    return road.deployments.get(revision) or child_name(owner.name, owner.uid, revision)


def metadata_of(
    road: Road, *, name: str, labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """Metadata of a child."""
    owner = road.resource.metadata
    made: Manifest = {
        "name": name,
        "namespace": owner.namespace,
        "labels": {**owner_labels(Kind.INFERENCE_SERVICE, name=owner.name, uid=owner.uid), **(labels or {})},
        "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, owner)],
    }
    return {**made, "annotations": dict(annotations)} if annotations else made


def is_same_service(live: Manifest, wanted: Manifest) -> bool:
    """Our labels, the selector as a whole, and our port among the ports."""
    port = wanted["spec"]["ports"][0]
    ports = [{key: item.get(key) for key in port} for item in live["spec"].get("ports") or ()]
    return has_labels(live, wanted) and live["spec"].get("selector") == wanted["spec"]["selector"] and port in ports


def has_labels(live: Manifest, wanted: Manifest) -> bool:
    """Whether our labels are all there."""
    labels = live["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted["metadata"]["labels"].items())


def live_child(road: Road, children: Children, name: str) -> Manifest | None:
    """Our child of that name, unless it is on its way out."""
    found = children.named(name)
    if found is None or found["metadata"].get("deletionTimestamp") is not None:
        return None
    return found if is_controlled_by(found, road.resource.metadata.uid) else None


def selected_revision(road: Road, service: Manifest) -> str | None:
    """The revision that a Service selects, when it selects exactly one."""
    selector = service["spec"].get("selector") or {}
    revision = str(selector.get(Label.REVISION, ""))
    return revision if revision and selector == revision_labels(road.resource.metadata, revision=revision) else None


def _service(
    road: Road,
    *,
    name: str,
    selector: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """An address in the cluster: metrics are on no port of it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata_of(road, name=name, labels=labels, annotations=annotations),
        "spec": {
            "selector": dict(selector),
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP", "targetPort": road.ports.target}],
        },
    }
