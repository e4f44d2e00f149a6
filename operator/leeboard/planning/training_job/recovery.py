"""Stage VANISHED: a Job is gone before its result was read; MLflow is asked, and nothing is ever trained twice."""

from __future__ import annotations

from datetime import timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.training_job import Failure, FailureClass, JobResult, Outcome, RunReference, TrainingJobStatus
from leeboard.planning.facts import LoggedModel, Unknown
from leeboard.planning.moments import TRACKING_RETRY
from leeboard.planning.training_job.ending import REGISTERING, failed
from leeboard.planning.training_job.facts import Situation, attempt_of, pods_of
from leeboard.planning.training_job.report import Step, under_way

PODS_RETRY = timedelta(seconds=5)
OVER = frozenset({"Succeeded", "Failed"})


def vanished(situation: Situation) -> Step:
    """The Job was seen and is gone: wait for its pods, then look for the READY model of its run."""
    facts = situation.facts
    if isinstance(facts.pods, Unknown):
        return Step(requeue_after=PODS_RETRY)
    alive = [pod for pod in pods_of(situation.resource, facts.pods) if pod.get("status", {}).get("phase") not in OVER]
    if alive:
        message = f"the Job was deleted; waits for its pod {alive[0]['metadata']['name']} to end"
        return Step(under_way(TrainingPhase.RUNNING, TrainingReason.RUNNING, message), requeue_after=PODS_RETRY)
    if isinstance(facts.run, Unknown) or isinstance(facts.models, Unknown):
        return _looking(TrainingPhase.RUNNING, TrainingReason.RUNNING)
    return _recovered(situation, situation.status, facts.models)


def vanished_unseen(situation: Situation, run: RunReference) -> Step:
    """Somebody trained in the run, so its Job existed although status never saw it: take its model."""
    models = situation.facts.models
    if isinstance(models, Unknown):
        return _looking(TrainingPhase.PENDING, TrainingReason.OPENING_RUN)
    status = situation.status.model_copy(update={"run": run, "attempt": attempt_of(situation.resource)})
    return _recovered(situation, status, models)


def _looking(phase: TrainingPhase, reason: TrainingReason) -> Step:
    """MLflow does not answer yet."""
    return Step(
        under_way(phase, reason, "the Job is gone; waits for MLflow to say what it left"), requeue_after=TRACKING_RETRY
    )


def _recovered(situation: Situation, status: TrainingJobStatus, models: tuple[LoggedModel, ...]) -> Step:
    """The end of the vanished Job: its READY model, or the loss of the result."""
    now = timestamp(situation.now)
    if any(model.is_ready for model in models):
        result = JobResult(outcome=Outcome.SUCCEEDED, finished_at=now)
        return Step(REGISTERING, status.model_copy(update={"job_result": result}))
    failure = Failure(
        class_=FailureClass.RESULT_LOST,
        reason=TrainingReason.RESULT_LOST,
        message="the Job vanished before its result was read, and its run holds no READY model. "
        "Next: create a new TrainingJob; leave the deletion of Jobs to the operator.",
    )
    return failed(status, failure, finished_at=now)
