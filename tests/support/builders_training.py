"""Builders of TrainingJobs, their children and facts: one ordinary value each, so that a test names what matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from leeboard.api.names import API_VERSION, Kind, Label, Tag, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.api.training_job import Failure, TrainingJob, TrainingJobStatus
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import (
    Children,
    LoggedModel,
    PodLog,
    RegisteredModel,
    RegisteredVersion,
    Rejection,
    Run,
    RunStatus,
    Unknown,
)
from leeboard.planning.plan import Plan
from leeboard.planning.training_job import TrainingJobFacts, plan
from leeboard.planning.training_job.facts import intent_of, job_name


class Observed(TypedDict, total=False):
    """What a stage asked for, by the names of TrainingJobFacts."""

    runs: tuple[Run, ...] | Unknown
    run: Run | Unknown | None
    models: tuple[LoggedModel, ...] | Unknown
    registered: RegisteredModel | Unknown | None
    versions: tuple[RegisteredVersion, ...] | Unknown
    model_version: Manifest | Unknown | None
    log: PodLog | Unknown | None
    rejections: tuple[Rejection, ...]


NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CREATED = "2026-11-21T11:59:00Z"
UID = "uid-1"
DEFAULTS = Defaults(
    cluster="default",
    runtime_image="leeboard.dev/runtime:dev",
    tracking_uri="http://mlflow:5000",
    tracking_page="http://localhost:5000",
    start_deadline=timedelta(minutes=10),
)
RUN_ID = "run-1"
EMPTY = Children()


def training(status: TrainingJobStatus | None = None, **spec: object) -> TrainingJob:
    """A TrainingJob ``credit/car-loan``; ``spec`` adds or replaces fields."""
    template = {"spec": {"containers": [{"name": "train", "image": "trainer:1"}]}}
    return TrainingJob.model_validate(
        {
            "apiVersion": API_VERSION,
            "kind": "TrainingJob",
            "metadata": {"name": "car-loan", "namespace": "credit", "uid": UID, "generation": 1},
            "spec": {"model": "car-loan", "template": template, **spec},
            "status": (status or TrainingJobStatus()).to_json(),
        }
    )


def metadata(name: str = "car-loan", uid: str = UID) -> Metadata:
    return Metadata(name=name, namespace="credit", uid=uid)


def run(
    id_: str = RUN_ID, *, uid: str = UID, status: RunStatus = RunStatus.RUNNING, closed: bool = False, **tags: str
) -> Run:
    """A run of attempt 1 of ``training()``."""
    closing: dict[str, str] = {Tag.CLOSED: "1"} if closed else {}
    identity: dict[str, str] = {Tag.UID: uid, Tag.ATTEMPT: "1", Tag.INTENT: intent_of(training())}
    return Run(id_, "7", status, {**identity, **closing, **tags})


def model(id_: str = "m-1", *, name: str = "model", status: str = "READY") -> LoggedModel:
    return LoggedModel(id_, name, status)


def registered(owner: str | None = "default/credit") -> RegisteredModel:
    return RegisteredModel("car-loan", {Tag.OWNER: owner} if owner else {})


def version(number: str = "1", *, uid: str = UID, run_id: str = RUN_ID, **tags: str) -> RegisteredVersion:
    """Version ``number`` from logged model m-1."""
    known: dict[str, str] = {Tag.UID: uid, Tag.ATTEMPT: "1", Tag.LOGGED_MODEL: "m-1"}
    return RegisteredVersion("car-loan", number, run_id, "models:/m-1", {**known, **tags})


def job(
    condition: str | None = None, *, reason: str = "", uid: str = "job-1", active: int = 1, **spec: object
) -> Manifest:
    """The Job of attempt 1, with one True condition."""
    name = job_name(training())
    status: Manifest = {"active": active} if active and condition is None else {}
    if condition is not None:
        moment = "2026-11-21T11:59:30Z"
        found = {"type": condition, "status": "True", "reason": reason, "message": "as Kubernetes says"}
        status["conditions"] = [{**found, "lastTransitionTime": moment}]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "credit",
            "uid": uid,
            "creationTimestamp": CREATED,
            "labels": {**owner_labels(Kind.TRAINING_JOB, name="car-loan", uid=UID), Label.ATTEMPT: "1"},
            "annotations": {"leeboard.dev/run": RUN_ID, "leeboard.dev/experiment": "7"},
            "ownerReferences": [controller_reference(Kind.TRAINING_JOB, metadata())],
        },
        "spec": spec,
        "status": status,
    }


def pod(phase: str = "Running", **state: object) -> Manifest:
    """The pod of attempt 1, its container ``train`` in ``state``: ``waiting=``, ``running=`` or ``terminated=``."""
    labels = {**owner_labels(Kind.TRAINING_JOB, name="car-loan", uid=UID), Label.ATTEMPT: "1"}
    status = {"name": "train", "image": "trainer:1", "imageID": "trainer@sha256:abc", "state": state}
    return {
        "metadata": {"name": "car-loan-pod", "namespace": "credit", "labels": labels, "creationTimestamp": CREATED},
        "spec": {"containers": [{"name": "train"}]},
        "status": {"phase": phase, "containerStatuses": [status] if state else []},
    }


def exited(code: int, reason: str = "Error", message: str = "") -> Manifest:
    """The pod of attempt 1 after its container ended."""
    phase = "Succeeded" if code == 0 else "Failed"
    return pod(phase, terminated={"exitCode": code, "reason": reason, "message": message})


def facts(
    *, jobs: Sequence[Manifest] = (), pods: Sequence[Manifest] = (), **observed: Unpack[Observed]
) -> TrainingJobFacts:
    """Facts with these Jobs and pods; nothing else is asked."""
    return TrainingJobFacts(jobs=Children(tuple(jobs)), pods=Children(tuple(pods)), **observed)


def planned(
    resource: TrainingJob, observed: TrainingJobFacts, *, now: datetime = NOW, defaults: Defaults = DEFAULTS
) -> Plan:
    """The plan of one pass."""
    return plan(resource, observed, defaults=defaults, now=now)


def following(resource: TrainingJob, *observations: TrainingJobFacts, now: datetime = NOW) -> TrainingJob:
    """The resource after one pass over each of ``observations``."""
    for observed in observations:
        result = planned(resource, observed, now=now)
        if result.status is not None:
            resource = resource.model_copy(update={"status": status_of(result)})
    return resource


def status_of(result: Plan) -> TrainingJobStatus:
    """The planned status."""
    assert isinstance(result.status, TrainingJobStatus)
    return result.status


def failure_of(result: Plan) -> Failure:
    """The planned failure."""
    failure = status_of(result).failure
    assert failure is not None
    return failure
