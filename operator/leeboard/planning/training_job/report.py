"""What a step says: the conditions, the printed phase and the events that follow from it.

kstatus reads the first three: under way is Reconciling, ended badly or waiting for a person is Stalled, done is
Ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from leeboard.api.conditions import (
    ConditionStatus,
    ConditionType,
    Judgement,
    condition_of,
    merge_conditions,
)
from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.reasons_training_job import TrainingPhase, TrainingReason
from leeboard.api.training_job import TrainingJobStatus
from leeboard.planning.actions import Action
from leeboard.planning.facts import Unknown
from leeboard.planning.plan import Notice, NoticeType, Plan, Write
from leeboard.planning.training_job.facts import NOT_ASKED, Situation, TrainingJobFacts

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


class Mood(StrEnum):
    """What a reader should do about it."""

    UNDER_WAY = "UnderWay"  # nothing
    WAITING = "Waiting"  # help: it goes on by itself once somebody changed something outside
    FAILED = "Failed"  # create another one
    DONE = "Done"  # use the result
    RESTING = "Resting"  # nothing: it is as it was asked for, and nothing will come of it


@dataclass(frozen=True, slots=True)
class Report:
    """One sentence about the training."""

    phase: TrainingPhase
    mood: Mood
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage wants: no report leaves the status as it is."""

    report: Report | None = None
    status: TrainingJobStatus | None = None  # what else is latched; the observed one when unset
    writes: tuple[Write, ...] = ()
    actions: tuple[Action, ...] = ()
    requeue_after: timedelta | None = None


def under_way(phase: TrainingPhase, reason: TrainingReason | StartReason, message: str) -> Report:
    """A report of progress."""
    return Report(phase, Mood.UNDER_WAY, reason, message)


def told(situation: Situation, step: Step) -> Plan:
    """The step as a plan."""
    if step.report is None:
        return Plan(writes=step.writes, actions=step.actions, requeue_after=step.requeue_after)
    metadata = situation.resource.metadata
    before = situation.status
    judgements = (*_judgements(step.report), _tracking(situation))
    status = (step.status or before).model_copy(
        update={
            "phase": step.report.phase.value,
            "observed_generation": metadata.generation,
            "conditions": merge_conditions(
                before.conditions, judgements, generation=metadata.generation, now=situation.now
            ),
        }
    )
    return Plan(
        status=status,
        writes=step.writes,
        actions=step.actions,
        notices=_notices(before, step.report, judgements[-1]),
        requeue_after=step.requeue_after,
    )


def retold(situation: Situation) -> TrainingJobStatus:
    """The status of a training that ended: as it was, for the present generation."""
    generation = situation.resource.metadata.generation
    conditions = tuple(
        condition.model_copy(update={"observed_generation": generation}) for condition in situation.status.conditions
    )
    return situation.status.model_copy(update={"observed_generation": generation, "conditions": conditions})


def unavailable(facts: TrainingJobFacts) -> Unknown | None:
    """Why MLflow could not be asked, when it was asked and did not answer."""
    asked = (facts.runs, facts.run, facts.models, facts.registered, facts.versions)
    return next((fact for fact in asked if isinstance(fact, Unknown) and fact is not NOT_ASKED), None)


def _judgements(report: Report) -> tuple[Judgement, ...]:
    """Ready, Reconciling, Stalled and Succeeded for one report."""
    reason, message = report.reason, report.message
    quiet = Judgement(type=ConditionType.STALLED, status=FALSE, reason=TrainingReason.NOT_STALLED)
    stalled = Judgement(type=ConditionType.STALLED, status=TRUE, reason=reason, message=message)
    ended = Judgement(type=ConditionType.RECONCILING, status=FALSE, reason=TrainingReason.ENDED)
    going = Judgement(type=ConditionType.RECONCILING, status=TRUE, reason=reason, message=message)
    halted = Judgement(type=ConditionType.RECONCILING, status=FALSE, reason=reason)
    open_end = Judgement(type=ConditionType.SUCCEEDED, status=UNKNOWN, reason=TrainingReason.NOT_ENDED)
    ready = Judgement(
        type=ConditionType.READY,
        status=TRUE if report.mood in {Mood.DONE, Mood.RESTING} else FALSE,
        reason=reason,
        message=message,
    )
    match report.mood:
        case Mood.UNDER_WAY:
            return ready, going, quiet, open_end
        case Mood.WAITING:
            return ready, halted, stalled, open_end
        case Mood.RESTING:
            return ready, halted, quiet, open_end
        case Mood.FAILED:
            failed = Judgement(type=ConditionType.SUCCEEDED, status=FALSE, reason=reason, message=message)
            return ready, ended, stalled, failed
        case Mood.DONE:
            succeeded = Judgement(type=ConditionType.SUCCEEDED, status=TRUE, reason=reason, message=message)
            return ready, ended, quiet, succeeded


def _tracking(situation: Situation) -> Judgement:
    """Whether MLflow answers, as far as this pass asked it; otherwise what was known before."""
    facts = situation.facts
    asked = (facts.runs, facts.run, facts.models, facts.registered, facts.versions)
    before = condition_of(situation.status.conditions, ConditionType.TRACKING_READY)
    if fault := unavailable(facts):
        message = f"MLflow does not answer: {fault.why}"
        if before is not None and before.status is FALSE:
            message = before.message  # kept: libraries put addresses of objects into their words
        return Judgement(
            type=ConditionType.TRACKING_READY,
            status=FALSE,
            reason=TrainingReason.TRACKING_UNAVAILABLE,
            message=message,
        )
    if any(not isinstance(fact, Unknown) for fact in asked):
        return Judgement(type=ConditionType.TRACKING_READY, status=TRUE, reason=TrainingReason.TRACKING_AVAILABLE)
    if before is None:
        return Judgement(type=ConditionType.TRACKING_READY, status=UNKNOWN, reason=TrainingReason.NOT_OBSERVED)
    return Judgement(
        type=ConditionType.TRACKING_READY, status=before.status, reason=before.reason, message=before.message
    )


QUIET = frozenset(
    {
        TrainingReason.OPENING_RUN,
        TrainingReason.STARTING,
        TrainingReason.REGISTERING,
        TrainingReason.TEMPLATE_ONLY,
    }
)


def _notices(before: TrainingJobStatus, report: Report, tracking: Judgement) -> tuple[Notice, ...]:
    """Events for what changed against the observed status: few, because each is a write."""
    notices = []
    ready = condition_of(before.conditions, ConditionType.READY)
    if (ready is None or ready.reason != report.reason) and report.reason not in QUIET:
        calm = report.mood is Mood.DONE or report.reason == TrainingReason.RUNNING
        kind = NoticeType.NORMAL if calm else NoticeType.WARNING
        notices.append(Notice(kind, str(report.reason), report.message))
    known = condition_of(before.conditions, ConditionType.TRACKING_READY)
    if tracking.status is FALSE and (known is None or known.status is not FALSE):
        notices.append(Notice(NoticeType.WARNING, tracking.reason, tracking.message))
    return tuple(notices)
