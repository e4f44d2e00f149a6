"""Stage OPENING: refuse what may not run, find or open the MLflow run, and only then make the Job."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from leeboard.api.conditions import ConditionStatus, ConditionType, condition_of, is_true, timestamp
from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.training_job import Failure, FailureClass, RunReference
from leeboard.planning.actions import LogParameters
from leeboard.planning.facts import Rejection, Run, Unknown
from leeboard.planning.moments import TRACKING_RETRY, since
from leeboard.planning.plan import Create
from leeboard.planning.training_job.ending import failed, refused
from leeboard.planning.training_job.facts import NOT_ASKED, Situation, attempt_of, is_used, job_name, own_run
from leeboard.planning.training_job.job import job_manifest
from leeboard.planning.training_job.recovery import vanished_unseen
from leeboard.planning.training_job.refusals import refusals
from leeboard.planning.training_job.report import Mood, Report, Step, under_way
from leeboard.planning.training_job.restoring import already_trained
from leeboard.planning.training_job.run import open_run, run_reference

REFUSAL_RETRY = timedelta(seconds=30)
RESTING = Report(
    TrainingPhase.TEMPLATE,
    Mood.RESTING,
    TrainingReason.TEMPLATE_ONLY,
    "spec.templateOnly: services train by it, it trains nothing itself",
)


def opening(situation: Situation) -> Step:
    """One step towards the Job of this attempt."""
    resource, facts = situation.resource, situation.facts
    if resource.metadata.namespace == situation.defaults.operator_namespace:
        message = "this is the operator's own namespace. Next: create the TrainingJob in a namespace of its own."
        return refused(situation, TrainingReason.OPERATOR_NAMESPACE, message)
    if faults := refusals(resource):
        message = f"{'; '.join(str(fault) for fault in faults[:5])}. Next: create a TrainingJob without that."
        return refused(situation, TrainingReason.INVALID_TEMPLATE, message)
    if resource.spec.template_only:
        return Step(RESTING)
    if isinstance(facts.runs, Unknown):
        waiting = under_way(
            TrainingPhase.PENDING, TrainingReason.OPENING_RUN, "waits for MLflow to answer before a Job is made"
        )
        return Step(waiting, requeue_after=TRACKING_RETRY)
    run = own_run(resource, facts.runs)
    if run is not None:
        return _with_run(situation, run)
    if facts.versions is not NOT_ASKED and (step := already_trained(situation, facts.runs)):
        return step
    report = under_way(TrainingPhase.PENDING, TrainingReason.OPENING_RUN, "opens the MLflow run of attempt 1")
    return Step(report, actions=(open_run(resource),))


def _with_run(situation: Situation, run: Run) -> Step:
    """The run is there: make the Job, unless a Job was there before or cannot be made."""
    resource, reference = situation.resource, run_reference(run, situation.defaults)
    if is_used(run):
        return vanished_unseen(situation, reference)
    rejection = situation.rejection("Job")
    if rejection is not None and rejection.code == HTTPStatus.CONFLICT:
        name = job_name(resource)
        message = f"a Job {name} exists that does not belong to this TrainingJob. Next: delete or rename it."
        report = Report(TrainingPhase.PENDING, Mood.WAITING, TrainingReason.NAME_CONFLICT, message)
        return Step(report, requeue_after=REFUSAL_RETRY)
    if rejection is not None:
        return _rejected(situation, reference, rejection)
    if lacking := {name: value for name, value in resource.spec.parameters.items() if name not in run.parameters}:
        return Step(actions=(LogParameters(run.id, lacking),))  # a crash came between the run and its parameters
    creation = (Create(job_manifest(resource, reference, situation.defaults)),)
    if not is_true(situation.status.conditions, ConditionType.TRACKING_READY):
        report = under_way(TrainingPhase.PENDING, TrainingReason.OPENING_RUN, "makes the Job of the attempt")
        return Step(report, writes=creation)
    # The status is left as it is: the next pass, which sees the Job, tells of it, and one write is saved.
    return Step(writes=creation)


def _rejected(situation: Situation, reference: RunReference, rejection: Rejection) -> Step:
    """The API server refuses the Job: invalid is for ever, denied is asked again until the start deadline."""
    quota = "exceeded quota" in rejection.message
    reason = StartReason.QUOTA_EXCEEDED if quota else StartReason.DENIED
    is_invalid = rejection.code == HTTPStatus.UNPROCESSABLE_ENTITY
    failure = Failure(
        class_=FailureClass.NEVER_STARTED,
        reason=TrainingReason.INVALID_TEMPLATE if is_invalid else reason,
        message=f"the API server refuses the Job: {rejection.message}",
    )
    waited = _waited_for_cluster(situation)
    if is_invalid or (waited is not None and waited >= situation.defaults.start_deadline):
        status = situation.status.model_copy(update={"run": reference, "attempt": attempt_of(situation.resource)})
        return failed(status, failure, finished_at=timestamp(situation.now))
    return Step(under_way(TrainingPhase.PENDING, reason, failure.message), requeue_after=REFUSAL_RETRY)


def _waited_for_cluster(situation: Situation) -> timedelta | None:
    """How long nothing but the cluster has kept the Job: while MLflow is away, the deadline does not run."""
    tracking = condition_of(situation.status.conditions, ConditionType.TRACKING_READY)
    if tracking is None or tracking.status is not ConditionStatus.TRUE:
        return None
    return since(tracking.last_transition_time, situation.now)
