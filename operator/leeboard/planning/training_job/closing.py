"""Stages CLOSING and LATCHED: pods are released, the run is closed with its log, and the Job is left to its ttl."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.api.training_job import Failure, FailureClass
from leeboard.planning.actions import Action, UploadText
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, PodLog, Run, RunStatus, Unknown
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, TRACKING_RETRY, since
from leeboard.planning.plan import Delete, JsonPatch, Plan, Write, ref_of, uid_of
from leeboard.planning.training_job.ending import ended, failure_report
from leeboard.planning.training_job.facts import NOT_ASKED, Situation, attempt_of, condition
from leeboard.planning.training_job.report import Step, retold
from leeboard.planning.training_job.run import close_run

NO_LOG = frozenset({FailureClass.NEVER_STARTED, FailureClass.RESULT_LOST})


def closing(situation: Situation, failure: Failure, jobs: Children) -> Step:
    """The attempt failed: nothing keeps running, and MLflow tells how it ended."""
    report, status, run = failure_report(failure), situation.status, situation.facts.run
    releasing = tuple(_release(situation, jobs))
    if isinstance(run, Unknown) and run is not NOT_ASKED:
        return Step(report, writes=releasing, requeue_after=TRACKING_RETRY)
    if _waits_for_log(situation, failure):
        return Step(report, writes=releasing, requeue_after=CACHE_RETRY)
    actions = _close(situation, run, failure) if isinstance(run, Run) else ()
    if actions:
        return Step(report, writes=releasing, actions=actions)
    step = ended(situation, report, status)
    return Step(step.report, step.status, writes=releasing)


def latched(situation: Situation, jobs: Children) -> Plan:
    """The training is over: only what is left of its Job is dealt with, as often as it takes."""
    writes = (*_release(situation, jobs), *_expire(situation, jobs, situation.defaults))
    return Plan(status=retold(situation), writes=writes)


def _close(situation: Situation, run: Run, failure: Failure) -> tuple[Action, ...]:
    """The log first, the proof that the run is closed after it: whoever sees the proof knows that the log is there."""
    close = close_run(situation.resource, run, RunStatus.FAILED)
    log = situation.facts.log
    if not close or failure.class_ in NO_LOG or not isinstance(log, PodLog) or not log.lines:
        return close
    path = f"leeboard/attempt-{attempt_of(situation.resource)}.log"
    text = "\n".join(log.lines) + "\n"
    return (UploadText(run.id, path, text), *close)


def _waits_for_log(situation: Situation, failure: Failure) -> bool:
    """Whether the log may still come; a lost node does not hold the end back for ever."""
    result, log = situation.status.job_result, situation.facts.log
    unread = isinstance(log, Unknown) and log is not NOT_ASKED
    if result is None or failure.class_ in NO_LOG or not unread:
        return False
    return since(result.finished_at, situation.now) < LOG_PATIENCE


def _own(situation: Situation, jobs: Children) -> Iterator[Manifest]:
    """Jobs of this training that nobody deletes already; none right after the API server refused a change of one."""
    if situation.rejection("Job") is not None:
        return
    for job in jobs.items:
        if is_controlled_by(job, situation.resource.metadata.uid) and not job["metadata"].get("deletionTimestamp"):
            yield job


def _is_over(job: Manifest) -> bool:
    return condition(job, "Complete") is not None or condition(job, "Failed") is not None


def _release(situation: Situation, jobs: Children) -> Iterator[Write]:
    """Jobs that still hold resources although the training ended."""
    for job in _own(situation, jobs):
        if not _is_over(job):
            yield Delete(ref_of(job), uid_of(job))


def _expire(situation: Situation, jobs: Children, defaults: Defaults) -> Iterator[Write]:
    """Finished Jobs get their time to live only now: before its result is latched, a Job is the only witness."""
    seconds = int(defaults.finished_job_ttl / timedelta(seconds=1))
    for job in _own(situation, jobs):
        if _is_over(job) and "ttlSecondsAfterFinished" not in job["spec"]:
            operation = {"op": "add", "path": "/spec/ttlSecondsAfterFinished", "value": seconds}
            yield JsonPatch(ref_of(job), uid_of(job), (operation,))
