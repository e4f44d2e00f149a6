"""Stages REFERENCE and PROFILING: which rows, the pod that builds the profile of them, and what came of it.

Whatever goes wrong for good, the version still serves: ProfileReady says why drift cannot be judged.
"""

from __future__ import annotations

from pydantic import ValidationError

from leeboard.api.conditions import ConditionStatus, ConditionType, condition_of, is_true
from leeboard.api.model_version import ModelVersionStatus, Profile
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.model_version.ending import Ending, said_by
from leeboard.planning.model_version.facts import (
    MAX_ATTEMPTS,
    PROFILE,
    Situation,
    profile_attempt,
)
from leeboard.planning.model_version.following import Errand
from leeboard.planning.model_version.profile_job import REFERENCE_ANNOTATION, UPLOAD, Task, profile_job, source_of
from leeboard.planning.model_version.report import Report, Step, profile_judgement, profiling, settled
from leeboard.planning.moments import CACHE_RETRY, TRACKING_RETRY
from leeboard.planning.plan import Create

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
    attempt = profile_attempt(situation.resource, jobs)
    match ERRAND.followed(situation, job):
        case Step() as step:
            return step
        case Ending() as ending if ending.is_final:
            return _given_up(situation, ending.reason, f"{ending.message}. {NEXT}")
        case Ending() as ending:
            return _again(situation, job, attempt=attempt, why=ending.message)
        case pods:
            return _kept(situation, job, pods, attempt=attempt)


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
        message = f"the API server refuses the profile Job {rejection.name}: {rejection.message}"
        return ERRAND.refused(situation, rejection, message=message, next_step=f". {NEXT}")
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


def _under_way(situation: Situation, reason: str, message: str) -> Report:
    """Progress; a version that was approved before, and gets its profile later, stays so."""
    status = situation.resource.status
    if is_true(status.conditions, ConditionType.APPROVED):
        return settled(status, profile_judgement(ConditionStatus.UNKNOWN, reason, message))
    return profiling(reason, message)


def _given_up(situation: Situation, reason: str, message: str) -> Step:
    """There will be no profile for this spec."""
    return Step(settled(situation.resource.status, profile_judgement(ConditionStatus.FALSE, reason, message)))


ERRAND = Errand(PROFILE, VersionReason.PROFILING, "builds the profile", "keeps the profile", _under_way, _given_up)
