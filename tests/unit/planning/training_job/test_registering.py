"""From a completed Job to exactly one registered version, its ModelVersion and the latched end."""

from __future__ import annotations

from datetime import timedelta
from typing import Unpack

import pytest

from leeboard.api.names import Tag
from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.planning.actions import ClaimModel, CloseRun, RegisterVersion, TagVersion
from leeboard.planning.facts import LoggedModel, Rejection, Run, RunStatus, Unknown
from leeboard.planning.plan import Create, JsonPatch, ObjectRef, Plan
from leeboard.planning.training_job import Needs, TrainingJobFacts, needs
from leeboard.planning.training_job.facts import intent_of
from leeboard.planning.training_job.lineage import model_version
from tests.support.builders_training import (
    EMPTY,
    NOW,
    RUN_ID,
    UID,
    Observed,
    exited,
    facts,
    failure_of,
    following,
    job,
    model,
    planned,
    registered,
    run,
    status_of,
    training,
    version,
)
from tests.support.plans import message_of, said

CLOSE = CloseRun(RUN_ID, RunStatus.FINISHED, {Tag.CLOSED: "1"})
CLOSED = run(status=RunStatus.FINISHED, closed=True)
JOBS, PODS = [job("Complete")], [exited(0)]


def completed(**spec: object) -> TrainingJob:
    """A TrainingJob whose Job's completion is latched."""
    return following(training(None, **spec), facts(jobs=JOBS, pods=PODS))


def observed(**found: Unpack[Observed]) -> TrainingJobFacts:
    """Facts of the stage, with an open run, one READY model and nothing registered."""
    known: Observed = {"run": run(), "models": (model(),), "registered": None, "versions": ()}
    known.update(found)
    return facts(jobs=JOBS, pods=PODS, **known)


def seen(manifest: Manifest) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "uid": "mv-1"}}


def made(resource: TrainingJob) -> Manifest:
    """The ModelVersion that the planner makes of version 1."""
    return model_version(resource, version(), facts(jobs=JOBS, pods=PODS).pods)


def test_the_model_and_its_metrics_are_latched_and_the_name_is_claimed() -> None:
    measured = Run(RUN_ID, "7", RunStatus.RUNNING, run().tags, (("accuracy", "0.91"), ("loss", "0.2")))

    result = planned(completed(), observed(run=measured))

    assert status_of(result).to_json()["loggedModel"] == {"id": "m-1", "name": "model"}
    assert [metric.to_json() for metric in status_of(result).metrics] == [
        {"name": "accuracy", "value": "0.91"},
        {"name": "loss", "value": "0.2"},
    ]
    assert result.actions == (ClaimModel("car-loan", {Tag.OWNER: "default/credit"}), CLOSE)
    assert result.writes == ()


def test_status_keeps_64_metrics() -> None:
    many = Run(RUN_ID, "7", RunStatus.RUNNING, run().tags, tuple((f"m{number:03}", "1") for number in range(100)))

    result = planned(completed(), observed(run=many))

    assert len(status_of(result).metrics) == 64


def test_the_version_is_registered_with_its_identity_in_the_same_request() -> None:
    result = planned(completed(), observed(registered=registered()))

    assert result.actions == (
        RegisterVersion(
            "car-loan",
            "models:/m-1",
            RUN_ID,
            {
                Tag.UID: UID,
                Tag.ATTEMPT: "1",
                Tag.INTENT: intent_of(training()),
                Tag.RESOURCE: "credit/car-loan",
                Tag.LOGGED_MODEL: "m-1",
            },
        ),
        CLOSE,
    )


def test_a_registered_model_of_nobodys_is_registered_into() -> None:
    result = planned(completed(), observed(registered=registered(owner=None)))

    assert isinstance(result.actions[0], RegisterVersion)


def test_a_registered_model_of_somebody_else_is_left_alone_and_the_model_waits() -> None:
    resource = completed()

    result = planned(resource, observed(registered=registered(owner="default/fraud")))

    assert result.actions == (CLOSE,)
    assert said(result)["Stalled"] == "True/ModelNameTaken"
    assert said(result)["Succeeded"] == "Unknown/NotEnded"
    assert message_of(result) == (
        "registered model car-loan belongs to default/fraud. Next: train under another model name."
    )


CHOSEN: dict[str, tuple[tuple[LoggedModel, ...], dict[str, object], str]] = {
    "the only READY one": ((model("a", status="PENDING"), model("b")), {}, "b"),
    "the newest READY one of the name": (
        (model("a", name="best"), model("b", name="best"), model("c", name="best", status="PENDING"), model("d")),
        {"result": {"modelName": "best"}},
        "b",
    ),
}


@pytest.mark.parametrize(("models", "spec", "chosen"), CHOSEN.values(), ids=CHOSEN)
def test_the_result_is(models: tuple[LoggedModel, ...], spec: dict[str, object], chosen: str) -> None:
    result = planned(completed(**spec), observed(models=models))

    assert status_of(result).to_json()["loggedModel"]["id"] == chosen


INVALID: dict[str, tuple[tuple[LoggedModel, ...], dict[str, object], str]] = {
    "no model": ((), {}, "it logged none"),
    "a model whose upload did not end": ((model(status="PENDING"),), {}, "model (PENDING, m-1)"),
    "a model whose upload failed": ((model(status="FAILED"),), {}, "model (FAILED, m-1)"),
    "two READY models": ((model("a"), model("b", name="other")), {}, "model (READY, a), other (READY, b)"),
    "no READY model of the name": ((model("a"),), {"result": {"modelName": "best"}}, "model (READY, a)"),
}


@pytest.mark.parametrize(("models", "spec", "listed"), INVALID.values(), ids=INVALID)
def test_invalid_results_list_the_candidates(
    models: tuple[LoggedModel, ...], spec: dict[str, object], listed: str
) -> None:
    result = planned(completed(**spec), observed(models=models))

    assert said(result)["Stalled"] == "True/ResultInvalid"
    assert listed in message_of(result)
    assert failure_of(result).class_ == "ResultInvalid"
    assert (result.writes, result.actions) == ((), ())


def test_the_modelversion_is_made_with_its_lineage_and_no_owner() -> None:
    resource = following(
        completed(
            parameters={"depth": "6"},
            source={"git": {"repository": "https://git.example/cars", "revision": "4f2c"}},
            dataset={"name": "cars", "digest": f"sha256:{'a' * 64}"},
        ),
        observed(),
    )

    result = planned(resource, observed(run=CLOSED, versions=(version(),), model_version=None))

    assert result.actions == ()
    assert result.writes == (
        Create(
            {
                "apiVersion": "leeboard.dev/v1alpha1",
                "kind": "ModelVersion",
                "metadata": {
                    "name": "car-loan-v1",
                    "namespace": "credit",
                    "labels": {
                        "app.kubernetes.io/managed-by": "leeboard",
                        "leeboard.dev/kind": "TrainingJob",
                        "leeboard.dev/owner": "car-loan",
                        "leeboard.dev/uid": UID,
                        "leeboard.dev/model": "car-loan",
                    },
                },
                "spec": {
                    "model": "car-loan",
                    "version": "1",
                    "source": {"runID": RUN_ID, "modelURI": "models:/m-1"},
                    "lineage": {
                        "trainingJob": {"name": "car-loan", "uid": UID, "attempt": 1},
                        "git": {
                            "repository": "https://git.example/cars",
                            "revision": "4f2c",
                            "evidence": "Claimed",
                        },
                        "dataset": {"name": "cars", "digest": f"sha256:{'a' * 64}"},
                        "images": [{"container": "train", "image": "trainer:1", "imageID": "trainer@sha256:abc"}],
                        "parameters": {"depth": "6"},
                    },
                    "approval": "Automatic",
                },
            }
        ),
    )


def test_the_end_is_latched_when_version_resource_and_closed_run_are_seen() -> None:
    resource = following(completed(), observed())

    result = planned(resource, observed(run=CLOSED, versions=(version(),), model_version=seen(made(resource))))

    assert (result.writes, result.actions) == ((), ())
    assert status_of(result).to_json()["modelVersion"] == {"name": "car-loan-v1", "version": "1"}
    assert (status_of(result).outcome, status_of(result).phase) == ("Succeeded", "Succeeded")
    assert status_of(result).completion_time == "2026-11-21T12:00:00Z"
    assert said(result) == {
        "Ready": "True/Registered",
        "Reconciling": "False/Ended",
        "Stalled": "False/NotStalled",
        "Succeeded": "True/Registered",
        "TrackingReady": "True/TrackingAvailable",
    }
    assert [(notice.type, notice.reason) for notice in result.notices] == [("Normal", "Registered")]


OPEN_RUNS = {
    "a run that is still open": run(),
    "a run that only the script closed": run(status=RunStatus.FINISHED),
    "a run that the script failed": run(status=RunStatus.FAILED, closed=True),
}


@pytest.mark.parametrize("open_run", OPEN_RUNS.values(), ids=OPEN_RUNS)
def test_the_end_waits_until_the_operator_closed(open_run: Run) -> None:
    resource = following(completed(), observed())

    result = planned(resource, observed(run=open_run, versions=(version(),), model_version=seen(made(resource))))

    assert result.actions == (CLOSE,)
    assert status_of(result).outcome is None


def test_a_version_registered_twice_counts_once_and_the_other_is_tagged() -> None:
    resource = following(completed(), observed())
    twice = (version("2"), version("1"))

    result = planned(resource, observed(run=CLOSED, versions=twice, model_version=seen(made(resource))))
    settled = planned(
        resource,
        observed(
            run=CLOSED,
            versions=(version("1"), version("2", **{Tag.DUPLICATE_OF: "1"})),
            model_version=seen(made(resource)),
        ),
    )

    assert result.actions == (TagVersion("car-loan", "2", {Tag.DUPLICATE_OF: "1"}),)
    assert status_of(settled).outcome == "Succeeded"
    assert status_of(settled).to_json()["modelVersion"]["version"] == "1"


def test_a_modelversion_of_another_source_is_a_name_conflict() -> None:
    resource = following(completed(), observed())
    theirs = seen(made(resource))
    theirs["spec"] = {**theirs["spec"], "source": {"runID": "other", "modelURI": "models:/m-9"}}

    result = planned(resource, observed(run=CLOSED, versions=(version(),), model_version=theirs))

    assert said(result)["Stalled"] == "True/NameConflict"
    assert (result.writes, result.requeue_after) == ((), timedelta(seconds=60))


def test_a_refused_modelversion_is_told_and_asked_for_again_later() -> None:
    refused = Rejection(code=403, message="denied by policy", kind="ModelVersion", name="car-loan-v1", generation=1)
    resource = following(completed(), observed())

    result = planned(resource, observed(run=CLOSED, versions=(version(),), model_version=None, rejections=(refused,)))

    assert said(result)["Stalled"] == "True/Rejected"
    assert result.writes == ()


AWAY: dict[str, Observed] = {
    "the run": {"run": Unknown("down")},
    "the models": {"models": Unknown("down")},
    "the versions": {"versions": Unknown("down")},
    "the registered model": {"registered": Unknown("down")},
}


@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
def test_an_unreachable_mlflow_is_waited_for(away: Observed) -> None:
    result = planned(completed(), observed(**away))

    assert said(result)["TrackingReady"] == "False/TrackingUnavailable"
    assert said(result)["Reconciling"] == "True/Registering"
    assert (result.writes, result.actions, result.requeue_after) == ((), (), timedelta(seconds=15))


def ended() -> TrainingJob:
    resource = following(completed(), observed())
    return following(resource, observed(run=CLOSED, versions=(version(),), model_version=seen(made(resource))))


def test_an_ended_training_asks_nothing_and_leaves_its_job_to_its_ttl() -> None:
    resource = ended()
    name = job()["metadata"]["name"]

    result = planned(resource, facts(jobs=[job("Complete")]), now=NOW + timedelta(days=1))

    assert needs(resource, EMPTY) == Needs()
    assert result == Plan(
        status=resource.status,
        writes=(
            JsonPatch(
                ObjectRef("batch/v1", "Job", "credit", name),
                "job-1",
                ({"op": "add", "path": "/spec/ttlSecondsAfterFinished", "value": 86400},),
            ),
        ),
    )


def test_an_ended_training_is_never_started_again() -> None:
    resource = ended()

    gone = planned(resource, facts())
    marked = planned(resource, facts(jobs=[job("Complete", ttlSecondsAfterFinished=86400)]))

    assert (gone, marked) == (Plan(status=resource.status), Plan(status=resource.status))


ALREADY = run("old", uid="uid-0", status=RunStatus.FINISHED, closed=True)


def restored(**found: Unpack[Observed]) -> TrainingJobFacts:
    """Facts of a TrainingJob without status whose intent another uid has trained."""
    known: Observed = {"runs": (ALREADY,), "versions": (version("4", uid="uid-0", run_id="old"),)}
    known.update(found)
    return facts(**known)


def test_a_restored_training_is_already_trained() -> None:
    first = planned(training(), restored(model_version=None))
    (creation,) = first.writes
    assert isinstance(creation, Create)
    resource = training()

    result = planned(resource, restored(model_version=seen(creation.manifest)))

    assert creation.manifest["spec"]["lineage"]["trainingJob"] == {"name": "car-loan", "uid": "uid-0", "attempt": 1}
    assert said(result)["Ready"] == "True/AlreadyTrained"
    assert (result.writes, result.actions) == ((), ())
    assert (status_of(result).outcome, status_of(result).to_json()["run"]["id"]) == ("Succeeded", "old")


def test_a_restored_training_waits_until_it_knows_its_past() -> None:
    result = planned(training(), facts(runs=(ALREADY,), versions=Unknown("down")))

    assert (result.writes, result.actions) == ((), ())
    assert said(result)["TrackingReady"] == "False/TrackingUnavailable"
