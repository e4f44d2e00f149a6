"""Why an attempt failed: the class from the Job and its pods, a sentence with the next step, the end of the log."""

from __future__ import annotations

from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.resource import Manifest
from leeboard.api.training_job import Failure, FailureClass
from leeboard.planning.facts import PodLog, Unknown
from leeboard.planning.pod_start import statuses
from leeboard.planning.training_job.facts import condition

LAST_LINES = 20
NOT_RUN = frozenset({"StartError", "ContainerCannotRun"})
SIGKILL_EXIT = 137

# What MLflow says when a script and the operator's run contradict each other, and what it means.
EXPLANATIONS = (
    (
        "active experiment ID does not match environment run ID",
        (
            "the script calls mlflow.set_experiment with an experiment that is not that of its run. "
            "Next: remove set_experiment from the script; the experiment is <namespace>/<model>"
        ),
    ),
    (
        "Changing param values is not allowed",
        (
            "the script logs a parameter with another value than spec.parameters gave the run. "
            "Next: log the value as it stands in the environment, or do not log it"
        ),
    ),
)
SEE_LOG = (
    "Next: read status.failure.lastLogLines, or leeboard/attempt-{attempt}.log of the run; "
    "then create a new TrainingJob"
)


def failure_of(job: Manifest, pods: tuple[Manifest, ...], log: PodLog | Unknown | None, *, attempt: int) -> Failure:
    """The failure of a Job whose Failed condition is True."""
    lines = log.lines[-LAST_LINES:] if isinstance(log, PodLog) else ()
    failed = condition(job, "Failed") or {}
    if failed.get("reason") == "PodFailurePolicy":
        return _disruption(failed, lines)
    pod = pods[0] if pods else None
    if pod is not None and (refusal := _not_run(pod)) is not None:
        return refusal
    ended = _failing(pod) if pod is not None else None
    if ended is None:
        message = f"the pod was deleted before its exit code was read, and the Job failed: {failed.get('message', '')}"
        return _failure(FailureClass.DISRUPTION, f"{message}. Next: create a new TrainingJob.", lines)
    return _exit_failure(ended, lines, log, attempt=attempt)


def failing_container(pod: Manifest) -> str | None:
    """The container whose log tells why the pod failed: the first that ended badly, else the first one."""
    if (ended := _failing(pod)) is not None:
        return str(ended["name"])
    containers = (pod.get("spec") or {}).get("containers") or ()
    return str(containers[0]["name"]) if containers else None


def _failing(pod: Manifest) -> Manifest | None:
    """The status of the first container that ended with another code than 0; out of memory before all."""
    ended = [item for item in statuses(pod) if _terminated(item).get("exitCode", 0) != 0]
    killed = [item for item in ended if _terminated(item).get("reason") == "OOMKilled"]
    return next(iter((*killed, *ended)), None)


def _terminated(status: Manifest) -> Manifest:
    state = status.get("state") or {}
    return state.get("terminated") or {}


def _disruption(failed: Manifest, lines: tuple[str, ...]) -> Failure:
    """Evicted, preempted, or its node was lost: no fault of the code."""
    message = (
        f"the pod was disrupted (eviction, preemption or a lost node): {failed.get('message', '')}. "
        "Next: create a new TrainingJob."
    )
    return _failure(FailureClass.DISRUPTION, message, lines)


def _not_run(pod: Manifest) -> Failure | None:
    """The node refused the pod, or the runtime could not start its command."""
    name = pod["metadata"]["name"]
    for status in statuses(pod):
        if _terminated(status).get("reason") in NOT_RUN:
            text = _terminated(status).get("message", "").strip()
            message = (
                f"container {status['name']} of pod {name} could not be started: {text}. Next: correct its command."
            )
            return Failure(class_=FailureClass.NEVER_STARTED, reason=StartReason.START_ERROR, message=message)
    pod_status = pod.get("status") or {}
    if pod_status.get("reason") and not any(_terminated(status) for status in statuses(pod)):
        message = f"the node refused pod {name}: {pod_status['reason']}: {pod_status.get('message', '')}"
        return Failure(class_=FailureClass.NEVER_STARTED, reason=StartReason.NODE_REFUSED, message=message)
    return None


def _exit_failure(ended: Manifest, lines: tuple[str, ...], log: PodLog | Unknown | None, *, attempt: int) -> Failure:
    """A container ended with a code: out of memory by reason first and by exit 137 second (KEP-3329), else code."""
    state = _terminated(ended)
    code = state["exitCode"]
    if state.get("reason") == "OOMKilled" or code == SIGKILL_EXIT:
        how = (
            "ran out of memory" if state.get("reason") == "OOMKilled" else "was killed (137), most likely out of memory"
        )
        message = (
            f"container {ended['name']} {how}. Next: raise resources.limits.memory, or use less, in a new TrainingJob."
        )
        return _failure(FailureClass.RESOURCE_EXHAUSTED, message, lines)
    all_lines = log.lines if isinstance(log, PodLog) else ()
    for mark, meaning in EXPLANATIONS:
        if any(mark in line for line in all_lines):
            return _failure(
                FailureClass.CODE_ERROR, f"container {ended['name']} exited with code {code}: {meaning}.", lines
            )
    message = f"container {ended['name']} exited with code {code}. {SEE_LOG.format(attempt=attempt)}."
    return _failure(FailureClass.CODE_ERROR, message, lines)


def _failure(class_: FailureClass, message: str, lines: tuple[str, ...]) -> Failure:
    """A failure whose reason is its class."""
    return Failure(class_=class_, reason=class_.value, message=message, last_log_lines=lines)
