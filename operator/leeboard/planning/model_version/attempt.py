"""Stage ATTEMPT: the fingerprint pod is on its way, or ended badly: for good, or to be tried again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.reasons_model_version import VersionPhase, VersionReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.model_version.creating import creating
from leeboard.planning.model_version.facts import (
    MAX_ATTEMPTS,
    Situation,
    current_attempt,
    has_condition,
    pods_of,
)
from leeboard.planning.model_version.report import Report, Step, stalled, under_way
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, earlier, since
from leeboard.planning.pod_start import POD_GRACE, Problem, has_ended, has_started, is_preparing, problem, statuses

PERMANENT_EXIT = 2
SIGKILL_EXIT = 137
REASON = re.compile(r"[A-Z][A-Za-z]{2,62}")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a fingerprint pod ended badly; ``is_final`` when another attempt would end the same way."""

    reason: str
    message: str
    is_final: bool


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
    if pods and not has_ended(pods[0]) and _since_failure(situation, job) < LOG_PATIENCE:
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


def _since_failure(situation: Situation, job: Manifest) -> timedelta:
    """How long ago the Job failed."""
    moments = [item.get("lastTransitionTime") for item in job["status"]["conditions"] if item.get("type") == "Failed"]
    return since(earlier(moments[0] if moments else None, situation.now), situation.now)


def ending_of(job: Manifest, pod: Manifest | None) -> Ending:
    """Why a failed attempt failed: the pod's own words where it left some."""
    failed = [item for item in (job.get("status") or {}).get("conditions") or () if item.get("type") == "Failed"]
    cause = str(failed[0].get("reason", "")) if failed else ""
    if cause == "DeadlineExceeded":
        message = "the fingerprint pod ran for an hour without an end. Next: log a model that loads faster."
        return Ending(VersionReason.FINGERPRINT_FAILED, message, is_final=True)
    broken = next((item for item in statuses(pod) if _terminated(item).get("exitCode", 0) != 0), None) if pod else None
    if broken is None or cause == "PodFailurePolicy":
        return Ending(VersionReason.RETRYING, "the fingerprint pod was disrupted or is gone", is_final=False)
    return _exit(broken)


def said(status: Manifest) -> dict[str, object]:
    """The termination message of a container as JSON; nothing when it is none."""
    try:
        message = json.loads(_terminated(status).get("message") or "{}")
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _exit(broken: Manifest) -> Ending:
    """A container of the pod ended with a code."""
    state = _terminated(broken)
    code, message = state["exitCode"], said(broken)
    reason, words = str(message.get("reason", "")), str(message.get("message", ""))
    if state.get("reason") == "OOMKilled" or code == SIGKILL_EXIT:
        text = f"container {broken['name']} ran out of memory. Next: log a smaller model, or fewer examples with it."
        return Ending(VersionReason.RESOURCE_EXHAUSTED, text, is_final=True)
    if code == PERMANENT_EXIT and REASON.fullmatch(reason):
        return Ending(reason, words or f"container {broken['name']} gave no message", is_final=True)
    return Ending(
        VersionReason.RETRYING, words or f"container {broken['name']} exited with code {code}", is_final=False
    )


def _terminated(status: Manifest) -> Manifest:
    state = status.get("state") or {}
    return state.get("terminated") or {}


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
