"""Stages EVALUATION and COMPARING: the pod in which a version and the one that serves answer the same rows.

Whatever goes wrong for good is latched as Unknown: then, as for one that is not better, only a person approves.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from leeboard.api.conditions import timestamp
from leeboard.api.evaluation import EvaluationStatus, EvaluationVerdict
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.model_version.attempt import since_failure
from leeboard.planning.model_version.champion import Unfit, champion_of, side_of
from leeboard.planning.model_version.creating import PERSON_RETRY
from leeboard.planning.model_version.ending import ending_of, said_by
from leeboard.planning.model_version.evaluation_job import COMPARE, Match, evaluation_job
from leeboard.planning.model_version.evaluation_result import compared, judged
from leeboard.planning.model_version.facts import (
    EVALUATION,
    MAX_ATTEMPTS,
    Situation,
    evaluation_attempt,
    evaluation_job_name,
    has_condition,
    pods_of,
)
from leeboard.planning.model_version.profiling import latched
from leeboard.planning.model_version.record import ForgedError
from leeboard.planning.model_version.report import Report, Step, evaluating
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, TRACKING_RETRY, since
from leeboard.planning.plan import Create
from leeboard.planning.pod_start import POD_GRACE, has_ended, has_started, is_preparing, problem


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
        return _refused(situation, rejection)
    job = evaluation_job(Match(resource, evaluation, candidate, champion, situation.defaults, attempt))
    reason = VersionReason.RETRYING if why else VersionReason.EVALUATING
    message = why or f"compares it with version {champion.version}, which serves"
    return Step(_under_way(situation, reason, message), writes=(Create(job),))


def comparing(situation: Situation, job: Manifest, jobs: Children) -> Step:
    """What the Job's state means."""
    if isinstance(situation.facts.pods, Unknown):
        return Step(requeue_after=CACHE_RETRY)
    attempt, pods = evaluation_attempt(situation.resource, jobs), pods_of(job, situation.facts.pods)
    if not has_condition(job, "Failed") and not has_condition(job, "Complete"):
        return _running(situation, job, pods)
    if pods and not has_ended(pods[0]) and since_failure(job, situation) < LOG_PATIENCE:
        return Step(requeue_after=CACHE_RETRY)  # the cache has seen the Job's end before the pod's
    if has_condition(job, "Complete"):
        return _kept(situation, pods, attempt=attempt)
    ending = ending_of(job, pods[0] if pods else None, EVALUATION)
    if ending.is_final:
        # Rows are fetched by the command that fetches references, which names its faults by those.
        return _given_up(situation, ending.reason.replace("Reference", "Rows"), ending.message)
    return _again(situation, attempt=attempt, why=ending.message)


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


def _refused(situation: Situation, rejection: Rejection) -> Step:
    """The API server does not take the Job: a quota may have room later, anything else ends it."""
    message = f"the API server refuses the Job {rejection.name}: {rejection.message}"
    if rejection.code == HTTPStatus.FORBIDDEN:
        denied = StartReason.QUOTA_EXCEEDED if "exceeded quota" in rejection.message else StartReason.DENIED
        return Step(_under_way(situation, denied, message), requeue_after=PERSON_RETRY)
    reason = VersionReason.NAME_CONFLICT if rejection.code == HTTPStatus.CONFLICT else VersionReason.REJECTED
    return _given_up(situation, reason, message)


def _running(situation: Situation, job: Manifest, pods: tuple[Manifest, ...]) -> Step:
    """The pod is on its way, or something keeps it from starting until the start deadline."""
    found = problem(job, pods, situation.now)
    age = since(job["metadata"]["creationTimestamp"], situation.now)
    if found is None:
        doing = "compares" if has_started(pods) else "asks both versions" if is_preparing(pods) else "starts"
        soon = POD_GRACE - age if not pods and age < POD_GRACE else None
        report = _under_way(situation, VersionReason.EVALUATING, f"the evaluation pod {doing}")
        return Step(report, requeue_after=soon)
    left = situation.defaults.start_deadline - age
    if left <= timedelta(0) or found.is_permanent:
        return _given_up(situation, found.reason, found.message)
    return Step(_under_way(situation, found.reason, found.message), requeue_after=left)


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
