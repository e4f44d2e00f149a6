"""Stage ATTEMPT: the Job exists; its terminal condition is copied, never inferred from pods."""

from __future__ import annotations

from datetime import timedelta

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.resource import Manifest
from leeboard.api.training_job import (
    Failure,
    FailureClass,
    JobReference,
    JobResult,
    Outcome,
    TrainingJobStatus,
)
from leeboard.planning.facts import Unknown
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, earlier, since
from leeboard.planning.pod_start import POD_GRACE, Problem, has_ended, has_started, is_preparing, problem, stuck
from leeboard.planning.training_job.ending import REGISTERING, failed
from leeboard.planning.training_job.facts import Situation, attempt_of, condition, pods_of, run_of_job
from leeboard.planning.training_job.failures import failure_of
from leeboard.planning.training_job.report import Report, Step, under_way
from leeboard.planning.training_job.run import with_page


def attempting(situation: Situation, job: Manifest) -> Step:
    """What the Job's state means."""
    if isinstance(situation.facts.pods, Unknown):
        return Step(requeue_after=CACHE_RETRY)
    pods = pods_of(situation.resource, situation.facts.pods)
    status = _known(situation, job)
    if done := condition(job, "Complete"):
        ended = (job.get("status") or {}).get("completionTime") or done.get("lastTransitionTime")
        result = JobResult(outcome=Outcome.SUCCEEDED, finished_at=earlier(ended, situation.now))
        return Step(REGISTERING, status.model_copy(update={"job_result": result}))
    if condition(job, "Failed"):
        return _failed(situation, job, status, pods=pods)
    if has_started(pods):
        message = f"pod {pods[0]['metadata']['name']} trains"
        return Step(under_way(TrainingPhase.RUNNING, TrainingReason.RUNNING, message), status)
    return _starting(situation, job, status, pods=pods)


def _known(situation: Situation, job: Manifest) -> TrainingJobStatus:
    """What the Job tells by being there: attempt, run, uid and start."""
    status, metadata = situation.status, job["metadata"]
    run = status.run or run_of_job(job)
    return status.model_copy(
        update={
            "attempt": attempt_of(situation.resource),
            "run": with_page(run, situation.defaults) if run else None,
            "job": JobReference(name=metadata["name"], uid=metadata["uid"]),
            "start_time": status.start_time or metadata["creationTimestamp"],
        }
    )


def _failed(situation: Situation, job: Manifest, status: TrainingJobStatus, *, pods: tuple[Manifest, ...]) -> Step:
    """The Job failed: latch why, once the pod's last state and log are there or it took too long."""
    log = situation.facts.log
    ended = earlier((condition(job, "Failed") or {}).get("lastTransitionTime"), situation.now)
    late = isinstance(log, Unknown) or any(not has_ended(pod) for pod in pods[:1])
    if late and since(ended, situation.now) < LOG_PATIENCE:
        return Step(requeue_after=CACHE_RETRY)
    return failed(status, failure_of(job, pods, log, attempt=status.attempt), finished_at=ended)


def _starting(situation: Situation, job: Manifest, status: TrainingJobStatus, *, pods: tuple[Manifest, ...]) -> Step:
    """No pod runs yet: say why as soon as it shows, and end it at the start deadline."""
    found = problem(job, pods, situation.now)
    age = since(job["metadata"]["creationTimestamp"], situation.now)
    left = situation.defaults.start_deadline - age
    if found is not None and (found.is_permanent or left <= timedelta(0)):
        return _never_started(situation, status, found)
    if left <= timedelta(0) and not is_preparing(pods) and (unexplained := stuck(pods)):
        return _never_started(situation, status, unexplained)
    soon = POD_GRACE - age if not pods and age < POD_GRACE else left
    return Step(_starting_report(situation, job, found), status, requeue_after=max(soon, CACHE_RETRY))


def _starting_report(situation: Situation, job: Manifest, found: Problem | None) -> Report:
    """The report of a start; a problem keeps the words it was first told in, because Kubernetes varies them."""
    if found is None:
        message = f"Job {job['metadata']['name']} is made; waits for its containers to run"
        return under_way(TrainingPhase.STARTING, TrainingReason.STARTING, message)
    before = condition_of(situation.status.conditions, ConditionType.READY)
    told = before is not None and before.reason == found.reason and before.message.startswith(f"{found.subject}:")
    return under_way(TrainingPhase.STARTING, found.reason, before.message if told and before else found.message)


def _never_started(situation: Situation, status: TrainingJobStatus, found: Problem) -> Step:
    """The attempt is given up; the stage after this one deletes the Job."""
    waited = None if found.is_permanent else situation.defaults.start_deadline
    failure = Failure(class_=FailureClass.NEVER_STARTED, reason=found.reason, message=found.told(waited))
    return failed(status, failure, finished_at=earlier(None, situation.now))
