"""Plans for a TrainingJob; ``facts`` draws the stages."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from leeboard.api.training_job import TrainingJob
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.moments import CACHE_RETRY
from leeboard.planning.plan import Plan
from leeboard.planning.training_job.attempt import attempting
from leeboard.planning.training_job.closing import closing, latched
from leeboard.planning.training_job.facts import (
    Needs,
    Situation,
    Stage,
    TrainingJobFacts,
    job_of,
    needs,
    stage,
)
from leeboard.planning.training_job.opening import opening
from leeboard.planning.training_job.recovery import vanished
from leeboard.planning.training_job.registering import registering
from leeboard.planning.training_job.report import Step, told

__all__ = ["Needs", "TrainingJobFacts", "needs", "plan"]


def plan(resource: TrainingJob, facts: TrainingJobFacts, *, defaults: Defaults, now: datetime) -> Plan:
    """What one pass wants for ``resource``; the same input gives the same plan."""
    situation = Situation(resource, facts, defaults, now)
    if resource.metadata.deletion_timestamp is not None:
        return Plan()  # its Job follows by owner reference, its versions stay
    if isinstance(facts.jobs, Unknown):
        return Plan(requeue_after=None if resource.status.outcome else CACHE_RETRY)
    if stage(resource, facts.jobs) is Stage.LATCHED:
        return latched(situation, facts.jobs)
    return told(situation, _step(situation, facts.jobs))


def _step(situation: Situation, jobs: Children) -> Step:
    """The step of a training that has not ended."""
    resource = situation.resource
    match stage(resource, jobs):
        case Stage.OPENING:
            return opening(situation)
        case Stage.ATTEMPT:
            job = job_of(resource, jobs)
            return attempting(situation, job) if job is not None else Step(requeue_after=CACHE_RETRY)
        case Stage.VANISHED:
            return vanished(situation)
        case Stage.REGISTERING:
            return registering(situation)
        case Stage.CLOSING:
            failure = resource.status.failure
            return closing(situation, failure, jobs) if failure is not None else Step(requeue_after=CACHE_RETRY)
        case Stage.LATCHED:
            return Step()
        case never:
            assert_never(never)
