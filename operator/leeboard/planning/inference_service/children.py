"""The address, the names and the disruption budget of an InferenceService, as it wants them."""

from __future__ import annotations

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Kind, child_name, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.traffic import Provider
from leeboard.planning.plan import ObjectRef
from leeboard.planning.serving import revision_labels


def budget(resource: InferenceService, *, revision: str) -> Manifest:
    """At most one pod of what serves is evicted at a time. ``maxUnavailable`` rather than ``minAvailable``: one replica
    must not keep a node from being drained, nor must pods that answer nothing anyway.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(resource, name=budget_name(resource)),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": revision_labels(resource.metadata, revision=revision)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def budget_name(resource: InferenceService) -> str:
    """Name of the disruption budget."""
    return child_name(resource.metadata.name, resource.metadata.uid, "budget")


def expected_children(resource: InferenceService) -> tuple[ObjectRef, ...]:
    """Children that must be there by the status, or soon will be."""
    namespace, status = resource.metadata.namespace, resource.status
    serving = [revision.deployment for revision in (status.stable, status.canary) if revision is not None]
    expected = [
        ObjectRef("v1", "Service", namespace, resource.metadata.name),
        ObjectRef("policy/v1", "PodDisruptionBudget", namespace, budget_name(resource)),
        *(ObjectRef("apps/v1", "Deployment", namespace, name) for name in serving),
    ]
    if status.traffic is not None and status.traffic.provider == Provider.GATEWAY_API:
        expected += [ObjectRef("v1", "Service", namespace, name) for name in serving]
        expected.append(ObjectRef("gateway.networking.k8s.io/v1", "HTTPRoute", namespace, resource.metadata.name))
    if resource.spec.server.autoscaling is not None:
        expected += [ObjectRef("autoscaling/v2", "HorizontalPodAutoscaler", namespace, name) for name in serving]
    return tuple(expected)


def address(resource: InferenceService) -> str:
    """Where the model answers inside the cluster."""
    return f"http://{resource.metadata.name}.{resource.metadata.namespace}.svc"


def _metadata(resource: InferenceService, *, name: str) -> Manifest:
    """Metadata of a child."""
    metadata = resource.metadata
    return {
        "name": name,
        "namespace": metadata.namespace,
        "labels": owner_labels(Kind.INFERENCE_SERVICE, name=metadata.name, uid=metadata.uid),
        "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, metadata)],
    }
