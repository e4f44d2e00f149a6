"""What the planner of InferenceServices is told: the watch cache and the numbers of a rollout."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.errors import PermanentError, TransientError
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.inference_service import InferenceServiceFacts, Needs, expected_children, needs
from leeboard.planning.plan import ObjectRef
from leeboard.ports import Cluster, Sources
from leeboard.reconciler.measurements import measurements
from leeboard.reconciler.observe_retraining import retraining_facts


async def observe_inference_service(
    resource: InferenceService, /, *, sources: Sources, rejections: tuple[Rejection, ...]
) -> InferenceServiceFacts:
    """The service's children and its model's versions.

    A child that should be there and is not in the cache is looked up live: somebody may have taken off the labels by
    which the cache finds it.
    """
    asked = needs(resource)
    if not asked.children:
        nothing = Children()
        return InferenceServiceFacts((), nothing, nothing, nothing, nothing, nothing)
    cluster, owner = sources.cluster, resource.metadata
    counts, answers = await measurements(resource, needs=asked, sources=sources)
    jobs = await _children(resource, cluster, kind="Job")
    return InferenceServiceFacts(
        model_versions=_model_versions(resource, cluster),
        deployments=await _children(resource, cluster, kind="Deployment"),
        services=await _children(resource, cluster, kind="Service"),
        budgets=await _children(resource, cluster, kind="PodDisruptionBudget"),
        pods=cluster.children(owner, "Pod"),
        endpoint_slices=cluster.children(owner, "EndpointSlice"),
        rejections=rejections,
        routes=await _children(resource, cluster, kind="HTTPRoute") if cluster.serves("HTTPRoute") else None,
        autoscalers=await _children(resource, cluster, kind="HorizontalPodAutoscaler"),
        config_maps=await _children(resource, cluster, kind="ConfigMap"),
        counts=counts,
        answers=answers,
        jobs=jobs,
        pod_templates=await _pod_templates(resource, cluster, jobs, needs=asked),
        watch=sources.watching.known(owner),
        retraining=await retraining_facts(resource, sources=sources),
    )


async def _pod_templates(
    resource: InferenceService, cluster: Cluster, jobs: Children | Unknown, *, needs: Needs
) -> Mapping[str, Manifest | Unknown | None]:
    """The PodTemplates of Jobs that are not there yet, read live: nobody but their author needs them otherwise."""
    found: dict[str, Manifest | Unknown | None] = {}
    for job, name in needs.jobs.items():
        if isinstance(jobs, Unknown) or jobs.named(job) is not None or name in found:
            continue
        try:
            found[name] = await cluster.get(ObjectRef("v1", "PodTemplate", resource.metadata.namespace, name))
        except (TransientError, PermanentError) as error:
            found[name] = Unknown(str(error))
    return found


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


async def _children(resource: InferenceService, cluster: Cluster, *, kind: str) -> Children | Unknown:
    """Children of one kind by the cache, and those that it misses."""
    children = cluster.children(resource.metadata, kind)
    if isinstance(children, Unknown):
        return children
    hidden: list[Manifest] = []
    for ref in expected_children(resource):
        if ref.kind == kind and children.named(ref.name) is None:
            hidden.extend(await _own(ref, resource, cluster))
    return Children((*children.items, *hidden))


async def _own(ref: ObjectRef, resource: InferenceService, cluster: Cluster) -> tuple[Manifest, ...]:
    """The live object, when it is there and ours."""
    live = await cluster.get(ref)
    return (live,) if live is not None and is_controlled_by(live, resource.metadata.uid) else ()
