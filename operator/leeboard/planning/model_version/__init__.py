"""Plans for a ModelVersion; ``facts`` draws the stages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from leeboard.api.model_version import ModelVersion
from leeboard.api.resource import is_controlled_by
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.model_version.attempt import attempting
from leeboard.planning.model_version.checking import checking
from leeboard.planning.model_version.evaluating import comparing, pairing
from leeboard.planning.model_version.facts import (
    ModelVersionFacts,
    Needs,
    Situation,
    Stage,
    evaluation_job_of,
    job_of,
    needs,
    profile_job_of,
    stage,
)
from leeboard.planning.model_version.profiling import building, latched, referring
from leeboard.planning.model_version.recording import recording
from leeboard.planning.model_version.report import Step, told
from leeboard.planning.moments import CACHE_RETRY
from leeboard.planning.observed import has_condition
from leeboard.planning.plan import Delete, JsonPatch, Plan, Write, ref_of, uid_of

__all__ = ["ModelVersionFacts", "Needs", "needs", "plan"]


def plan(resource: ModelVersion, facts: ModelVersionFacts, *, defaults: Defaults, now: datetime) -> Plan:
    """What one pass wants for ``resource``; the same input gives the same plan."""
    if resource.metadata.deletion_timestamp is not None:
        return Plan()  # its Jobs follow by owner reference, the MLflow version stays
    if isinstance(facts.jobs, Unknown):
        return Plan(requeue_after=CACHE_RETRY)
    situation = Situation(resource, facts, defaults, now)
    return told(situation, _step(situation, facts.jobs))


def _step(situation: Situation, jobs: Children) -> Step:
    """The step of the stage."""
    job = job_of(situation.resource, jobs)
    match stage(situation.resource, jobs):
        case Stage.CHECKING:
            return checking(situation, jobs)
        case Stage.ATTEMPT:
            return attempting(situation, job, jobs) if job is not None else Step(requeue_after=CACHE_RETRY)
        case Stage.RECORDING:
            return recording(situation, job, jobs) if job is not None else Step(requeue_after=CACHE_RETRY)
        case Stage.REFERENCE:
            return referring(situation)
        case Stage.PROFILING:
            job = profile_job_of(situation.resource, jobs)
            return building(situation, job, jobs) if job is not None else Step(requeue_after=CACHE_RETRY)
        case Stage.EVALUATION:
            return pairing(situation)
        case Stage.COMPARING:
            job = evaluation_job_of(situation.resource, jobs)
            return comparing(situation, job, jobs) if job is not None else Step(requeue_after=CACHE_RETRY)
        case Stage.LATCHED:
            return Step(latched(situation.resource.status), writes=tuple(_clean_up(situation, jobs)))
        case never:
            assert_never(never)


def _clean_up(situation: Situation, jobs: Children) -> Iterator[Write]:
    """What is left of the Jobs: a finished one expires, an unfinished one is of no use any more."""
    if situation.rejection() is not None:
        return
    seconds = int(situation.defaults.finished_job_ttl / timedelta(seconds=1))
    for job in jobs.items:
        if not is_controlled_by(job, situation.resource.metadata.uid) or job["metadata"].get("deletionTimestamp"):
            continue
        if not (has_condition(job, "Complete") or has_condition(job, "Failed")):
            yield Delete(ref_of(job), uid_of(job))
        elif "ttlSecondsAfterFinished" not in job["spec"]:
            operation = {"op": "add", "path": "/spec/ttlSecondsAfterFinished", "value": seconds}
            yield JsonPatch(ref_of(job), uid_of(job), (operation,))
