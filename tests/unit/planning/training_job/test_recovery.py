"""A Job that vanished before its result was read: MLflow is asked, nothing is trained twice."""

from __future__ import annotations

from leeboard.api.training_job import TrainingJob
from leeboard.planning.facts import Unknown
from leeboard.planning.training_job import Needs, needs
from tests.support.builders_training import (
    EMPTY,
    RUN_ID,
    exited,
    facts,
    failure_of,
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


def seen() -> TrainingJob:
    """A training whose Job was seen running."""
    return following(training(), facts(jobs=[job()], pods=[pod(running={})]))


def test_a_vanished_job_asks_its_run_for_models() -> None:
    assert needs(seen(), EMPTY) == Needs(run=RUN_ID, models=True)


def test_a_ready_model_is_the_result_of_a_vanished_job() -> None:
    result = planned(seen(), facts(run=run(), models=(model(),)))

    assert status_of(result).to_json()["jobResult"]["outcome"] == "Succeeded"
    assert said(result)["Reconciling"] == "True/Registering"
    assert result.writes == ()


def test_a_vanished_job_without_a_ready_model_is_a_lost_result() -> None:
    result = planned(seen(), facts(run=run(), models=(model(status="PENDING"),)))

    assert said(result)["Stalled"] == "True/ResultLost"
    assert (failure_of(result).class_, result.writes) == ("ResultLost", ())


def test_a_vanished_job_of_a_deleted_run_is_a_lost_result() -> None:
    assert said(planned(seen(), facts(run=None, models=())))["Stalled"] == "True/ResultLost"


def test_pods_that_still_end_are_waited_for() -> None:
    result = planned(seen(), facts(pods=[pod(running={})], run=run(), models=()))

    assert said(result)["Stalled"] == "False/NotStalled"
    assert result.requeue_after is not None


def test_ended_pods_of_a_vanished_job_are_not_waited_for() -> None:
    assert said(planned(seen(), facts(pods=[exited(0)], run=run(), models=())))["Stalled"] == "True/ResultLost"


def test_an_unreachable_mlflow_decides_nothing() -> None:
    result = planned(seen(), facts(run=Unknown("down")))

    assert said(result)["TrackingReady"] == "False/TrackingUnavailable"
    assert said(result)["Succeeded"] == "Unknown/NotEnded"


def test_a_job_of_that_name_that_is_not_controlled_by_us_is_not_ours() -> None:
    stranger = job("Complete")
    stranger["metadata"]["ownerReferences"] = []

    result = planned(training(), facts(jobs=[stranger], runs=(run(),)))

    assert len(result.writes) == 1
