"""Stage ATTEMPT: the fingerprint pod is on its way, or ended badly: for good, or to be tried again."""

from __future__ import annotations

from datetime import timedelta

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.reasons_model_version import VersionPhase, VersionReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.model_version.creating import creating
from leeboard.planning.model_version.ending import ending_of
from leeboard.planning.model_version.facts import (
    MAX_ATTEMPTS,
    Situation,
    current_attempt,
    pods_of,
)
from leeboard.planning.model_version.report import Report, Step, stalled, under_way
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, earlier, since
from leeboard.planning.observed import has_condition
from leeboard.planning.pod_start import POD_GRACE, Problem, has_ended, has_started, is_preparing, problem


def attempting(situation: Situation, job: Manifest, jobs: Children) -> Step:
    """What the Job's state means."""
    if isinstance(situation.facts.pods, Unknown):
        return Step(requeue_after=CACHE_RETRY)
    attempt = current_attempt(situation.resource, jobs)
    status = situation.resource.status.model_copy(update={"attempt": attempt})
    pods = pods_of(job, situation.facts.pods)
    if not has_condition(job, "Failed"):
        report, soon = _running(situation, job, pods)
        return Step(report, status, requeue_after=soon)
    if pods and not has_ended(pods[0]) and since_failure(job, situation) < LOG_PATIENCE:
        return Step(requeue_after=CACHE_RETRY)  # the cache has seen the Job's end before the pod's
    ending = ending_of(job, pods[0] if pods else None)
    if ending.is_final:
        return Step(stalled(ending.reason, ending.message), status)
    return again(situation, attempt, ending.message)


def again(situation: Situation, attempt: int, why: str) -> Step:
    """The next attempt, as long as there is one."""
    status = situation.resource.status.model_copy(update={"attempt": attempt})
    if attempt >= MAX_ATTEMPTS:
        message = f"{attempt} attempts failed; the last one: {why}. Next: delete the failed Jobs to try again."
        return Step(stalled(VersionReason.FINGERPRINT_FAILED, message), status)
    report = under_way(VersionPhase.FINGERPRINTING, VersionReason.RETRYING, f"attempt {attempt} failed: {why}")
    return creating(situation, report, attempt=attempt + 1, status=status)


def since_failure(job: Manifest, situation: Situation) -> timedelta:
    """How long ago the Job failed."""
    moments = [item.get("lastTransitionTime") for item in job["status"]["conditions"] if item.get("type") == "Failed"]
    return since(earlier(moments[0] if moments else None, situation.now), situation.now)


def _running(situation: Situation, job: Manifest, pods: tuple[Manifest, ...]) -> tuple[Report, timedelta | None]:
    """The pod is on its way, or something keeps it from starting: told at once, stalled at the deadline."""
    found = problem(job, pods, situation.now)
    age = since(job["metadata"]["creationTimestamp"], situation.now)
    if found is None:
        doing = "loads the model" if has_started(pods) else "fetches the model" if is_preparing(pods) else "starts"
        message = f"the fingerprint pod {doing}"
        soon = POD_GRACE - age if not pods and age < POD_GRACE else None
        return under_way(VersionPhase.FINGERPRINTING, VersionReason.FINGERPRINTING, message), soon
    left = situation.defaults.start_deadline - age
    message = _kept_words(situation, found)
    if left <= timedelta(0) or found.is_permanent:
        return stalled(found.reason, message), None
    return under_way(VersionPhase.FINGERPRINTING, found.reason, message), left


def _kept_words(situation: Situation, found: Problem) -> str:
    """A problem keeps the words it was first told in, because Kubernetes varies them."""
    before = condition_of(situation.resource.status.conditions, ConditionType.READY)
    told = before is not None and before.reason == found.reason and before.message.startswith(f"{found.subject}:")
    return before.message if told and before else found.message
