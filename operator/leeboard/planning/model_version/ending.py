"""How a pod of a ModelVersion's Job ended badly: in its own words where it left some."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.resource import Manifest
from leeboard.planning.model_version.facts import EVALUATION, FINGERPRINT, PROFILE
from leeboard.planning.pod_start import statuses

PERMANENT_EXIT = 2
SIGKILL_EXIT = 137
TOO_LATE = {
    FINGERPRINT: VersionReason.FINGERPRINT_FAILED,
    PROFILE: VersionReason.PROFILE_FAILED,
    EVALUATION: VersionReason.EVALUATION_FAILED,
}
REASON = re.compile(r"[A-Z][A-Za-z]{2,62}")


@dataclass(frozen=True, slots=True)
class Ending:
    """``is_final`` when another attempt would end the same way."""

    reason: str
    message: str
    is_final: bool


def ending_of(job: Manifest, pod: Manifest | None, task: str = FINGERPRINT) -> Ending:
    """Why a failed attempt at ``task`` failed."""
    failed = [item for item in (job.get("status") or {}).get("conditions") or () if item.get("type") == "Failed"]
    cause = str(failed[0].get("reason", "")) if failed else ""
    if cause == "DeadlineExceeded":
        message = f"the {task} pod ran for an hour without an end. Next: log a model that loads faster."
        return Ending(TOO_LATE[task], message, is_final=True)
    broken = next((item for item in statuses(pod) if _terminated(item).get("exitCode", 0) != 0), None) if pod else None
    if broken is None or cause == "PodFailurePolicy":
        return Ending(VersionReason.RETRYING, f"the {task} pod was disrupted or is gone", is_final=False)
    return _exit(broken)


def said(status: Manifest) -> dict[str, object]:
    """The termination message of a container as JSON; nothing when it is none."""
    try:
        message = json.loads(_terminated(status).get("message") or "{}")
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def said_by(pod: Manifest, container: str) -> dict[str, object]:
    """The termination message of one container."""
    return next((said(status) for status in statuses(pod) if status.get("name") == container), {})


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
