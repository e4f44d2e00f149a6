"""The whole operator with the smallest planner that there is: one Job and one run for each TrainingJob, and for each
InferenceService a phase that says which routes are known.

It tests the loop, the adapters and the watch without what the kinds decide: ``python -m ...tiny_operator run``.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import uvloop

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement, merge_conditions
from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind, Tag, child_name, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.api.training_job import TrainingJob
from leeboard.app import operate
from leeboard.errors import TrackingUnavailable
from leeboard.logs import set_up_logging
from leeboard.planning.actions import OpenRun
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, Rejection, Run, Unknown
from leeboard.planning.plan import Create, Notice, NoticeType, Plan
from leeboard.ports import Sources
from leeboard.reconciler.kind import KindEntry, Resource
from leeboard.settings import load_settings


@dataclass(frozen=True, slots=True)
class TinyFacts:
    jobs: Children | Unknown
    runs: tuple[Run, ...] | Unknown
    rejections: tuple[Rejection, ...]


async def observe(resource: TrainingJob, *, sources: Sources, rejections: tuple[Rejection, ...]) -> TinyFacts:
    experiment = f"{resource.metadata.namespace}/{resource.spec.model}"
    try:
        runs: tuple[Run, ...] | Unknown = await sources.tracking.find_runs(
            experiment=experiment, tags={Tag.UID: resource.metadata.uid}
        )
    except TrackingUnavailable as error:
        runs = Unknown(str(error))
    return TinyFacts(sources.cluster.children(resource.metadata, "Job"), runs, rejections)


def plan(resource: TrainingJob, facts: TinyFacts, *, defaults: Defaults, now: datetime) -> Plan:
    del defaults
    metadata = resource.metadata
    if isinstance(facts.jobs, Unknown):
        return Plan(requeue_after=timedelta(seconds=1))
    if isinstance(facts.runs, Unknown):
        return _told(resource, "Waiting", ConditionStatus.UNKNOWN, now=now, after=timedelta(seconds=1))
    if facts.rejections:
        return _told(resource, f"Rejected{facts.rejections[0].code}", ConditionStatus.TRUE, now=now)
    if not facts.runs:
        tags = {Tag.UID.value: metadata.uid}
        experiment = f"{metadata.namespace}/{resource.spec.model}"
        return Plan(actions=(OpenRun(experiment, metadata.name, tags, dict(resource.spec.parameters)),))
    if not facts.jobs.items:
        return Plan(writes=(Create(job_of(metadata, resource.spec.template)),))
    return _told(resource, "Running", ConditionStatus.TRUE, now=now)


def job_of(metadata: Metadata, template: Manifest) -> Manifest:
    labels = owner_labels(Kind.TRAINING_JOB, name=metadata.name, uid=metadata.uid)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": child_name(metadata.name, metadata.uid),
            "namespace": metadata.namespace,
            "labels": labels,
            "ownerReferences": [controller_reference(Kind.TRAINING_JOB, metadata)],
        },
        "spec": {
            "backoffLimit": 0,
            "template": {"metadata": {"labels": labels}, "spec": {**template["spec"], "restartPolicy": "Never"}},
        },
    }


def _told(
    resource: TrainingJob, phase: str, status: ConditionStatus, *, now: datetime, after: timedelta | None = None
) -> Plan:
    judgement = Judgement(type=ConditionType.READY, status=status, reason=phase)
    generation = resource.metadata.generation
    conditions = merge_conditions(resource.status.conditions, [judgement], generation=generation, now=now)
    new = resource.status.model_copy(
        update={"phase": phase, "observed_generation": generation, "conditions": conditions}
    )
    notices = () if resource.status.phase == phase else (Notice(NoticeType.NORMAL, phase, f"It is {phase}."),)
    return Plan(status=new, notices=notices, requeue_after=after)


async def _nothing(resource: Resource, *, sources: Sources, rejections: tuple[Rejection, ...]) -> None: ...


def _leave(resource: Resource, facts: None, /, *, defaults: Defaults, now: datetime) -> Plan:
    del resource, facts, defaults, now
    return Plan()


async def observe_routes(
    resource: InferenceService, *, sources: Sources, rejections: tuple[Rejection, ...]
) -> Children | Unknown | None:
    del rejections
    if not sources.cluster.serves("HTTPRoute"):
        return None
    return sources.cluster.children(resource.metadata, "HTTPRoute")


def tell_routes(
    resource: InferenceService, routes: Children | Unknown | None, /, *, defaults: Defaults, now: datetime
) -> Plan:
    del defaults, now
    match routes:
        case None:
            phase = "NoSuchKind"
        case Unknown():
            phase = "Unknown"
        case Children(items=items):
            phase = ",".join(["Routes", *(item["metadata"]["name"] for item in items)])
    generation = resource.metadata.generation
    told = resource.status.model_copy(update={"phase": phase, "observed_generation": generation})
    return Plan(status=told if resource.status.phase != phase else None)


KINDS: Mapping[Kind, KindEntry[Any, Any]] = {
    Kind.TRAINING_JOB: KindEntry(TrainingJob.model_validate, observe, plan),
    Kind.MODEL_VERSION: KindEntry(ModelVersion.model_validate, _nothing, _leave),
    Kind.INFERENCE_SERVICE: KindEntry(InferenceService.model_validate, observe_routes, tell_routes),
}


def main() -> None:
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(operate(settings, KINDS))
    os._exit(code)


if __name__ == "__main__":
    main()
