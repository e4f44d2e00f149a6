"""What holds of every plan, whatever was observed: checked over generated facts and over whole lives."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.planning.actions import OpenRun, RegisterVersion
from leeboard.planning.facts import (
    LoggedModel,
    PodLog,
    RegisteredModel,
    RegisteredVersion,
    Rejection,
    Run,
    RunStatus,
    Unknown,
)
from leeboard.planning.plan import Create
from leeboard.planning.training_job import TrainingJobFacts
from tests.support.builders_training import (
    NOW,
    exited,
    facts,
    job,
    model,
    planned,
    pod,
    registered,
    run,
    status_of,
    training,
    version,
)

DOWN = Unknown("down")
RUNS: list[tuple[Run, ...] | Unknown] = [
    (),
    (run(),),
    (run(status=RunStatus.FINISHED),),
    (run("old", uid="uid-0"),),
    DOWN,
]
RUN: list[Run | Unknown | None] = [
    None,
    run(),
    run(status=RunStatus.FINISHED, closed=True),
    run(status=RunStatus.FAILED, closed=True),
    DOWN,
]
MODELS: list[tuple[LoggedModel, ...] | Unknown] = [
    (),
    (model(),),
    (model("a"), model("b")),
    (model(status="PENDING"),),
    DOWN,
]
REGISTERED: list[RegisteredModel | Unknown | None] = [None, registered(), registered("default/fraud"), DOWN]
VERSIONS: list[tuple[RegisteredVersion, ...] | Unknown] = [(), (version(),), (version("2"), version("1")), DOWN]
JOBS: list[tuple[Manifest, ...]] = [
    (),
    (job(),),
    (job(active=0),),
    (job("Complete"),),
    (job("Failed"),),
    (job("Failed", reason="PodFailurePolicy"),),
]
PODS: list[tuple[Manifest, ...]] = [
    (),
    (pod("Pending"),),
    (pod("Pending", waiting={"reason": "ErrImagePull", "message": "x"}),),
    (pod("Pending", waiting={"reason": "InvalidImageName", "message": "x"}),),
    (pod(running={}),),
    (exited(0),),
    (exited(1),),
]
LOGS: list[PodLog | Unknown | None] = [None, PodLog("p", "train", ("a",)), DOWN]
REJECTIONS: list[tuple[Rejection, ...]] = [
    (),
    *(
        (Rejection(code, "exceeded quota", kind, "n", 1),)
        for code in (403, 409, 422)
        for kind in ("Job", "ModelVersion")
    ),
]
observations = st.builds(
    facts,
    jobs=st.sampled_from(JOBS),
    pods=st.sampled_from(PODS),
    runs=st.sampled_from(RUNS),
    run=st.sampled_from(RUN),
    models=st.sampled_from(MODELS),
    registered=st.sampled_from(REGISTERED),
    versions=st.sampled_from(VERSIONS),
    model_version=st.sampled_from([None, DOWN]),
    log=st.sampled_from(LOGS),
    rejections=st.sampled_from(REJECTIONS),
)
STAGES = 5  # more passes than a life has stages
lives = st.lists(observations, min_size=1, max_size=8)
TRIO = {"Ready", "Reconciling", "Stalled", "Succeeded", "TrackingReady"}


def lived(life: list[TrainingJobFacts]) -> TrainingJob:
    """The resource after a pass a minute over each observation."""
    resource = training()
    for minute, observed in enumerate(life):
        resource = passed(resource, observed, now=NOW + timedelta(minutes=minute))
    return resource


def passed(resource: TrainingJob, observed: TrainingJobFacts, *, now: datetime) -> TrainingJob:
    """The resource after one pass."""
    result = planned(resource, observed, now=now)
    return resource if result.status is None else resource.model_copy(update={"status": status_of(result)})


@given(lives, observations)
def test_facts_that_do_not_change_settle_and_are_then_told_no_more(
    life: list[TrainingJobFacts], observed: TrainingJobFacts
) -> None:
    resource = lived(life)
    now = NOW + timedelta(minutes=len(life))  # time stands still as well: a deadline that passes is news
    for _ in range(STAGES):
        resource = passed(resource, observed, now=now)

    result = planned(resource, observed, now=now)

    assert result.status is None or result.status == resource.status
    assert result.notices == ()


@given(lives, observations)
def test_what_ended_never_begins_again(life: list[TrainingJobFacts], observed: TrainingJobFacts) -> None:
    resource = lived(life)
    if resource.status.outcome is None:
        return

    result = planned(resource, observed, now=NOW + timedelta(days=1))

    assert result.status == resource.status
    assert result.actions == ()
    assert not any(isinstance(write, Create) for write in result.writes)


@given(lives, observations)
def test_no_job_is_made_for_a_training_that_had_one(life: list[TrainingJobFacts], observed: TrainingJobFacts) -> None:
    resource = lived(life)
    result = planned(resource, observed)
    kinds = [write.manifest["kind"] for write in result.writes if isinstance(write, Create)]

    if resource.status.job is not None or resource.status.job_result is not None:
        assert "Job" not in kinds
        assert not any(isinstance(action, OpenRun) for action in result.actions)


@given(lives, observations)
def test_nothing_is_registered_before_the_jobs_success_is_latched(
    life: list[TrainingJobFacts], observed: TrainingJobFacts
) -> None:
    resource = lived(life)
    result = planned(resource, observed)

    if any(isinstance(action, RegisterVersion) for action in result.actions):
        assert resource.status.to_json()["jobResult"]["outcome"] == "Succeeded"


@given(lives, observations)
def test_every_told_status_has_all_conditions_of_this_generation(
    life: list[TrainingJobFacts], observed: TrainingJobFacts
) -> None:
    result = planned(lived(life), observed)

    if result.status is not None:
        assert {item.type for item in result.status.conditions} == TRIO
        assert {item.observed_generation for item in result.status.conditions} == {1}
        truths = {item.type: item.status.value for item in result.status.conditions}
        assert [truths["Ready"], truths["Reconciling"], truths["Stalled"]].count("True") == 1
