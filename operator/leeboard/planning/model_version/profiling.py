"""Stages REFERENCE and PROFILING: which rows, the pod that builds the profile of them, and what came of it.

Whatever goes wrong for good, the version still serves: ProfileReady says why drift cannot be judged.
"""

from __future__ import annotations

from http import HTTPStatus

from pydantic import ValidationError

from leeboard.api.conditions import ConditionStatus, ConditionType, condition_of, is_true
from leeboard.api.model_version import ModelVersionStatus, Profile
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.model_version.attempt import since_failure
from leeboard.planning.model_version.creating import PERSON_RETRY
from leeboard.planning.model_version.ending import ending_of, said_by
from leeboard.planning.model_version.facts import (
    MAX_ATTEMPTS,
    PROFILE,
    Situation,
    has_condition,
    pods_of,
    profile_attempt,
)
from leeboard.planning.model_version.profile_job import REFERENCE_ANNOTATION, UPLOAD, Task, profile_job, source_of
from leeboard.planning.model_version.report import Report, Step, profile_judgement, profiling, settled
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, TRACKING_RETRY, since
from leeboard.planning.plan import Create
from leeboard.planning.pod_start import POD_GRACE, has_ended, has_started, is_preparing, problem

NEXT = "Next: set or correct spec.reference; serving does not wait for it."


def referring(situation: Situation) -> Step:
    """The first attempt, as soon as it is known which rows it is made from."""
    resource = situation.resource
    fingerprint = resource.status.fingerprint
    if fingerprint is not None and fingerprint.environment == "Refuse":
        why = "; ".join(fingerprint.differences[:1]) or "see the fingerprint"
        message = f"the runtime image cannot load the model, so its drift cannot be judged: {why}"
        return _given_up(situation, VersionReason.NOT_LOADABLE, message)
    found = resource.spec.reference or situation.facts.reference
    if isinstance(found, Unknown):
        message = "waits for MLflow to say whether the run logged a reference"
        return Step(_under_way(situation, VersionReason.TRACKING_UNAVAILABLE, message), requeue_after=TRACKING_RETRY)
    if found is None:
        message = (
            f"serving works, drift cannot be judged: run {resource.spec.source.run_id} logged no reference (a data set "
            f"input of context reference, reference.csv or reference.parquet). {NEXT}"
        )
        return _given_up(situation, VersionReason.NO_REFERENCE, message)
    return _creating(situation, found, attempt=1, why=f"builds the profile from {source_of(found)}")


def building(situation: Situation, job: Manifest, jobs: Children) -> Step:
    """What the Job's state means."""
    if isinstance(situation.facts.pods, Unknown):
        return Step(requeue_after=CACHE_RETRY)
    attempt, pods = profile_attempt(situation.resource, jobs), pods_of(job, situation.facts.pods)
    is_over = has_condition(job, "Failed") or has_condition(job, "Complete")
    if not is_over:
        return _running(situation, job, pods)
    if pods and not has_ended(pods[0]) and since_failure(job, situation) < LOG_PATIENCE:
        return Step(requeue_after=CACHE_RETRY)  # the cache has seen the Job's end before the pod's
    if has_condition(job, "Complete"):
        return _kept(situation, job, pods, attempt=attempt)
    ending = ending_of(job, pods[0] if pods else None, PROFILE)
    if ending.is_final:
        return _given_up(situation, ending.reason, f"{ending.message}. {NEXT}")
    return _again(situation, job, attempt=attempt, why=ending.message)


def profile_of(status: ModelVersionStatus) -> Report:
    """The report of a version whose profile is there."""
    profile = status.profile
    told = (
        "" if profile is None else f"{profile.rows} rows; {profile.monitored} of {profile.features} inputs are counted"
    )
    return settled(status, profile_judgement(ConditionStatus.TRUE, VersionReason.PROFILED, told))


def latched(status: ModelVersionStatus) -> Report:
    """What was latched, told again; why there is no profile stays in the words in which it was told first."""
    known = condition_of(status.conditions, ConditionType.PROFILE_READY)
    if status.profile is not None or known is None:
        return profile_of(status)
    return settled(status, profile_judgement(known.status, known.reason, known.message))


def _kept(situation: Situation, job: Manifest, pods: tuple[Manifest, ...], *, attempt: int) -> Step:
    """The last container kept the profile in MLflow: what it said is latched."""
    if not pods:
        return _again(situation, job, attempt=attempt, why="the profile pod is gone before its message was read")
    try:
        profile = Profile.model_validate(said_by(pods[0], UPLOAD))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = f"the message of container {UPLOAD} is not valid: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        return _again(situation, job, attempt=attempt, why=why)
    status = situation.resource.status.model_copy(update={"profile": profile})
    return Step(profile_of(status), status)


def _again(situation: Situation, job: Manifest, *, attempt: int, why: str) -> Step:
    """The next attempt, as long as there is one, from the same rows."""
    if attempt >= MAX_ATTEMPTS:
        message = f"{attempt} attempts failed; the last one: {why}. {NEXT}"
        return _given_up(situation, VersionReason.PROFILE_FAILED, message)
    reference = situation.resource.spec.reference or _reference_of(job)
    if reference is None:
        message = f"attempt {attempt} failed, and its Job does not tell any more from which rows: {why}. {NEXT}"
        return _given_up(situation, VersionReason.PROFILE_FAILED, message)
    return _creating(situation, reference, attempt=attempt + 1, why=f"attempt {attempt} failed: {why}")


def _creating(situation: Situation, reference: Reference, *, attempt: int, why: str) -> Step:
    """A step that makes the Job of ``attempt``; a refusal is told instead of being repeated."""
    resource = situation.resource
    if (rejection := situation.rejection()) is not None:
        return _refused(situation, rejection)
    if resource.status.artifact is None:
        return Step(requeue_after=CACHE_RETRY)  # a fingerprint without files is not latched
    job = profile_job(Task(resource, resource.status.artifact, reference, situation.defaults, attempt))
    reason = VersionReason.PROFILING if attempt == 1 else VersionReason.RETRYING
    return Step(_under_way(situation, reason, why), writes=(Create(job),))


def _reference_of(job: Manifest) -> Reference | None:
    """The rows that an earlier attempt was made from, as its own annotation tells; None when somebody took it away."""
    try:
        return Reference.model_validate_json((job["metadata"].get("annotations") or {}).get(REFERENCE_ANNOTATION, ""))
    except ValidationError:
        return None


def _refused(situation: Situation, rejection: Rejection) -> Step:
    """The API server does not take the Job: a quota may have room later, anything else ends it."""
    message = f"the API server refuses the profile Job {rejection.name}: {rejection.message}"
    if rejection.code == HTTPStatus.FORBIDDEN:
        denied = StartReason.QUOTA_EXCEEDED if "exceeded quota" in rejection.message else StartReason.DENIED
        return Step(_under_way(situation, denied, message), requeue_after=PERSON_RETRY)
    reason = VersionReason.NAME_CONFLICT if rejection.code == HTTPStatus.CONFLICT else VersionReason.REJECTED
    return _given_up(situation, reason, f"{message}. {NEXT}")


def _running(situation: Situation, job: Manifest, pods: tuple[Manifest, ...]) -> Step:
    """The pod is on its way, or something keeps it from starting until the start deadline."""
    found = problem(job, pods, situation.now)
    age = since(job["metadata"]["creationTimestamp"], situation.now)
    if found is None:
        doing = "keeps the profile" if has_started(pods) else "builds the profile" if is_preparing(pods) else "starts"
        soon = POD_GRACE - age if not pods and age < POD_GRACE else None
        return Step(_under_way(situation, VersionReason.PROFILING, f"the profile pod {doing}"), requeue_after=soon)
    left = situation.defaults.start_deadline - age
    if left.total_seconds() <= 0 or found.is_permanent:
        return _given_up(situation, found.reason, found.message)
    return Step(_under_way(situation, found.reason, found.message), requeue_after=left)


def _under_way(situation: Situation, reason: str, message: str) -> Report:
    """Progress; a version that was approved before, and gets its profile later, stays so."""
    status = situation.resource.status
    if is_true(status.conditions, ConditionType.APPROVED):
        return settled(status, profile_judgement(ConditionStatus.UNKNOWN, reason, message))
    return profiling(reason, message)


def _given_up(situation: Situation, reason: str, message: str) -> Step:
    """There will be no profile for this spec."""
    return Step(settled(situation.resource.status, profile_judgement(ConditionStatus.FALSE, reason, message)))
