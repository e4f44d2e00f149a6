"""What a step says of a version: the conditions, the printed phase and the events that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement, condition_of, merge_conditions
from leeboard.api.evaluation import EvaluationVerdict
from leeboard.api.model_version import ModelVersionStatus
from leeboard.api.reasons_model_version import VersionPhase, VersionReason
from leeboard.planning.actions import Action
from leeboard.planning.model_version.approval import approval, evidence_digest
from leeboard.planning.model_version.facts import Situation
from leeboard.planning.plan import Notice, NoticeType, Plan, Write

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


class Mood(StrEnum):
    """What a reader should do about it."""

    UNDER_WAY = "UnderWay"
    STALLED = "Stalled"
    PROFILING = "Profiling"
    EVALUATING = "Evaluating"
    DONE = "Done"


WAITS = Judgement(
    type=ConditionType.PROFILE_READY, status=ConditionStatus.UNKNOWN, reason=VersionReason.WAITS_FOR_FINGERPRINT
)


@dataclass(frozen=True, slots=True)
class Report:
    """One sentence about the version, and what is known of its profile."""

    phase: VersionPhase
    mood: Mood
    reason: str
    message: str
    profile: Judgement = WAITS


@dataclass(frozen=True, slots=True)
class Step:
    """What one stage wants: no report leaves the status as it is."""

    report: Report | None = None
    status: ModelVersionStatus | None = None
    writes: tuple[Write, ...] = ()
    actions: tuple[Action, ...] = ()
    requeue_after: timedelta | None = None


def under_way(phase: VersionPhase, reason: str, message: str) -> Report:
    """A report of progress."""
    return Report(phase, Mood.UNDER_WAY, reason, message)


def stalled(reason: str, message: str) -> Report:
    """A report that asks for a person."""
    return Report(VersionPhase.FAILED, Mood.STALLED, reason, message)


def profiling(reason: str, message: str) -> Report:
    """The fingerprint is latched, the profile is on its way."""
    found = profile_judgement(UNKNOWN, reason, message)
    return Report(VersionPhase.PROFILING, Mood.PROFILING, reason, message, found)


def evaluating(known: Report, reason: str, message: str) -> Report:
    """What is known is as ``known`` says, and the version is being compared."""
    return replace(known, phase=VersionPhase.EVALUATING, mood=Mood.EVALUATING, reason=str(reason), message=message)


def settled(status: ModelVersionStatus, profile: Judgement) -> Report:
    """The report of a latched fingerprint, whatever came of the profile."""
    artifact, fingerprint = status.artifact, status.fingerprint
    size = artifact.bytes if artifact is not None else 0
    flavor = fingerprint.flavor if fingerprint is not None else ""
    environment = fingerprint.environment if fingerprint is not None else ""
    message = f"{flavor} model of {size} bytes is fingerprinted; environment: {environment}"
    return Report(VersionPhase.READY, Mood.DONE, VersionReason.READY, message, profile)


def profile_judgement(status: ConditionStatus, reason: str, message: str) -> Judgement:
    """What ProfileReady says."""
    return Judgement(type=ConditionType.PROFILE_READY, status=status, reason=str(reason), message=message)


def told(situation: Situation, step: Step) -> Plan:
    """The step as a plan."""
    if step.report is None:
        return Plan(writes=step.writes, actions=step.actions, requeue_after=step.requeue_after)
    before, generation = situation.resource.status, situation.resource.metadata.generation
    known = step.status or before
    approved = approval(situation.resource, known)
    report = _outcome(step.report, approved)
    said = (*_judgements(step.report, approved), *_better(situation, known, step.report))
    status = known.model_copy(
        update={
            "phase": report.phase.value,
            "observed_generation": generation,
            "conditions": merge_conditions(before.conditions, said, generation=generation, now=situation.now),
            "evidence_digest": evidence_digest(known),
        }
    )
    return Plan(status, step.writes, step.actions, _notices(before, known, report), step.requeue_after)


def _outcome(report: Report, approved: Judgement) -> Report:
    """What is printed and told: when all is known of a version, its approval is what counts."""
    if report.mood is not Mood.DONE or approved.status is TRUE:
        return report
    is_rejected = approved.reason == VersionReason.REJECTED_BY_A_PERSON
    phase = VersionPhase.REJECTED if is_rejected else VersionPhase.WAITING
    return replace(report, phase=phase, reason=approved.reason, message=approved.message)


def _judgements(report: Report, approved: Judgement) -> tuple[Judgement, ...]:
    """Ready, Reconciling, Stalled, Fingerprinted, Approved and ProfileReady.

    Ready is fingerprinted and approved; a version is approved when its profile is there, or is known never to come, so
    that its pods need not be replaced for it.
    """
    reason, message = report.reason, report.message
    types = ConditionType
    waits = Judgement(type=types.APPROVED, status=UNKNOWN, reason=VersionReason.WAITS_FOR_FINGERPRINT)
    not_ready = Judgement(type=types.READY, status=FALSE, reason=reason, message=message)
    match report.mood:
        case Mood.UNDER_WAY:
            return (
                not_ready,
                Judgement(type=types.RECONCILING, status=TRUE, reason=reason, message=message),
                Judgement(type=types.STALLED, status=FALSE, reason=VersionReason.NOT_STALLED),
                Judgement(type=types.FINGERPRINTED, status=UNKNOWN, reason=reason, message=message),
                waits,
                report.profile,
            )
        case Mood.STALLED:
            return (
                not_ready,
                Judgement(type=types.RECONCILING, status=FALSE, reason=reason),
                Judgement(type=types.STALLED, status=TRUE, reason=reason, message=message),
                Judgement(type=types.FINGERPRINTED, status=FALSE, reason=reason, message=message),
                waits,
                report.profile,
            )
        case Mood.PROFILING | Mood.EVALUATING:
            is_profiled = report.mood is Mood.EVALUATING
            awaited = VersionReason.WAITS_FOR_EVALUATION if is_profiled else VersionReason.WAITS_FOR_PROFILE
            return (
                not_ready,
                Judgement(type=types.RECONCILING, status=TRUE, reason=reason, message=message),
                Judgement(type=types.STALLED, status=FALSE, reason=VersionReason.NOT_STALLED),
                Judgement(type=types.FINGERPRINTED, status=TRUE, reason=VersionReason.FINGERPRINTED),
                Judgement(type=types.APPROVED, status=UNKNOWN, reason=awaited),
                report.profile,
            )
        case Mood.DONE:
            known = Judgement(
                type=types.FINGERPRINTED, status=TRUE, reason=VersionReason.FINGERPRINTED, message=message
            )
            return (*_settled(report, approved), known, approved, report.profile)


def _settled(report: Report, approved: Judgement) -> tuple[Judgement, ...]:
    """Ready, Reconciling and Stalled of a version of which all is known: it waits for a person as long as it has to."""
    types, reason, message = ConditionType, approved.reason, approved.message
    settled = Judgement(type=types.RECONCILING, status=FALSE, reason=VersionReason.SETTLED)
    well = Judgement(type=types.STALLED, status=FALSE, reason=VersionReason.NOT_STALLED)
    if approved.status is TRUE:
        return Judgement(type=types.READY, status=TRUE, reason=report.reason, message=report.message), settled, well
    not_ready = Judgement(type=types.READY, status=FALSE, reason=reason, message=message)
    if reason == VersionReason.REJECTED_BY_A_PERSON:
        return not_ready, settled, Judgement(type=types.STALLED, status=TRUE, reason=reason, message=message)
    return not_ready, Judgement(type=types.RECONCILING, status=TRUE, reason=reason, message=message), well


def _better(situation: Situation, known: ModelVersionStatus, report: Report) -> tuple[Judgement, ...]:
    """Better, where the spec asks for a comparison."""
    if situation.resource.spec.evaluation is None:
        return ()
    found = known.evaluation
    if found is None and report.mood is Mood.EVALUATING:
        return (Judgement(type=ConditionType.BETTER, status=UNKNOWN, reason=report.reason, message=report.message),)
    if found is None:
        return (Judgement(type=ConditionType.BETTER, status=UNKNOWN, reason=VersionReason.WAITS_FOR_FINGERPRINT),)
    status = {EvaluationVerdict.BETTER: TRUE, EvaluationVerdict.NOT_BETTER: FALSE}.get(found.verdict, UNKNOWN)
    return (Judgement(type=ConditionType.BETTER, status=status, reason=found.reason, message=found.message),)


LOUD = frozenset({VersionReason.RETRYING, VersionReason.TRACKING_UNAVAILABLE})


def _notices(before: ModelVersionStatus, known: ModelVersionStatus, report: Report) -> tuple[Notice, ...]:
    """One event when a version is ready, stalls, or has to be tried again, one when there will be no profile, and one
    when it was compared.
    """
    found = known.evaluation
    compared = []
    if found is not None and before.evaluation is None:
        kind = NoticeType.NORMAL if found.verdict is EvaluationVerdict.BETTER else NoticeType.WARNING
        compared.append(Notice(kind, found.reason, found.message))
    return (*_notices_of_profile(before, report.profile), *compared, *_notices_of_version(before, report))


def _notices_of_profile(before: ModelVersionStatus, profile: Judgement) -> tuple[Notice, ...]:
    known = condition_of(before.conditions, ConditionType.PROFILE_READY)
    if profile.status is not FALSE or (known is not None and known.reason == profile.reason):
        return ()
    kind = NoticeType.NORMAL if profile.reason == VersionReason.NO_REFERENCE else NoticeType.WARNING
    return (Notice(kind, profile.reason, profile.message),)


def _notices_of_version(before: ModelVersionStatus, report: Report) -> tuple[Notice, ...]:
    ready = condition_of(before.conditions, ConditionType.READY)
    if ready is not None and ready.reason == report.reason:
        return ()
    if report.mood is Mood.DONE:
        return (Notice(NoticeType.NORMAL, str(report.reason), report.message),)
    if report.mood is Mood.STALLED or report.reason in LOUD:
        return (Notice(NoticeType.WARNING, str(report.reason), report.message),)
    return ()
