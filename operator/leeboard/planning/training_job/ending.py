"""Ends: how an attempt's failure is latched, and how a training ends for good."""

from __future__ import annotations

from leeboard.api.conditions import timestamp
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.training_job import Failure, FailureClass, JobResult, Outcome, TrainingJobStatus
from leeboard.planning.training_job.facts import Situation
from leeboard.planning.training_job.report import Mood, Report, Step, under_way

# One sentence for the whole way from the Job's end to the version: each other sentence would be another write.
REGISTERING = under_way(
    TrainingPhase.REGISTERING, TrainingReason.REGISTERING, "the Job completed; its model is being registered"
)


def failure_report(failure: Failure) -> Report:
    """The report of a failure."""
    return Report(TrainingPhase.FAILED, Mood.FAILED, failure.reason, failure.message)


def failed(status: TrainingJobStatus, failure: Failure, *, finished_at: str) -> Step:
    """The attempt's failure is latched; the run is closed and pods are released in the stage after this one."""
    result = JobResult(outcome=Outcome.FAILED, failure=failure, finished_at=finished_at)
    latched = status.model_copy(update={"job_result": result, "failure": failure})
    return Step(failure_report(failure), latched)


def ended(situation: Situation, report: Report, status: TrainingJobStatus) -> Step:
    """The training is over: nothing changes it any more."""
    outcome = Outcome.SUCCEEDED if report.mood is Mood.DONE else Outcome.FAILED
    update = {"outcome": outcome, "completion_time": timestamp(situation.now)}
    return Step(report, status.model_copy(update=update))


def refused(situation: Situation, reason: str, message: str) -> Step:
    """The training never begins: nothing was made, so nothing is left to close."""
    failure = Failure(class_=FailureClass.NEVER_STARTED, reason=reason, message=message)
    return ended(situation, failure_report(failure), situation.status.model_copy(update={"failure": failure}))
