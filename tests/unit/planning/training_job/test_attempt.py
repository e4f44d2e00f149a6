"""While the Job exists: what its state, its pod and its end mean."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.facts import PodLog, Unknown
from leeboard.planning.plan import Plan
from leeboard.planning.training_job import Needs, needs
from leeboard.planning.training_job.facts import TrainingJobFacts
from tests.support.builders_training import (
    NOW,
    RUN_ID,
    exited,
    facts,
    failure_of,
    following,
    job,
    planned,
    pod,
    run,
    status_of,
    training,
)
from tests.support.plans import message_of, said

JOB_AGE = datetime.fromisoformat("2026-11-21T11:59:00Z")
LOG = PodLog("car-loan-pod", "train", tuple(f"line {number}" for number in range(30)))


def after(seconds: float) -> datetime:
    """So long after the Job's creation."""
    return JOB_AGE + timedelta(seconds=seconds)


def failed(
    *pods: Manifest, reason: str = "BackoffLimitExceeded", log: PodLog | None = LOG, now: datetime = NOW
) -> Plan:
    """The plan for a failed Job."""
    return planned(training(), facts(jobs=[job("Failed", reason=reason)], pods=pods, log=log), now=now)


def test_a_new_job_is_starting_and_names_run_job_and_start() -> None:
    result = planned(training(), facts(jobs=[job()], pods=[pod("Pending")]))

    assert status_of(result).model_dump(include={"attempt", "run", "job", "start_time", "phase"}) == {
        "attempt": 1,
        "run": {"id": RUN_ID, "experiment_id": "7", "url": "http://localhost:5000/#/experiments/7/runs/run-1"},
        "job": {"name": job()["metadata"]["name"], "uid": "job-1"},
        "start_time": "2026-11-21T11:59:00Z",
        "phase": "Starting",
    }
    assert said(result)["Reconciling"] == "True/Starting"
    assert (result.writes, result.actions) == ((), ())


def test_a_running_pod_is_told_once_and_asks_nothing_of_mlflow() -> None:
    observed = facts(jobs=[job()], pods=[pod(running={"startedAt": "2026-11-21T11:59:10Z"})])
    resource = following(training(), observed)

    assert resource.status.phase == "Running"
    again = planned(resource, observed, now=NOW + timedelta(hours=3))
    assert (again.status, again.notices, again.requeue_after) == (resource.status, (), None)
    assert observed.jobs != Unknown("")
    assert needs(resource, observed.jobs if not isinstance(observed.jobs, Unknown) else None) == Needs()


WAITING = {
    "an image that cannot be pulled": ("ErrImagePull", "ImagePullBackOff"),
    "an image whose pull is delayed": ("ImagePullBackOff", "ImagePullBackOff"),
    "a missing Secret or ConfigMap": ("CreateContainerConfigError", "CreateContainerConfigError"),
    "a container that the runtime refuses": ("CreateContainerError", "CreateContainerError"),
}


@pytest.mark.parametrize(("waiting", "reason"), WAITING.values(), ids=WAITING)
def test_what_keeps_a_pod_is_told_in_the_first_pass_and_ends_it_at_the_deadline(waiting: str, reason: str) -> None:
    observed = facts(jobs=[job()], pods=[pod("Pending", waiting={"reason": waiting, "message": "the detail"})])

    first = planned(training(), observed, now=after(20))
    last = planned(training(), observed, now=after(600))

    assert said(first)["Ready"] == f"False/{reason}"
    assert said(first)["Stalled"] == "False/NotStalled"
    assert status_of(first).phase == "Starting"
    assert message_of(first).startswith("container train of pod car-loan-pod: the detail. Next: ")
    assert first.requeue_after == timedelta(seconds=580)
    assert [notice.reason for notice in first.notices] == [reason]
    assert (failure_of(last).class_, failure_of(last).reason) == ("NeverStarted", reason)
    assert said(last)["Stalled"] == f"True/{reason}"
    assert "it did not start within 600 s. Next: " in message_of(last)


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull"])
def test_what_waiting_cannot_help_ends_it_at_once(reason: str) -> None:
    observed = facts(jobs=[job()], pods=[pod("Pending", waiting={"reason": reason, "message": "x"})])

    result = planned(training(), observed, now=after(5))

    assert said(result)["Stalled"] == f"True/{reason}"


def test_a_problem_keeps_its_first_words_because_the_kubelet_varies_them() -> None:
    first = pod("Pending", waiting={"reason": "ErrImagePull", "message": "not found"})
    then = pod("Pending", waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling"})
    resource = following(training(), facts(jobs=[job()], pods=[first]), now=after(20))

    result = planned(resource, facts(jobs=[job()], pods=[then]), now=after(40))

    assert result.status == resource.status
    assert result.notices == ()


def test_an_unschedulable_pod_is_told_with_the_schedulers_words() -> None:
    waiting = pod("Pending")
    waiting["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}
    ]

    result = planned(training(), facts(jobs=[job()], pods=[waiting]))

    assert said(result)["Ready"] == "False/Unschedulable"
    assert "0/1 nodes are available" in message_of(result)


def test_a_job_without_a_pod_is_told_after_ten_seconds() -> None:
    observed = facts(jobs=[job(active=0)])

    early, late = planned(training(), observed, now=after(4)), planned(training(), observed, now=after(10))

    assert (said(early)["Ready"], early.requeue_after) == ("False/Starting", timedelta(seconds=6))
    assert said(late)["Ready"] == "False/PodNotCreated"


def test_a_container_that_is_never_made_ends_at_the_deadline() -> None:
    observed = facts(jobs=[job()], pods=[pod("Pending", waiting={"reason": "ContainerCreating"})])

    before, result = planned(training(), observed, now=after(599)), planned(training(), observed, now=after(600))

    assert said(before)["Ready"] == "False/Starting"
    assert said(result)["Stalled"] == "True/ContainerCreating"


def test_a_working_init_container_is_progress_beyond_the_deadline() -> None:
    preparing = pod("Pending", waiting={"reason": "PodInitializing"})
    preparing["spec"]["initContainers"] = [{"name": "data"}]
    preparing["status"]["initContainerStatuses"] = [{"name": "data", "state": {"running": {}}}]

    result = planned(training(), facts(jobs=[job()], pods=[preparing]), now=after(3600))

    assert said(result)["Ready"] == "False/Starting"


def test_a_completed_job_is_latched_before_anything_is_built_on_it() -> None:
    result = planned(training(), facts(jobs=[job("Complete")], pods=[exited(0)]))

    assert status_of(result).to_json()["jobResult"] == {"outcome": "Succeeded", "finishedAt": "2026-11-21T11:59:30Z"}
    assert (result.writes, result.actions) == ((), ())
    assert status_of(result).phase == "Registering"


@pytest.mark.parametrize("early", ["FailureTarget", "SuccessCriteriaMet"])
def test_a_job_whose_pods_still_end_is_not_over(early: str) -> None:
    result = planned(training(), facts(jobs=[job(early)], pods=[pod(running={})]))

    assert (status_of(result).job_result, status_of(result).phase) == (None, "Running")


CLASSES = {
    "an exit code is the code's fault": (exited(3), "CodeError", "CodeError"),
    "a container out of memory is told by its reason": (
        exited(1, "OOMKilled"),
        "ResourceExhausted",
        "ResourceExhausted",
    ),
    "exit 137 is most likely out of memory": (exited(137), "ResourceExhausted", "ResourceExhausted"),
    "a command that cannot run never started": (exited(128, "StartError"), "NeverStarted", "StartError"),
}


@pytest.mark.parametrize(("ended", "class_", "why"), CLASSES.values(), ids=CLASSES)
def test_every_failure_has_its_class(ended: Manifest, class_: str, why: str) -> None:
    result = failed(ended)

    assert (failure_of(result).class_, failure_of(result).reason) == (class_, why)
    assert said(result)["Stalled"] == f"True/{why}"
    assert said(result)["Succeeded"] == f"False/{why}"
    assert [notice.type for notice in result.notices] == ["Warning"]


def test_a_disruption_counts_before_any_exit_code() -> None:
    result = failed(exited(1), reason="PodFailurePolicy")

    assert failure_of(result).class_ == "Disruption"
    assert said(result)["Stalled"] == "True/Disruption"


def test_a_code_error_tells_the_last_twenty_lines_and_the_next_step() -> None:
    result = failed(exited(3))

    assert failure_of(result).last_log_lines == LOG.lines[-20:]
    assert message_of(result) == (
        "container train exited with code 3. Next: read status.failure.lastLogLines, or leeboard/attempt-1.log of the "
        "run; then create a new TrainingJob."
    )


EXPLAINED = {
    "another experiment": (
        "Cannot start run with ID x because active experiment ID does not match environment run ID. Make sure",
        "mlflow.set_experiment",
    ),
    "another value of a parameter": ("INVALID: Changing param values is not allowed. Param with", "spec.parameters"),
}


@pytest.mark.parametrize(("line", "hint"), EXPLAINED.values(), ids=EXPLAINED)
def test_what_mlflow_refuses_is_explained(line: str, hint: str) -> None:
    result = failed(exited(1), log=PodLog("car-loan-pod", "train", (line, *LOG.lines)))

    assert hint in message_of(result)
    assert said(result)["Stalled"] == "True/CodeError"


def test_a_pod_that_the_node_refused_never_started() -> None:
    refused = pod("Failed")
    refused["status"] |= {"reason": "OutOfcpu", "message": "Node didn't have enough resource"}

    result = failed(refused, log=None)

    assert said(result)["Stalled"] == "True/NodeRefused"


def test_a_pod_that_somebody_deleted_is_no_fault_of_the_code() -> None:
    result = failed(log=None)

    assert said(result)["Stalled"] == "True/Disruption"
    assert "the pod was deleted before its exit code was read" in message_of(result)


LATE: dict[str, TrainingJobFacts] = {
    "the log cannot be read yet": facts(jobs=[job("Failed")], pods=[exited(1)], log=Unknown("no kubelet")),
    "the cache has not seen the pod's end": facts(jobs=[job("Failed")], pods=[pod(running={})], log=LOG),
}


@pytest.mark.parametrize("observed", LATE.values(), ids=LATE)
def test_a_failure_waits_for_its_witnesses_but_not_for_ever(observed: TrainingJobFacts) -> None:
    waiting = planned(training(), observed, now=NOW)
    over = planned(training(), observed, now=NOW + timedelta(minutes=2))

    assert (waiting.status, waiting.requeue_after) == (None, timedelta(seconds=2))
    assert status_of(over).job_result is not None


def test_unknown_children_change_nothing() -> None:
    resource = following(training(), facts(jobs=[job()], pods=[pod(running={})]))

    no_jobs = planned(resource, TrainingJobFacts(jobs=Unknown("barrier")))
    no_pods = planned(resource, TrainingJobFacts(jobs=facts(jobs=[job()]).jobs, pods=Unknown("barrier")))

    assert (no_jobs, no_pods) == (Plan(requeue_after=timedelta(seconds=2)), Plan(requeue_after=timedelta(seconds=2)))


def test_a_lost_status_is_read_back_from_the_job() -> None:
    observed = facts(jobs=[job()], pods=[pod(running={})])
    kept = following(training(), facts(runs=()), observed)
    lost = following(training(), observed)

    assert (lost.status.run, lost.status.job, lost.status.attempt) == (kept.status.run, kept.status.job, 1)
    assert run().id == RUN_ID
