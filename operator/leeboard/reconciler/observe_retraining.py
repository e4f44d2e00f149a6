"""What the decision to train again is told: TrainingJobs by the watch cache, and the state of data on the web."""

from __future__ import annotations

import asyncio

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.api.retraining_status import RetrainingStatus
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service import template_and_training
from leeboard.planning.plan import ObjectRef, uid_of
from leeboard.planning.retraining.facts import RetrainingFacts, data_of, has_to_be_read, template_of, to_ask
from leeboard.ports import Cluster, Sources


async def retraining_facts(resource: InferenceService, *, sources: Sources) -> RetrainingFacts | None:
    """The facts; None where the spec asks for no retraining."""
    spec = resource.spec.retraining
    if spec is None:
        return None
    named, triggered = template_and_training(resource)
    template = await _template(resource, named, sources.cluster)
    asked = to_ask(spec, data_of(spec, template))
    marks = await asyncio.gather(*(sources.marks.mark(uri, max_age=age) for uri, age in asked.items()))
    return RetrainingFacts(
        template=template,
        training=_training_job(triggered, sources.cluster),
        marks=dict(zip(asked, marks, strict=True)),
        made=_made(resource, sources.cluster),
    )


def _made(resource: InferenceService, cluster: Cluster) -> tuple[Manifest, ...] | Unknown:
    """TrainingJobs that belong to the service; none that another service trains by."""
    owner = resource.metadata
    mine, services = cluster.children(owner, Kind.TRAINING_JOB), cluster.cached(Kind.INFERENCE_SERVICE, owner.namespace)
    if isinstance(mine, Unknown):
        return mine
    if isinstance(services, Unknown):
        return services
    others = (item for item in services.items if item["metadata"]["uid"] != owner.uid)
    named = {template_of(item["spec"]) for item in others}
    ours = (item for item in mine.items if is_controlled_by(item, owner.uid))
    return tuple(item for item in ours if item["metadata"]["name"] not in named)


async def _template(resource: InferenceService, ref: ObjectRef | None, cluster: Cluster) -> Manifest | Unknown | None:
    """The live one where more of it is needed than the cache keeps."""
    spec, memory = resource.spec.retraining, resource.status.retraining or RetrainingStatus()
    cached = _training_job(ref, cluster)
    uid = uid_of(cached) if isinstance(cached, dict) else None
    if ref is not None and spec is not None and has_to_be_read(spec, memory, uid=uid):
        return await cluster.get(ref)
    return cached


def _training_job(ref: ObjectRef | None, cluster: Cluster) -> Manifest | Unknown | None:
    if ref is None:
        return None
    cached = cluster.cached(Kind.TRAINING_JOB, ref.namespace)
    return cached if isinstance(cached, Unknown) else cached.named(ref.name)
