"""Builders of ModelVersions, their fingerprint Jobs, pods and records: one ordinary value each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from leeboard.api.model_version import ModelVersion, ModelVersionStatus
from leeboard.api.names import API_VERSION, Kind, Label, Tag, owner_labels
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import (
    Children,
    PodLog,
    RegisteredModel,
    RegisteredVersion,
    Rejection,
    Run,
    RunStatus,
    Unknown,
)
from leeboard.planning.model_version import ModelVersionFacts, plan
from leeboard.planning.model_version.facts import job_name
from leeboard.planning.plan import Plan

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CREATED = "2026-11-21T11:59:00Z"
UID = "mv-uid-1"
DIGEST = f"sha256:{'d' * 64}"
DEFAULTS = Defaults(
    cluster="default",
    runtime_image="leeboard.dev/runtime:dev",
    tracking_uri="http://mlflow:5000",
    start_deadline=timedelta(minutes=10),
)


class Observed(TypedDict, total=False):
    """What a stage asked for, by the names of ModelVersionFacts."""

    version: RegisteredVersion | Unknown | None
    registered: RegisteredModel | Unknown | None
    log: PodLog | Unknown | None
    reference: Reference | Unknown | None
    rejections: tuple[Rejection, ...]


def model_version(*, model_uri: str = "models:/m-1", run_id: str = "run-1") -> ModelVersion:
    """The ModelVersion ``credit/car-loan-v3``."""
    return ModelVersion.model_validate(
        {
            "apiVersion": API_VERSION,
            "kind": "ModelVersion",
            "metadata": {"name": "car-loan-v3", "namespace": "credit", "uid": UID, "generation": 1},
            "spec": {"model": "car-loan", "version": "3", "source": {"runID": run_id, "modelURI": model_uri}},
        }
    )


def version(**tags: str) -> RegisteredVersion:
    """MLflow's version 3."""
    return RegisteredVersion("car-loan", "3", "run-1", "models:/m-1", tags)


def registered(owner: str | None = "default/credit") -> RegisteredModel:
    return RegisteredModel("car-loan", {Tag.OWNER: owner} if owner else {})


def run() -> Run:
    """The run that made it."""
    return Run("run-1", "7", RunStatus.FINISHED)


def labels(attempt: int) -> dict[str, str]:
    return {**owner_labels(Kind.MODEL_VERSION, name="car-loan-v3", uid=UID), Label.ATTEMPT: str(attempt)}


def job(condition: str | None = None, *, attempt: int = 1, reason: str = "", **spec: object) -> Manifest:
    """The fingerprint Job of an attempt, with one True condition."""
    found = {"type": condition, "status": "True", "reason": reason, "lastTransitionTime": "2026-11-21T11:59:30Z"}
    owner = Metadata(name="car-loan-v3", namespace="credit", uid=UID)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(model_version(), attempt),
            "namespace": "credit",
            "uid": f"job-{attempt}",
            "creationTimestamp": CREATED,
            "labels": labels(attempt),
            "ownerReferences": [controller_reference(Kind.MODEL_VERSION, owner)],
        },
        "spec": spec,
        "status": {"conditions": [found]} if condition else {"active": 1},
    }


def pod(phase: str = "Running", *, attempt: int = 1, fetch: Manifest | None = None, **state: object) -> Manifest:
    """The pod of an attempt: ``fetch`` and ``state`` are the states of its two containers."""
    return {
        "metadata": {
            "name": f"fingerprint-{attempt}",
            "namespace": "credit",
            "labels": labels(attempt),
            "creationTimestamp": CREATED,
        },
        "spec": {"initContainers": [{"name": "fetch"}], "containers": [{"name": "fingerprint"}]},
        "status": {
            "phase": phase,
            "initContainerStatuses": [{"name": "fetch", "state": fetch or {}}],
            "containerStatuses": [{"name": "fingerprint", "state": state}],
        },
    }


def ended(code: int, **message: object) -> Manifest:
    """A container's state after it ended with ``code`` and a termination message."""
    return {
        "terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "message": json.dumps(message)}
    }


def record(**changes: object) -> str:
    """A record as the fingerprint container prints it."""
    content: dict[str, object] = {
        "schema": 1,
        "digest": DIGEST,
        "bytes": 1234,
        "files": 5,
        "flavor": "sklearn",
        "pythonVersion": "3.11.9",
        "mlflowVersion": "3.17.2",
        "signature": {
            "inputs": [{"name": "age", "type": "long", "required": True}],
            "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}],
            "params": None,
        },
        "requirements": ["scikit-learn==1.7.2"],
        "environment": {"verdict": "Warn", "differences": ["pandas 2.2.0, the image has 2.3.0"]},
        "rowWise": {"proven": True, "reason": "", "tolerance": "1e-06"},
        "lean": True,
        "example": {"present": True, "answerSHA256": "e" * 64, "agrees": None},
    }
    return json.dumps(content | changes)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def log(text: str) -> PodLog:
    """The fingerprint container's log with a record at its end."""
    return PodLog("fingerprint-1", "fingerprint", ("loading", f"LEEBOARD-FINGERPRINT {text}"))


def finished_pod(text: str, *, fetched: str = DIGEST) -> Manifest:
    """The pod that printed ``text``."""
    return pod("Succeeded", fetch=ended(0, digest=fetched), **ended(0, recordSHA256=sha256(text)))


def facts(
    *, jobs: Sequence[Manifest] = (), pods: Sequence[Manifest] = (), **observed: Unpack[Observed]
) -> ModelVersionFacts:
    """Facts with these Jobs and pods; nothing else is asked."""
    return ModelVersionFacts(jobs=Children(tuple(jobs)), pods=Children(tuple(pods)), **observed)


def planned(
    resource: ModelVersion, observed: ModelVersionFacts, *, now: datetime = NOW, defaults: Defaults = DEFAULTS
) -> Plan:
    """The plan of one pass."""
    return plan(resource, observed, defaults=defaults, now=now)


def following(resource: ModelVersion, *observations: ModelVersionFacts) -> ModelVersion:
    """The resource after one pass over each of ``observations``."""
    for observed in observations:
        result = planned(resource, observed)
        if result.status is not None:
            resource = resource.model_copy(update={"status": status_of(result)})
    return resource


def status_of(result: Plan) -> ModelVersionStatus:
    """The planned status."""
    assert isinstance(result.status, ModelVersionStatus)
    return result.status


TEXT = record()
TAGS: dict[str, str] = {Tag.DIGEST: DIGEST, Tag.RECORD_DIGEST: sha256(TEXT), Tag.VERSION_OF: "credit/car-loan-v3"}
DONE = job("Complete")


def observed(text: str = TEXT, *, tags: dict[str, str] | None = None) -> ModelVersionFacts:
    """Facts of a pod that printed ``text``, and of MLflow's version with ``tags``."""
    known: Observed = {
        "log": log(text),
        "version": version(**{str(name): value for name, value in (tags or {}).items()}),
    }
    return facts(jobs=[DONE], pods=[finished_pod(text)], **known)


def ready() -> ModelVersion:
    """A version whose fingerprint is latched and whose run logged no reference, as its planner leaves it."""
    return following(model_version(), observed(), observed(tags=TAGS), facts(reference=None))
