"""What the planner of InferenceServices is told: all of it from the watch cache, MLflow is never asked."""

from __future__ import annotations

from pydantic import ValidationError

from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.inference_service import InferenceServiceFacts, needs
from leeboard.planning.plan import ObjectRef
from leeboard.ports import Cluster, Tracking

NAME_TAKEN = 409
API_VERSIONS = {"Service": "v1", "Deployment": "apps/v1", "PodDisruptionBudget": "policy/v1"}


async def observe_inference_service(
    resource: InferenceService,
    *,
    cluster: Cluster,
    tracking: Tracking,  # noqa: ARG001 - the signature of every kind's observer
    rejections: tuple[Rejection, ...],
) -> InferenceServiceFacts:
    """The service's children and its model's versions; a name that was taken is looked at once more, live."""
    if not needs(resource).children:
        nothing = Children()
        return InferenceServiceFacts((), nothing, nothing, nothing, nothing, nothing)
    standing, hidden = await _look_at_conflicts(resource, cluster, rejections)
    owner = resource.metadata
    return InferenceServiceFacts(
        model_versions=_model_versions(resource, cluster),
        deployments=_with(cluster.children(owner, "Deployment"), hidden, kind="Deployment"),
        services=_with(cluster.children(owner, "Service"), hidden, kind="Service"),
        budgets=_with(cluster.children(owner, "PodDisruptionBudget"), hidden, kind="PodDisruptionBudget"),
        pods=cluster.children(owner, "Pod"),
        endpoint_slices=cluster.children(owner, "EndpointSlice"),
        rejections=standing,
    )


def _model_versions(resource: InferenceService, cluster: Cluster) -> tuple[ModelVersion, ...] | Unknown:
    """The ModelVersions of the service's model in its namespace."""
    cached = cluster.cached(Kind.MODEL_VERSION, resource.metadata.namespace)
    if isinstance(cached, Unknown):
        return cached
    mine = [item for item in cached.items if item.get("spec", {}).get("model") == resource.spec.model.name]
    try:
        return tuple(ModelVersion.model_validate(item) for item in mine)
    except ValidationError as error:
        return Unknown(f"a ModelVersion of {resource.spec.model.name} cannot be read: {error.errors()[0]['msg']}")


async def _look_at_conflicts(
    resource: InferenceService, cluster: Cluster, rejections: tuple[Rejection, ...]
) -> tuple[tuple[Rejection, ...], tuple[Manifest, ...]]:
    """Rejections that still stand, and children that the cache misses because somebody took our labels off."""
    standing, hidden = [], []
    for rejection in rejections:
        if rejection.code != NAME_TAKEN or rejection.kind not in API_VERSIONS:
            standing.append(rejection)
            continue
        ref = ObjectRef(API_VERSIONS[rejection.kind], rejection.kind, resource.metadata.namespace, rejection.name)
        live = await cluster.get(ref)
        if live is not None and is_controlled_by(live, resource.metadata.uid):
            hidden.append(live)
        elif live is not None:
            standing.append(rejection)
    return tuple(standing), tuple(hidden)


def _with(children: Children | Unknown, hidden: tuple[Manifest, ...], *, kind: str) -> Children | Unknown:
    """``children`` and those of ``hidden`` that are of this kind and not among them."""
    if isinstance(children, Unknown):
        return children
    known = {item["metadata"]["uid"] for item in children.items}
    missing = (item for item in hidden if item["kind"] == kind and item["metadata"]["uid"] not in known)
    return Children((*children.items, *missing))
