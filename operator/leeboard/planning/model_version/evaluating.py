"""Stages EVALUATION and COMPARING: the pod in which a version and the one that serves answer the same rows.

Whatever goes wrong for good is latched as Unknown: then, as for one that is not better, only a person approves.
"""

from __future__ import annotations

from leeboard.api.conditions import timestamp
from leeboard.api.evaluation import EvaluationStatus, EvaluationVerdict
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.model_version.champion import Unfit, champion_of, side_of
from leeboard.planning.model_version.ending import Ending, said_by
from leeboard.planning.model_version.evaluation_job import COMPARE, Match, evaluation_job
from leeboard.planning.model_version.evaluation_result import compared, judged
from leeboard.planning.model_version.facts import (
    EVALUATION,
    MAX_ATTEMPTS,
    Situation,
    evaluation_attempt,
    evaluation_job_name,
)
from leeboard.planning.model_version.following import Errand
from leeboard.planning.model_version.profiling import latched
from leeboard.planning.model_version.record import ForgedError
from leeboard.planning.model_version.report import Report, Step, evaluating
from leeboard.planning.moments import CACHE_RETRY, TRACKING_RETRY
from leeboard.planning.plan import Create


def pairing(situation: Situation, *, attempt: int = 1, why: str = "") -> Step:
    """The Job of ``attempt``, as soon as it is known which version serves."""
    resource = situation.resource
    evaluation, candidate = resource.spec.evaluation, side_of(resource)
    fingerprint = resource.status.fingerprint
    if evaluation is None or candidate is None:
        return Step(requeue_after=CACHE_RETRY)  # a fingerprint without files is not latched
    if fingerprint is not None and fingerprint.environment == "Refuse":
        why = "; ".join(fingerprint.differences[:1]) or "see the fingerprint"
        return _given_up(situation, VersionReason.NOT_LOADABLE, f"the runtime image cannot load the model: {why}")
    champion = champion_of(situation)
    if isinstance(champion, Unknown):
        return Step(_under_way(situation, VersionReason.EVALUATING, champion.why), requeue_after=TRACKING_RETRY)
    if isinstance(champion, Unfit):
        return _given_up(situation, champion.reason, champion.message)
    if (rejection := situation.rejection(evaluation_job_name(resource, attempt))) is not None:
        message = f"the API server refuses the Job {rejection.name}: {rejection.message}"
        return ERRAND.refused(situation, rejection, message=message)
    job = evaluation_job(Match(resource, evaluation, candidate, champion, situation.defaults, attempt))
    reason = VersionReason.RETRYING if why else VersionReason.EVALUATING
    message = why or f"compares it with version {champion.version}, which serves"
    return Step(_under_way(situation, reason, message), writes=(Create(job),))


def comparing(situation: Situation, job: Manifest, jobs: Children) -> Step:
    """What the Job's state means."""
    attempt = evaluation_attempt(situation.resource, jobs)
    match ERRAND.followed(situation, job):
        case Step() as step:
            return step
        case Ending() as ending if ending.is_final:
            # Rows are fetched by the command that fetches references, which names its faults by those.
            return _given_up(situation, ending.reason.replace("Reference", "Rows"), ending.message)
        case Ending() as ending:
            return _again(situation, attempt=attempt, why=ending.message)
        case pods:
            return _kept(situation, pods, attempt=attempt)


def _kept(situation: Situation, pods: tuple[Manifest, ...], *, attempt: int) -> Step:
    """The last container said what it counted: the verdict is latched."""
    evaluation = situation.resource.spec.evaluation
    if evaluation is None:
        return Step(requeue_after=CACHE_RETRY)
    if not pods:
        return _again(situation, attempt=attempt, why="the pod is gone before its message was read")
    try:
        found = compared(said_by(pods[0], COMPARE), version=situation.resource.spec.version)
    except ForgedError as error:
        return _again(situation, attempt=attempt, why=f"the message of container {COMPARE} is not valid: {error}")
    return _latching(situation, judged(found, evaluation, now=situation.now))


def _again(situation: Situation, *, attempt: int, why: str) -> Step:
    """The next attempt, as long as there is one."""
    if attempt >= MAX_ATTEMPTS:
        message = f"{attempt} attempts failed; the last one: {why}"
        return _given_up(situation, VersionReason.EVALUATION_FAILED, message)
    return pairing(situation, attempt=attempt + 1, why=f"attempt {attempt} failed: {why}")


def _under_way(situation: Situation, reason: str, message: str) -> Report:
    """Progress; what is known of the profile is told again."""
    return evaluating(latched(situation.resource.status), reason, message)


def _given_up(situation: Situation, reason: str, message: str) -> Step:
    """Nobody will know whether it is better."""
    found = EvaluationStatus(
        verdict=EvaluationVerdict.UNKNOWN, reason=str(reason), message=message, at=timestamp(situation.now)
    )
    return _latching(situation, found)


def _latching(situation: Situation, found: EvaluationStatus) -> Step:
    status = situation.resource.status.model_copy(update={"evaluation": found})
    return Step(latched(status), status)


ERRAND = Errand(EVALUATION, VersionReason.EVALUATING, "asks both versions", "compares", _under_way, _given_up)
