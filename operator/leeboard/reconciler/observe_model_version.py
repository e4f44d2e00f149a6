"""What the planner of ModelVersions is told: Jobs and pods from the cache, MLflow and the pod's log where needed."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind
from leeboard.errors import TrackingUnavailable, TransientError
from leeboard.planning.facts import Children, PodLog, Rejection, Unknown
from leeboard.planning.model_version import ModelVersionFacts, needs
from leeboard.planning.model_version.facts import FINGERPRINT, NOT_ASKED, job_of, pods_of
from leeboard.planning.plan import ref_of
from leeboard.ports import Cluster, Sources

LOG_LINES = 20  # the record is the last line; the model's own exit handlers may print a few more
T = TypeVar("T")


async def observe_model_version(
    resource: ModelVersion, /, *, sources: Sources, rejections: tuple[Rejection, ...]
) -> ModelVersionFacts:
    """Facts of one version; a question that its stage does not ask stays Unknown, and costs nothing."""
    cluster, tracking = sources.cluster, sources.tracking
    jobs = cluster.children(resource.metadata, "Job")
    pods = cluster.children(resource.metadata, "Pod")
    if isinstance(jobs, Unknown) or resource.metadata.deletion_timestamp is not None:
        return ModelVersionFacts(jobs=jobs, pods=pods, rejections=rejections)
    asked, spec = needs(resource, jobs), resource.spec
    return ModelVersionFacts(
        jobs=jobs,
        pods=pods,
        version=await _ask(tracking.get_version(spec.model, spec.version)) if asked.version else NOT_ASKED,
        registered=await _ask(tracking.registered_model(spec.model)) if asked.registered else NOT_ASKED,
        reference=await _ask(tracking.logged_reference(spec.source.run_id)) if asked.reference else NOT_ASKED,
        log=await _log(resource, cluster, jobs=jobs, pods=pods) if asked.log else NOT_ASKED,
        services=cluster.cached(Kind.INFERENCE_SERVICE, resource.metadata.namespace) if asked.champion else NOT_ASKED,
        versions=cluster.cached(Kind.MODEL_VERSION, resource.metadata.namespace) if asked.champion else NOT_ASKED,
        rejections=rejections,
    )


async def _log(
    resource: ModelVersion, cluster: Cluster, *, jobs: Children, pods: Children | Unknown
) -> PodLog | Unknown | None:
    """The end of the fingerprint container's log."""
    job = job_of(resource, jobs)
    if isinstance(pods, Unknown) or job is None:
        return NOT_ASKED
    found = pods_of(job, pods)
    if not found:
        return None
    pod = ref_of({**found[0], "apiVersion": "v1", "kind": "Pod"})
    try:
        lines = await cluster.log_tail(pod, FINGERPRINT, lines=LOG_LINES)
    except TransientError as error:
        return Unknown(str(error))
    return PodLog(pod.name, FINGERPRINT, lines) if lines is not None else None


async def _ask(question: Awaitable[T]) -> T | Unknown:
    """MLflow's answer; no answer is Unknown."""
    try:
        return await question
    except TrackingUnavailable as error:
        return Unknown(str(error))
