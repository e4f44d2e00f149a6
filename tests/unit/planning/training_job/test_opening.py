"""Before the Job: what is refused, which run is used, and when the Job is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from leeboard.api.names import Tag
from leeboard.api.resource import Manifest
from leeboard.planning.actions import LogParameters, OpenRun
from leeboard.planning.facts import Rejection, Run, RunStatus, Unknown
from leeboard.planning.plan import Create, Notice, NoticeType
from leeboard.planning.training_job.facts import intent_of
from leeboard.planning.training_job.job import job_manifest
from leeboard.planning.training_job.run import run_reference
from tests.support.builders_training import (
    DEFAULTS,
    NOW,
    RUN_ID,
    UID,
    facts,
    failure_of,
    following,
    model,
    planned,
    registered,
    run,
    status_of,
    training,
)
from tests.support.plans import message_of, said


def with_container(**fields: object) -> Manifest:
    return {"spec": {"containers": [{"name": "train", "image": "trainer:1", **fields}]}}


REFUSED = {
    "a hostPath volume is refused with its path": (
        {"template": {"spec": {**with_container()["spec"], "volumes": [{"name": "a", "hostPath": {"path": "/"}}]}}},
        "spec.template.spec.volumes[0].hostPath is not allowed",
    ),
    "a privileged container is refused with its path": (
        {"template": with_container(securityContext={"privileged": True})},
        "spec.template.spec.containers[0].securityContext.privileged is not allowed",
    ),
    "a restart policy other than Never is refused": (
        {"template": {"spec": {**with_container()["spec"], "restartPolicy": "OnFailure"}}},
        "spec.template.spec.restartPolicy must be Never: a failed pod ends the attempt",
    ),
    "a variable of MLflow's that the operator sets is refused": (
        {"template": with_container(env=[{"name": "MLFLOW_RUN_ID", "value": "mine"}])},
        "spec.template.spec.containers[0].env[0].name is MLFLOW_RUN_ID, which Leeboard sets",
    ),
    "a variable of Leeboard's is refused": (
        {"template": with_container(env=[{"name": "LEEBOARD_ATTEMPT", "value": "9"}])},
        "spec.template.spec.containers[0].env[0].name is LEEBOARD_ATTEMPT, which Leeboard sets",
    ),
    "a variable that a parameter sets is refused": (
        {"parameters": {"depth": "6"}, "template": with_container(env=[{"name": "depth", "value": "7"}])},
        "spec.template.spec.containers[0].env[0].name is depth, which Leeboard sets",
    ),
    "a variable that the data set sets is refused": (
        {"dataset": {"name": "cars"}, "template": with_container(env=[{"name": "DATASET_URI", "value": "x"}])},
        "spec.template.spec.containers[0].env[0].name is DATASET_URI, which Leeboard sets",
    ),
    "a parameter that is no variable name is refused": (
        {"parameters": {"max depth": "6"}},
        "spec.parameters[max depth] is not a name for an environment variable",
    ),
    "a parameter with a name of ours is refused": (
        {"parameters": {"MLFLOW_TRACKING_URI": "http://elsewhere"}},
        "spec.parameters[MLFLOW_TRACKING_URI] is a variable that Leeboard sets",
    ),
    "a template without an image is refused": (
        {"template": {"spec": {"containers": [{"name": "train"}]}}},
        "spec.template.spec.containers[0].image is missing",
    ),
}


@pytest.mark.parametrize(("spec", "fault"), REFUSED.values(), ids=REFUSED)
def test_refused_templates_end_at_once_and_make_nothing(spec: dict[str, Any], fault: str) -> None:
    result = planned(training(**spec), facts(runs=Unknown("down")))

    assert (result.writes, result.actions) == ((), ())
    assert message_of(result) == f"{fault}. Next: create a TrainingJob without that."
    assert (status_of(result).outcome, status_of(result).phase) == ("Failed", "Failed")
    assert said(result) == {
        "Ready": "False/InvalidTemplate",
        "Reconciling": "False/Ended",
        "Stalled": "True/InvalidTemplate",
        "Succeeded": "False/InvalidTemplate",
        "TrackingReady": "False/TrackingUnavailable",
    }


def test_a_training_in_the_operators_own_namespace_is_refused() -> None:
    resource = training()
    elsewhere = resource.metadata.model_copy(update={"namespace": DEFAULTS.operator_namespace})

    result = planned(resource.model_copy(update={"metadata": elsewhere}), facts(runs=()))

    assert said(result)["Stalled"] == "True/OperatorNamespace"
    assert (result.writes, result.actions) == ((), ())


def test_the_first_pass_opens_a_run_that_carries_identity_and_lineage() -> None:
    resource = training(
        parameters={"max_depth": "6"},
        source={"git": {"repository": "https://git.example/cars", "revision": "4f2c"}},
        dataset={"name": "cars", "uri": "s3://cars", "digest": f"sha256:{'a' * 64}"},
    )

    result = planned(resource, facts(runs=()))

    assert result.actions == (
        OpenRun(
            experiment="credit/car-loan",
            name="car-loan",
            tags={
                Tag.UID: UID,
                Tag.ATTEMPT: "1",
                Tag.INTENT: intent_of(resource),
                Tag.RESOURCE: "credit/car-loan",
                Tag.GIT_REPOSITORY: "https://git.example/cars",
                Tag.GIT_REVISION: "4f2c",
                Tag.GIT_EVIDENCE: "Claimed",
                Tag.DATASET_NAME: "cars",
                Tag.DATASET_URI: "s3://cars",
                Tag.DATASET_DIGEST: f"sha256:{'a' * 64}",
                Tag.IMAGE: "trainer:1",
            },
            parameters={"max_depth": "6"},
        ),
    )
    assert result.writes == ()
    assert said(result) == {
        "Ready": "False/OpeningRun",
        "Reconciling": "True/OpeningRun",
        "Stalled": "False/NotStalled",
        "Succeeded": "Unknown/NotEnded",
        "TrackingReady": "True/TrackingAvailable",
    }


def test_a_run_that_a_crash_left_without_parameters_gets_them_before_its_job_is_made() -> None:
    resource = training(parameters={"depth": "6", "rate": "0.1"})
    cut = replace(run(), parameters=frozenset({"depth"}))

    result = planned(resource, facts(runs=(cut,)))

    assert (result.actions, result.writes) == ((LogParameters(RUN_ID, {"rate": "0.1"}),), ())


def test_the_job_is_made_once_the_run_is_seen_and_costs_no_status_write() -> None:
    resource = following(training(), facts(runs=()))

    result = planned(resource, facts(runs=(run(),)))

    assert result.writes == (Create(job_manifest(resource, run_reference(run(), DEFAULTS), DEFAULTS)),)
    assert (result.status, result.actions, result.notices) == (None, (), ())


def test_the_oldest_of_two_runs_counts() -> None:
    result = planned(training(), facts(runs=(run("first"), run("second"))))

    (creation,) = result.writes
    assert isinstance(creation, Create)
    assert creation.manifest["metadata"]["annotations"]["leeboard.dev/run"] == "first"


def test_no_job_is_made_while_mlflow_is_away() -> None:
    result = planned(training(), facts(runs=Unknown("connection refused")))

    assert (result.writes, result.actions) == ((), ())
    assert result.requeue_after == timedelta(seconds=15)
    assert said(result)["TrackingReady"] == "False/TrackingUnavailable"
    assert said(result)["Stalled"] == "False/NotStalled"
    assert result.notices == (
        Notice(NoticeType.WARNING, "TrackingUnavailable", "MLflow does not answer: connection refused"),
    )


def test_an_outage_is_told_once_and_its_words_stay() -> None:
    resource = following(training(), facts(runs=Unknown("connection object at 0x7f01")))

    result = planned(resource, facts(runs=Unknown("connection object at 0x7f02")), now=NOW + timedelta(minutes=1))

    assert result.status == resource.status
    assert result.notices == ()


def test_tracking_is_ready_again_when_mlflow_answers() -> None:
    resource = following(training(), facts(runs=Unknown("down")))

    result = planned(resource, facts(runs=(run(),)))

    assert said(result)["TrackingReady"] == "True/TrackingAvailable"
    assert len(result.writes) == 1


def rejection(code: int, message: str = "because") -> Rejection:
    return Rejection(code=code, message=message, kind="Job", name="any", generation=1)


def test_an_invalid_job_fails_for_good_with_the_servers_words() -> None:
    result = planned(training(), facts(runs=(run(),), rejections=(rejection(422, "spec.x: Invalid value"),)))

    assert result.writes == ()
    assert (failure_of(result).class_, failure_of(result).reason) == ("NeverStarted", "InvalidTemplate")
    assert message_of(result) == "the API server refuses the Job: spec.x: Invalid value"


@pytest.mark.parametrize(
    ("message", "reason"),
    [("exceeded quota: small", "QuotaExceeded"), ("denied by policy", "Denied")],
    ids=["a quota is named", "a policy is named"],
)
def test_a_denied_job_is_told_and_asked_for_again(message: str, reason: str) -> None:
    resource = following(training(), facts(runs=()))

    result = planned(resource, facts(runs=(run(),), rejections=(rejection(403, message),)))

    assert said(result)["Ready"] == f"False/{reason}"
    assert said(result)["Reconciling"] == f"True/{reason}"
    assert (result.writes, result.requeue_after) == ((), timedelta(seconds=30))


def test_a_job_denied_until_the_start_deadline_never_started() -> None:
    resource = following(training(), facts(runs=()))
    observed = facts(runs=(run(),), rejections=(rejection(403, "exceeded quota: small"),))

    before = planned(resource, observed, now=NOW + timedelta(seconds=599))
    after = planned(resource, observed, now=NOW + timedelta(seconds=600))

    assert said(before)["Stalled"] == "False/NotStalled"
    assert said(after)["Stalled"] == "True/QuotaExceeded"


def test_a_job_of_somebody_elses_is_a_name_conflict_that_waits_for_a_person() -> None:
    result = planned(training(), facts(runs=(run(),), rejections=(rejection(409),)))

    assert said(result)["Stalled"] == "True/NameConflict"
    assert said(result)["Succeeded"] == "Unknown/NotEnded"
    assert (result.writes, result.requeue_after) == ((), timedelta(seconds=30))
    assert [notice.reason for notice in result.notices] == ["NameConflict"]


def test_a_refusal_of_an_older_generation_does_not_count() -> None:
    old = Rejection(code=422, message="x", kind="Job", name="any", generation=0)

    assert len(planned(training(), facts(runs=(run(),), rejections=(old,))).writes) == 1


USED = {
    "a script closed its run": run(status=RunStatus.FINISHED),
    "a script failed its run": run(status=RunStatus.FAILED),
}


@pytest.mark.parametrize("used", USED.values(), ids=USED)
def test_a_used_run_without_a_job_is_never_trained_again(used: Run) -> None:
    lost = planned(training(), facts(runs=(used,), models=()))
    found = planned(training(), facts(runs=(used,), models=(model(),)))
    unknown = planned(training(), facts(runs=(used,), models=Unknown("down")))

    assert (lost.writes, found.writes, unknown.writes) == ((), (), ())
    assert said(lost)["Stalled"] == "True/ResultLost"
    assert said(found)["Reconciling"] == "True/Registering"
    assert said(unknown)["TrackingReady"] == "False/TrackingUnavailable"


def test_runs_of_the_same_intent_without_a_version_do_not_stop_a_training() -> None:
    earlier = run("old", uid="uid-0", status=RunStatus.FINISHED)

    result = planned(training(), facts(runs=(earlier,), versions=(), registered=registered()))

    assert [type(action) for action in result.actions] == [OpenRun]


def test_the_intent_does_not_change_with_defaults_that_the_server_fills_in() -> None:
    filled = training(modelVersion={"approval": "Automatic"})

    assert intent_of(filled) == intent_of(training())
    assert intent_of(training(parameters={"depth": "6"})) != intent_of(training())
