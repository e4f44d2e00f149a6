"""Pods that never start never fail by themselves: what keeps them, told in the first pass that sees it.

Kubernetes leaves this to its users (KEP-3329 declares it out of scope). Waiting helps some problems and not others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.resource import Manifest
from leeboard.planning.moments import since

WAITING_REASONS = {
    "ErrImagePull": StartReason.IMAGE_PULL_BACK_OFF,
    "ImagePullBackOff": StartReason.IMAGE_PULL_BACK_OFF,
    "RegistryUnavailable": StartReason.IMAGE_PULL_BACK_OFF,
    "ErrImageNeverPull": StartReason.IMAGE_NEVER_PULLED,
    "InvalidImageName": StartReason.INVALID_IMAGE_NAME,
    "CreateContainerConfigError": StartReason.CONTAINER_CONFIG,
    "CreateContainerError": StartReason.CONTAINER_CREATION,
    "RunContainerError": StartReason.CONTAINER_CREATION,
}
PERMANENT = frozenset({StartReason.INVALID_IMAGE_NAME, StartReason.IMAGE_NEVER_PULLED})
NEXT_STEPS = {
    StartReason.IMAGE_PULL_BACK_OFF: "check the image's name and tag, and imagePullSecrets",
    StartReason.INVALID_IMAGE_NAME: "correct the image's name in a new TrainingJob",
    StartReason.IMAGE_NEVER_PULLED: "load the image on the nodes, or allow pulling it, in a new TrainingJob",
    StartReason.CONTAINER_CONFIG: "create what the message names; the pod starts then",
    StartReason.CONTAINER_CREATION: "read the runtime's message; correct command or mounts in a new TrainingJob",
    StartReason.UNSCHEDULABLE: "ask for less, or add nodes; the pod starts then",
    StartReason.POD_NOT_CREATED: "kubectl describe job shows why: a quota or an admission policy, most likely",
    StartReason.CONTAINER_CREATING: "kubectl describe pod shows why: most likely a missing volume or Secret",
}
POD_GRACE = timedelta(seconds=10)  # how long a Job may be without a pod before we say so


@dataclass(frozen=True, slots=True)
class Problem:
    """Why no pod runs: ``subject`` is what waits, ``detail`` what Kubernetes says of it."""

    reason: StartReason
    subject: str
    detail: str

    @property
    def is_permanent(self) -> bool:
        """Whether waiting cannot help."""
        return self.reason in PERMANENT

    @property
    def message(self) -> str:
        """What happened and what to do."""
        return self.told()

    def told(self, waited: timedelta | None = None) -> str:
        """The same, with how long a start was waited for in vain."""
        what = (self.detail or self.reason.value).rstrip(". ")
        vain = f"; it did not start within {int(waited.total_seconds())} s" if waited is not None else ""
        return f"{self.subject}: {what}{vain}. Next: {NEXT_STEPS[self.reason]}."


def problem(job: Manifest, pods: tuple[Manifest, ...], now: datetime) -> Problem | None:
    """The first thing that keeps the attempt's newest pod from running."""
    if not pods:
        return _no_pod(job, now)
    checks: tuple[Callable[[Manifest], Problem | None], ...] = (_unschedulable, _waiting_container)
    return next((found for check in checks if (found := check(pods[0])) is not None), None)


def stuck(pods: tuple[Manifest, ...]) -> Problem | None:
    """What to name at the start deadline when nothing says why: no container was ever made."""
    if not pods:
        return None
    for status in statuses(pods[0]):
        if "waiting" in (status.get("state") or {}):
            detail = str(status["state"]["waiting"].get("reason", "waiting"))
            return Problem(StartReason.CONTAINER_CREATING, _subject(pods[0], status["name"]), detail)
    return Problem(StartReason.CONTAINER_CREATING, f"pod {pods[0]['metadata']['name']}", "no container was made")


def has_started(pods: tuple[Manifest, ...]) -> bool:
    """Whether every container of the newest pod has run."""
    if not pods:
        return False
    wanted = len(pods[0]["spec"]["containers"]) if pods[0].get("spec") else 0
    found = (pods[0].get("status") or {}).get("containerStatuses") or ()
    return len(found) >= max(wanted, 1) and all(_has_run(status) for status in found)


def is_preparing(pods: tuple[Manifest, ...]) -> bool:
    """Whether an init container is at work: that is progress, however long it takes."""
    if not pods:
        return False
    spec = (pods[0].get("spec") or {}).get("initContainers") or ()
    sidecars = {container["name"] for container in spec if container.get("restartPolicy") == "Always"}
    found = (pods[0].get("status") or {}).get("initContainerStatuses") or ()
    return any("running" in (status.get("state") or {}) for status in found if status.get("name") not in sidecars)


def has_ended(pod: Manifest) -> bool:
    """Whether the pod is over as far as we have seen."""
    return (pod.get("status") or {}).get("phase") in {"Failed", "Succeeded"}


def statuses(pod: Manifest) -> Iterator[Manifest]:
    """Every container's status, init containers first."""
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _has_run(status: Manifest) -> bool:
    """Whether a container ran at least once."""
    state = status.get("state") or {}
    return "running" in state or "terminated" in state or bool(status.get("lastState"))


def _no_pod(job: Manifest, now: datetime) -> Problem | None:
    """The Job has made no pod for a while: its controller was denied."""
    status = job.get("status") or {}
    if any(status.get(field) for field in ("active", "terminating", "failed", "succeeded")):
        return None
    if since(job["metadata"]["creationTimestamp"], now) < POD_GRACE:
        return None
    return Problem(StartReason.POD_NOT_CREATED, f"Job {job['metadata']['name']}", "it has made no pod")


def _unschedulable(pod: Manifest) -> Problem | None:
    """No node takes the pod."""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            subject = f"pod {pod['metadata']['name']}"
            return Problem(StartReason.UNSCHEDULABLE, subject, str(condition.get("message", "")))
    return None


def _waiting_container(pod: Manifest) -> Problem | None:
    """A container waits for a reason that the kubelet names."""
    for status in statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if reason := WAITING_REASONS.get(str(waiting.get("reason"))):
            return Problem(reason, _subject(pod, status["name"]), str(waiting.get("message", "")))
    return None


def _subject(pod: Manifest, container: str) -> str:
    return f"container {container} of pod {pod['metadata']['name']}"
