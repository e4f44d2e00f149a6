"""Why the pods of a revision do not become ready, read from the pods and their Deployment: first cause found.

Nothing here is retried by us: Kubernetes tries again by itself, and the trouble is over when the pod is ready. Reasons
and messages stay the same between two tries, so that a crash loop does not rewrite the status each time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from leeboard.api.reasons_inference_service import PodReason
from leeboard.api.resource import Manifest
from leeboard.planning.observed import is_ready

TRANSIENT_EXIT = 75
REASON = re.compile(r"^[A-Z][A-Za-z0-9]{0,62}$")
PULL_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
BACK_OFF = "ErrImagePull: "


@dataclass(frozen=True, slots=True)
class Trouble:
    """A cause; ``lasting`` when waiting alone hardly helps."""

    reason: str
    message: str
    lasting: bool = True


def trouble_of(pods: Sequence[Manifest], deployment: Manifest | None) -> Trouble | None:
    """The first trouble of the pods by name, else that of the Deployment, else None."""
    for pod in pods:
        if is_ready(pod):
            continue
        for check in POD_CHECKS:
            if (found := check(pod)) is not None:
                return found
    return None if deployment is None else _deployment_trouble(deployment)


def _unschedulable(pod: Manifest) -> Trouble | None:
    """No node takes the pod."""
    scheduled = _condition(pod, "PodScheduled")
    if scheduled is None or scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return None
    return Trouble(PodReason.UNSCHEDULABLE, str(scheduled.get("message", "no node has room")))


def _image_pull(pod: Manifest) -> Trouble | None:
    """An image that cannot be had."""
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in PULL_REASONS:
            detail = str(waiting.get("message", waiting["reason"])).rpartition(BACK_OFF)[2]
            return Trouble(PodReason.IMAGE_PULL_FAILED, f"cannot pull {status.get('image')}: {detail}")
    return None


def _container_config(pod: Manifest) -> Trouble | None:
    """A container that cannot be made: a Secret or ConfigMap that is missing."""
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in CONFIG_REASONS:
            detail = waiting.get("message") or waiting["reason"]
            return Trouble(PodReason.CONTAINER_CONFIG_INVALID, f"container {status.get('name')}: {detail}")
    return None


def _fetch_failed(pod: Manifest) -> Trouble | None:
    """An init container that ended badly says why by its termination message."""
    for status in (pod.get("status") or {}).get("initContainerStatuses") or ():
        ended = _last_failure(status)
        if ended is None or status.get("ready"):
            continue
        reason, message = _termination(ended)
        lasting = ended.get("exitCode") != TRANSIENT_EXIT
        return Trouble(reason or PodReason.FETCH_FAILED, message or _ending(status, ended), lasting)
    return None


def _crashed(pod: Manifest) -> Trouble | None:
    """A container that ended badly and is not ready again."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = _last_failure(status)
        if ended is None or status.get("ready"):
            continue
        if ended.get("reason") == "OOMKilled":
            advice = "it ran out of memory: raise resources.limits.memory of it in spec.server.template"
            return Trouble(PodReason.OUT_OF_MEMORY, f"container {status.get('name')}: {advice}")
        reason, message = _termination(ended)
        lasting = ended.get("exitCode") != TRANSIENT_EXIT
        return Trouble(reason or PodReason.CRASH_LOOP, message or _ending(status, ended), lasting)
    return None


def _deployment_trouble(deployment: Manifest) -> Trouble | None:
    """Pods that are not even made, or that take longer than the start deadline."""
    failure = _condition(deployment, "ReplicaFailure")
    if failure is not None and failure.get("status") == "True":
        return Trouble(PodReason.PODS_REJECTED, str(failure.get("message", "its pods were refused")))
    progress = _condition(deployment, "Progressing")
    if progress is not None and progress.get("reason") == "ProgressDeadlineExceeded":
        return Trouble(PodReason.START_DEADLINE_EXCEEDED, "its pods did not become ready within the start deadline")
    return None


def _condition(manifest: Manifest, kind: str) -> Manifest | None:
    """One condition of a pod or Deployment."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return next((item for item in conditions if item.get("type") == kind), None)


def _statuses(pod: Manifest) -> Iterator[Manifest]:
    """Status of each container, init containers first."""
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _last_failure(status: Manifest) -> Manifest | None:
    """How a container last ended, when it ended badly: its present end, else the one before the present try."""
    for moment in ("state", "lastState"):
        ended = (status.get(moment) or {}).get("terminated")
        if ended is not None:
            return dict(ended) if ended.get("exitCode") != 0 else None
    return None


def _termination(ended: Manifest) -> tuple[str | None, str]:
    """Reason and message of our runtime's JSON, else no reason and the raw text (the last log lines)."""
    text = str(ended.get("message", "")).strip()
    try:
        said = json.loads(text)
    except ValueError:
        return None, text
    if not isinstance(said, dict) or not REASON.match(str(said.get("reason", ""))):
        return None, text
    return str(said["reason"]), str(said.get("message", ""))


def _ending(status: Manifest, ended: Manifest) -> str:
    """What is known of an end without a message."""
    return f"container {status.get('name')} ended with exit code {ended.get('exitCode')} ({ended.get('reason')})"


POD_CHECKS: tuple[Callable[[Manifest], Trouble | None], ...] = (
    _unschedulable,
    _image_pull,
    _container_config,
    _fetch_failed,
    _crashed,
)
