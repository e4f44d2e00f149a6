"""What the decision to train again is told: two TrainingJobs by the watch cache, and the state of data on the web."""

from __future__ import annotations

import asyncio

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service import template_and_training
from leeboard.planning.plan import ObjectRef
from leeboard.planning.retraining.facts import RetrainingFacts, data_of, to_ask
from leeboard.ports import Cluster, Sources


async def retraining_facts(resource: InferenceService, *, sources: Sources) -> RetrainingFacts | None:
    """The facts; None where the spec asks for no retraining."""
    spec = resource.spec.retraining
    if spec is None:
        return None
    named, triggered = template_and_training(resource)
    template = await _template(resource, named, sources.cluster)
    asked = to_ask(spec, data_of(template))
    marks = await asyncio.gather(*(sources.marks.mark(uri, max_age=age) for uri, age in asked.items()))
    return RetrainingFacts(template, _training_job(triggered, sources.cluster), dict(zip(asked, marks, strict=True)))


async def _template(resource: InferenceService, ref: ObjectRef | None, cluster: Cluster) -> Manifest | Unknown | None:
    """The live one when a TrainingJob has to be made of it: the cache keeps no pod templates."""
    memory = resource.status.retraining
    trigger = None if memory is None else memory.trigger
    if ref is not None and trigger is not None and not trigger.seen and trigger.outcome is None:
        return await cluster.get(ref)
    return _training_job(ref, cluster)


def _training_job(ref: ObjectRef | None, cluster: Cluster) -> Manifest | Unknown | None:
    if ref is None:
        return None
    cached = cluster.cached(Kind.TRAINING_JOB, ref.namespace)
    return cached if isinstance(cached, Unknown) else cached.named(ref.name)
