"""InferenceServices, ModelVersions and settings with everything filled in but what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime

from leeboard.api.conditions import Condition, ConditionStatus
from leeboard.api.inference_service import (
    InferenceService,
    InferenceServiceSpec,
    InferenceServiceStatus,
    ModelChoice,
)
from leeboard.api.model_version import (
    Artifact,
    Fingerprint,
    ModelSource,
    ModelVersion,
    ModelVersionSpec,
    ModelVersionStatus,
    Profile,
)
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.rollout import Rollback, Rollout
from leeboard.api.serving import Server
from leeboard.api.traffic import Traffic
from leeboard.planning.defaults import Defaults

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
AT_ONCE = Rollout(rollback=Rollback(keep_warm="0s"))
DEFAULTS = Defaults(cluster="test", runtime_image="runtime:1", tracking_uri="http://mlflow:5000")


def a_service(
    *,
    version: str | None = None,
    replicas: int = 1,
    template: Manifest | None = None,
    model: str = "car-loan",
    status: InferenceServiceStatus | None = None,
    generation: int = 1,
    namespace: str = "team",
    rollout: Rollout = AT_ONCE,
) -> InferenceService:
    """A service ``car-loan`` that follows the newest approved version unless one is pinned, and keeps no old pods."""
    choice = ModelChoice(name=model, version=version) if version else ModelChoice(name=model, follow="Approved")
    return InferenceService(
        metadata=Metadata(name="car-loan", namespace=namespace, uid="uid-service", generation=generation),
        spec=InferenceServiceSpec(model=choice, server=Server(replicas=replicas, template=template), rollout=rollout),
        status=status or InferenceServiceStatus(),
    )


def through(resource: InferenceService, traffic: Traffic) -> InferenceService:
    """The same service, with its requests split by somebody else."""
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"traffic": traffic})})


def a_version(
    number: int,
    *,
    is_approved: bool = True,
    fingerprint: Fingerprint | None = None,
    model: str = "car-loan",
    size: int = 1000,
) -> ModelVersion:
    """A fingerprinted and approved version."""
    return ModelVersion(
        metadata=Metadata(name=f"{model}-v{number}", namespace="team", uid=f"uid-version-{number}"),
        spec=ModelVersionSpec(
            model=model,
            version=str(number),
            source=ModelSource(run_id=f"run-{number}", model_uri=f"models:/m-{number}"),
        ),
        status=ModelVersionStatus(
            conditions=(condition("Fingerprinted", "True"), condition("Approved", "True" if is_approved else "False")),
            artifact=Artifact(uri=f"models:/m-{number}", digest=f"sha256:{number:064x}", bytes=size),
            fingerprint=fingerprint or a_fingerprint(),
        ),
    )


def profiled(version: ModelVersion) -> ModelVersion:
    """The same version with a profile."""
    profile = Profile(
        uri=f"runs:/{version.spec.source.run_id}/leeboard/profile-0.json",
        digest=f"sha256:{9:064x}",
        bytes=20_000,
        rows=8000,
        features=7,
        monitored=6,
    )
    return version.model_copy(update={"status": version.status.model_copy(update={"profile": profile})})


def a_fresh_version(number: int) -> ModelVersion:
    """A version of which nothing is known yet."""
    return a_version(number).model_copy(update={"status": ModelVersionStatus()})


def a_fingerprint(*, environment: str = "Match", row_wise: bool = True, lean: bool = False) -> Fingerprint:
    """What the fingerprint pod proved."""
    return Fingerprint.model_validate(
        {
            "flavor": "sklearn",
            "pythonVersion": "3.12.3",
            "rowWise": row_wise,
            "rowWiseReason": "single rows agree" if row_wise else "a row depends on its neighbours",
            "lean": lean,
            "environment": environment,
            "differences": [] if environment == "Match" else ["scikit-learn 1.5.2, the image has 1.7.1"],
            "record": "sha256:record",
        }
    )


def condition(kind: str, status: str) -> Condition:
    """A condition of a ModelVersion."""
    return Condition(
        type=kind,
        status=ConditionStatus(status),
        reason="Test",
        observed_generation=1,
        last_transition_time="2026-03-01T12:00:00Z",
    )
