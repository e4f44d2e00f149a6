"""A HorizontalPodAutoscaler for each revision that gets requests, and who sets the number of pods.

    Deployment without an autoscaler of ours   we set the number
    Deployment at 0 pods                       we set it: an autoscaler leaves a Deployment at 0 alone
    any other Deployment with one              the autoscaler sets it, from its least number on

We change the number by JSON patch, and an autoscaler by the scale subresource; neither of them says its number again,
so switching autoscaling on for a Deployment that runs needs no more than to stop patching. Only an apply, which repairs
a spoilt Deployment, says everything again: without a number it would give up ours, and 1 would be filled in (tried on
1.36.3); with the one that was observed it moves nothing.
Source: autoscaling/v2; the controller disables itself at 0 pods, and keeps to the least number without any metrics.
"""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import Kind, Label, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.serving import Autoscaling, Server
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving.pod import SERVER

OWNED_FIELDS = ("scaleTargetRef", "minReplicas", "maxReplicas", "metrics")


def autoscaler(resource: InferenceService, revision: Revision, *, scaling: Autoscaling, least: int) -> Manifest:
    """The autoscaler of a revision, named like its Deployment; never more pods at the least than at the most."""
    metadata = resource.metadata
    target = {"type": "Utilization", "averageUtilization": scaling.target_cpu_percent}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": revision.deployment,
            "namespace": metadata.namespace,
            "labels": {
                **owner_labels(Kind.INFERENCE_SERVICE, name=metadata.name, uid=metadata.uid),
                str(Label.REVISION): revision.name,
            },
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, metadata)],
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": revision.deployment},
            "minReplicas": bounded(least, scaling),
            "maxReplicas": scaling.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def bounded(pods: int, scaling: Autoscaling) -> int:
    """A number of pods within what the autoscaler may set: of a canary for its share, or of any new Deployment."""
    return min(max(1, pods), scaling.max_replicas)


def is_same_autoscaler(live: Manifest, wanted: Manifest) -> bool:
    """Whether our labels and fields are as they should be; what others add, ``behavior`` say, is theirs."""
    labels = live["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in wanted["metadata"]["labels"].items()):
        return False
    return all(live["spec"].get(field) == wanted["spec"][field] for field in OWNED_FIELDS)


def replicas_are_ours(deployment: Manifest, autoscaler: Manifest | None) -> bool:
    """Whether we set the number of pods of a live Deployment; ``autoscaler`` is ours of the same name, also one that is
    still on its way out.
    """
    return autoscaler is None or int(deployment["spec"].get("replicas", 1)) == 0


def unmeasured(server: Server) -> Iterator[Finding]:
    """Containers of the user's template whose processor time stands in relation to nothing: an autoscaler would do
    nothing. The server's own container has a request by default.
    """
    spec = (server.template or {}).get("spec") or {}
    sidecars = [item for item in spec.get("initContainers") or () if item.get("restartPolicy") == "Always"]
    for container in (*sidecars, *(spec.get("containers") or ())):
        if server.autoscaling is None or container.get("name") == SERVER:
            continue
        resources = container.get("resources") or {}
        if not any("cpu" in (resources.get(part) or {}) for part in ("requests", "limits")):
            yield Finding(
                "spec.server.autoscaling",
                f"needs a cpu request of every container, and {container.get('name')} has none: set"
                " resources.requests.cpu in spec.server.template",
            )
