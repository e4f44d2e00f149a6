"""The next fingerprint Job, unless the API server has just refused it."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from leeboard.api.model_version import ModelVersionStatus
from leeboard.api.reasons_model_version import VersionPhase, VersionReason
from leeboard.api.reasons_pod_start import StartReason
from leeboard.planning.facts import Rejection
from leeboard.planning.model_version.facts import Situation
from leeboard.planning.model_version.job import fingerprint_job
from leeboard.planning.model_version.report import Report, Step, stalled, under_way
from leeboard.planning.plan import Create

PERSON_RETRY = timedelta(seconds=60)  # how often we look again at what a person has to change


def creating(situation: Situation, report: Report, *, attempt: int, status: ModelVersionStatus | None = None) -> Step:
    """A step that says ``report`` and makes the Job of ``attempt``; a refusal is told instead of being repeated."""
    if (rejection := situation.rejection()) is not None:
        return Step(_refusal(rejection), status, requeue_after=PERSON_RETRY)
    job = fingerprint_job(situation.resource, situation.defaults, attempt=attempt)
    return Step(report, status, writes=(Create(job),))


def _refusal(rejection: Rejection) -> Report:
    """The API server does not take the fingerprint Job."""
    if rejection.code == HTTPStatus.CONFLICT:
        message = f"a Job {rejection.name} exists that does not belong to this ModelVersion. Next: delete it."
        return stalled(VersionReason.NAME_CONFLICT, message)
    message = f"the API server refuses the fingerprint Job: {rejection.message}"
    if rejection.code == HTTPStatus.FORBIDDEN:
        reason = StartReason.QUOTA_EXCEEDED if "exceeded quota" in rejection.message else StartReason.DENIED
        return under_way(VersionPhase.PENDING, reason, message)
    return stalled(VersionReason.REJECTED, message)
