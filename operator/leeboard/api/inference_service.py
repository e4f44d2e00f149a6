"""InferenceService: one model behind one address, whatever version serves."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from leeboard.api.bounds import Digest, ModelName, ObjectName, Url, VersionNumber
from leeboard.api.cel import immutable, rule, rules
from leeboard.api.monitoring import Monitoring
from leeboard.api.monitoring_status import DriftStatus, PerformanceStatus, QualityStatus, ServedDriftStatus
from leeboard.api.resource import ApiModel, Metadata, Status
from leeboard.api.retraining import Retraining
from leeboard.api.retraining_status import RetrainingStatus
from leeboard.api.rollout import MAX_CHECKS, Rollout
from leeboard.api.rollout_status import (
    DATE_TIME,
    MAX_FAILED,
    MAX_HISTORY,
    MAX_PREVIOUS,
    CheckStatus,
    FailedRevision,
    HistoryEntry,
    Pause,
    RequestStatus,
    StepStatus,
    TrafficStatus,
)
from leeboard.api.serving import Server
from leeboard.api.traffic import Traffic


class ModelChoice(ApiModel):
    """Which version serves: a pinned one, or the newest approved one; exactly one of ``version`` and ``follow``."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "has(self.version) != has(self.follow)",
                "exactly one of version (pinned) and follow: Approved (the highest approved version)",
            )
        )
    )

    name: ModelName = Field(
        description="Registered model. It cannot be changed: clients were promised this model's inputs and outputs.",
        json_schema_extra=immutable("the model cannot be changed: another model is another InferenceService"),
    )
    version: VersionNumber | None = Field(default=None, description="Pinned MLflow version number.")
    follow: Literal["Approved"] | None = Field(
        default=None, description="Approved: the highest version number among the approved ones serves."
    )


class InferenceServiceSpec(ApiModel):
    """Which model serves, and how."""

    model: ModelChoice = Field(description="Which version of which model serves: exactly one of version and follow.")
    server: Server = Field(
        default_factory=Server, description="What runs the model.", json_schema_extra={"default": {}}
    )
    rollout: Rollout = Field(
        default_factory=Rollout, description="How a new version takes over.", json_schema_extra={"default": {}}
    )
    traffic: Traffic = Field(
        default_factory=Traffic, description="Who splits the requests.", json_schema_extra={"default": {}}
    )
    monitoring: Monitoring | None = Field(
        default=None, description="How a version with a profile is watched; without it by the defaults."
    )
    retraining: Retraining | None = Field(
        default=None, description="When the model is trained again; without it never by itself."
    )


class Revision(ApiModel):
    """One version of the model on one pod template."""

    name: ObjectName = Field(description="Hash of version, digest and template: the revision label of its pods.")
    model_version: ObjectName = Field(description="Name of the ModelVersion.")
    version: VersionNumber = Field(description="MLflow version number.")
    digest: Digest = Field(description="Digest of the model's files, checked by every pod before it serves.")
    deployment: ObjectName = Field(description="Name of its Deployment.")
    image: str = Field(max_length=1024, description="Server image: an operator upgrade changes only new revisions.")
    template_hash: str = Field(max_length=71, description="Hash of the server part of the spec that it was made from.")
    replicas: int = Field(default=0, ge=0, description="Pods asked for.")
    ready_replicas: int = Field(default=0, ge=0, description="Pods that answer.")
    since: str = Field(description="When it took this role.", json_schema_extra=DATE_TIME)
    keep_until: str | None = Field(
        default=None, description="Until when a previous one keeps its pods.", json_schema_extra=DATE_TIME
    )


class InferenceServiceStatus(Status):
    """What serves, and what is on its way: written by the operator only."""

    url: Url | None = Field(default=None, description="Address inside the cluster.")
    stable: Revision | None = Field(default=None, description="What the Service sends requests to.")
    canary: Revision | None = Field(default=None, description="What is being brought up to take over.")
    draining: tuple[Revision, ...] = Field(default=(), max_length=9, description="What finishes its last requests.")
    previous: tuple[Revision, ...] = Field(
        default=(), max_length=MAX_PREVIOUS, description="What served before, newest first: where a rollback goes."
    )
    step: StepStatus | None = Field(default=None, description="Where the rollout of the canary stands.")
    traffic: TrafficStatus | None = Field(default=None, description="The split of the requests.")
    checks: tuple[CheckStatus, ...] = Field(
        default=(), max_length=MAX_CHECKS, description="Verdicts on the canary, or the last ones of the one before."
    )
    paused: Pause | None = Field(default=None, description="Set while a person has paused the rollout.")
    request: RequestStatus | None = Field(default=None, description="The last request of a person.")
    failed: tuple[FailedRevision, ...] = Field(
        default=(), max_length=MAX_FAILED, description="What is not started again by itself; the verb retry clears it."
    )
    history: tuple[HistoryEntry, ...] = Field(
        default=(), max_length=MAX_HISTORY, description="The last decisions, newest first."
    )
    drift: ServedDriftStatus | None = Field(default=None, description="Stable's last window for drift.")
    canary_drift: DriftStatus | None = Field(
        default=None, description="The canary's, judged apart; nothing is trained because of it."
    )
    quality: QualityStatus | None = Field(default=None, description="Stable's last window for the data's quality.")
    performance: PerformanceStatus | None = Field(default=None, description="What late labels say of stable.")
    retraining: RetrainingStatus | None = Field(default=None, description="The memory of retraining.")


class InferenceService(ApiModel):
    """One model behind one address; it answers the Open Inference Protocol and moves between versions without a gap."""

    metadata: Metadata
    spec: InferenceServiceSpec
    status: InferenceServiceStatus = Field(default_factory=InferenceServiceStatus)
