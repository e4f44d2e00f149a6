"""After a failure: pods are released, the run is closed with its log, and the end is latched."""

from __future__ import annotations

from datetime import timedelta

from leeboard.api.names import Tag
from leeboard.api.training_job import TrainingJob
from leeboard.planning.actions import CloseRun, UploadText
from leeboard.planning.facts import PodLog, Rejection, RunStatus, Unknown
from leeboard.planning.plan import Delete, ObjectRef, Plan
from leeboard.planning.training_job import Needs, needs
from tests.support.builders_training import (
    EMPTY,
    NOW,
    RUN_ID,
    exited,
    facts,
    following,
    job,
    model,
    planned,
    pod,
    run,
    status_of,
    training,
)
from tests.support.plans import said

LOG = PodLog("car-loan-pod", "train", ("first", "last"))
BROKEN = facts(jobs=[job("Failed")], pods=[exited(1)], log=LOG)
CLOSE = CloseRun(RUN_ID, RunStatus.FAILED, {Tag.CLOSED: "1"})
CLOSED = run(status=RunStatus.FAILED, closed=True)
STUCK = pod("Pending", waiting={"reason": "InvalidImageName", "message": "x"})


def broken() -> TrainingJob:
    return following(training(), BROKEN)


def never_started() -> TrainingJob:
    return following(training(), facts(jobs=[job()], pods=[STUCK]))


def test_the_log_goes_to_the_run_before_the_proof_that_it_is_closed() -> None:
    result = planned(broken(), facts(jobs=[job("Failed")], pods=[exited(1)], log=LOG, run=run()))

    assert result.actions == (UploadText(RUN_ID, "leeboard/attempt-1.log", "first\nlast\n"), CLOSE)
    assert status_of(result).outcome is None


def test_a_run_that_the_script_failed_still_gets_its_log() -> None:
    result = planned(broken(), facts(jobs=[job("Failed")], pods=[exited(1)], log=LOG, run=run(status=RunStatus.FAILED)))

    assert len(result.actions) == 2


def test_the_end_is_latched_when_the_run_is_closed() -> None:
    resource = broken()

    result = planned(resource, facts(jobs=[job("Failed")], pods=[exited(1)], log=LOG, run=CLOSED))

    assert (status_of(result).outcome, status_of(result).completion_time) == ("Failed", "2026-11-21T12:00:00Z")
    assert said(result)["Stalled"] == "True/CodeError"
    assert (result.writes, result.actions, result.notices) == ((), (), ())


def test_a_run_that_somebody_deleted_needs_no_closing() -> None:
    result = planned(broken(), facts(jobs=[job("Failed")], run=None, log=None))

    assert status_of(result).outcome == "Failed"


def test_the_failure_is_told_while_mlflow_is_away() -> None:
    resource = broken()

    result = planned(resource, facts(jobs=[job("Failed")], pods=[exited(1)], log=LOG, run=Unknown("down")))

    assert said(result)["Stalled"] == "True/CodeError"
    assert said(result)["TrackingReady"] == "False/TrackingUnavailable"
    assert (status_of(result).outcome, result.requeue_after) == (None, timedelta(seconds=15))


def test_a_log_that_cannot_be_read_holds_the_end_back_for_a_minute_only() -> None:
    observed = facts(jobs=[job("Failed")], pods=[exited(1)], log=Unknown("no kubelet"), run=run())

    waiting = planned(broken(), observed, now=NOW)
    over = planned(broken(), observed, now=NOW + timedelta(minutes=2))

    assert (waiting.actions, waiting.requeue_after) == ((), timedelta(seconds=2))
    assert over.actions == (CLOSE,)


def test_a_job_that_never_started_is_deleted_until_it_is_gone() -> None:
    resource = never_started()
    deletion = Delete(ObjectRef("batch/v1", "Job", "credit", job()["metadata"]["name"]), "job-1")
    leaving = job()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z"

    first = planned(resource, facts(jobs=[job()], pods=[STUCK], run=Unknown("down"), log=None))
    ended = following(resource, facts(jobs=[job()], pods=[STUCK], run=CLOSED, log=None))
    again = planned(ended, facts(jobs=[job()]))
    asked = planned(ended, facts(jobs=[leaving]))

    assert first.writes == (deletion,)
    assert ended.status.outcome == "Failed"
    assert again.writes == (deletion,)
    assert asked.writes == ()


def test_a_refused_deletion_is_not_repeated_at_once() -> None:
    refused = Rejection(code=403, message="x", kind="Job", name="any", generation=1)

    result = planned(never_started(), facts(jobs=[job()], run=run(), log=None, rejections=(refused,)))

    assert result.writes == ()


def test_an_invalid_result_closes_its_run_as_failed() -> None:
    resource = following(training(), facts(jobs=[job("Complete")], pods=[exited(0)]))
    resource = following(resource, facts(jobs=[job("Complete")], run=run(), models=(), versions=()))

    result = planned(resource, facts(jobs=[job("Complete")], run=run(status=RunStatus.FINISHED), log=LOG))

    assert result.actions == (UploadText(RUN_ID, "leeboard/attempt-1.log", "first\nlast\n"), CLOSE)


def test_a_latched_failure_stays_whatever_happens_to_its_children() -> None:
    resource = following(broken(), facts(jobs=[job("Failed")], log=LOG, run=CLOSED))

    result = planned(resource, facts(jobs=[], models=(model(),)), now=NOW + timedelta(days=9))

    assert result == Plan(status=resource.status)
    assert needs(resource, EMPTY) == Needs()


def test_a_training_that_is_being_deleted_is_left_alone() -> None:
    resource = broken()
    metadata = resource.metadata.model_copy(update={"deletion_timestamp": "2026-11-21T12:00:00Z"})

    assert planned(resource.model_copy(update={"metadata": metadata}), BROKEN) == Plan()
