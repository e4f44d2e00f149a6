"""Stage RECORDING: the record is read, checked, kept in MLflow, and only then latched in status."""

from __future__ import annotations

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Tag
from leeboard.api.reasons_model_version import VersionPhase, VersionReason
from leeboard.api.resource import Manifest
from leeboard.planning.actions import Action, TagVersion, UploadText
from leeboard.planning.facts import Children, RegisteredVersion, Unknown
from leeboard.planning.model_version.attempt import again
from leeboard.planning.model_version.ending import said_by
from leeboard.planning.model_version.facts import FETCH, FINGERPRINT, Situation, current_attempt, pods_of
from leeboard.planning.model_version.record import ForgedError, Reading, TornError, latched, read
from leeboard.planning.model_version.report import Step, profiling, stalled, under_way
from leeboard.planning.moments import CACHE_RETRY, TRACKING_RETRY
from leeboard.planning.pod_start import has_ended

UNTIL_SEEN = "the fingerprint pod is gone before its record was read"


def recording(situation: Situation, job: Manifest, jobs: Children) -> Step:
    """One step from a pod that ended well to a latched fingerprint."""
    facts, attempt = situation.facts, current_attempt(situation.resource, jobs)
    if isinstance(facts.pods, Unknown) or isinstance(facts.log, Unknown):
        return Step(requeue_after=CACHE_RETRY)
    pods = pods_of(job, facts.pods)
    if pods and not has_ended(pods[0]):
        return Step(requeue_after=CACHE_RETRY)  # the cache has seen the Job's end before the pod's
    if not pods or facts.log is None:
        return again(situation, attempt, UNTIL_SEEN)
    try:
        reading = read(facts.log.lines, sha256=_announced(pods[0]))
    except TornError as error:
        return again(situation, attempt, str(error))
    except ForgedError as error:
        return Step(stalled(VersionReason.INVALID_RECORD, f"the fingerprint record is not valid: {error}"))
    fetched = said_by(pods[0], FETCH).get("digest")
    if fetched != reading.record.digest:
        message = (
            f"the record speaks of {reading.record.digest}, but {fetched} was fetched: the model changed its files"
        )
        return Step(stalled(VersionReason.DIGEST_MISMATCH, message))
    return _kept(situation, reading, attempt=attempt)


def _kept(situation: Situation, reading: Reading, *, attempt: int) -> Step:
    """The record in MLflow first; its hash among the version's tags proves that it is there."""
    resource, version = situation.resource, situation.facts.version
    status = resource.status.model_copy(update={"attempt": attempt})
    report = under_way(VersionPhase.FINGERPRINTING, VersionReason.RECORDING, "keeps the fingerprint record in MLflow")
    if isinstance(version, Unknown):
        return Step(report, status, requeue_after=TRACKING_RETRY)
    if version is None:
        message = f"MLflow has no version {resource.spec.version} of {resource.spec.model} any more"
        return Step(stalled(VersionReason.VERSION_NOT_FOUND, message), status, requeue_after=4 * TRACKING_RETRY)
    if actions := _keeping(resource, reading, version):
        return Step(report, status, actions=actions)
    message = "the fingerprint is taken; looks for a reference to build the profile from"
    return Step(profiling(VersionReason.LOOKING_FOR_REFERENCE, message), latched(resource, reading, attempt=attempt))


def _keeping(resource: ModelVersion, reading: Reading, version: RegisteredVersion) -> tuple[Action, ...]:
    """What MLflow does not hold yet."""
    tags: dict[str, str] = {
        Tag.DIGEST: reading.record.digest,
        Tag.RECORD_DIGEST: reading.sha256,
        Tag.VERSION_OF: f"{resource.metadata.namespace}/{resource.metadata.name}",
    }
    if tags.items() <= version.tags.items():
        return ()
    path = f"leeboard/fingerprint-v{version.version}.json"
    return (
        UploadText(version.run_id, path, f"{reading.text}\n"),
        TagVersion(version.model, version.version, tags),
    )


def _announced(pod: Manifest) -> str | None:
    """The hash that the fingerprint container announced."""
    value = said_by(pod, FINGERPRINT).get("recordSHA256")
    return value if isinstance(value, str) else None
