"""InferenceService: one model behind one address, whatever version serves."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from leeboard.api.bounds import Digest, Duration, ModelName, ObjectName, Url, VersionNumber
from leeboard.api.cel import immutable, rule, rules
from leeboard.api.pod_template_rules import EMBED, Use
from leeboard.api.resource import ApiModel, Manifest, Metadata, Status


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


class Server(ApiModel):
    """What runs the model."""

    runtime: Literal["MLflow"] = Field(default="MLflow", description="MLflow: the built-in server for MLflow models.")
    template: Manifest | None = Field(
        default=None,
        description="Pod template, merged over the server's own: lists of containers, volumes and variables by name.",
        json_schema_extra={EMBED: Use.SERVER},
    )
    replicas: int = Field(default=1, ge=1, le=1000, description="Pods of the version that serves.")
    environment: Literal["Image"] = Field(
        default="Image",
        description="Image: the server image's Python and libraries; a model that needs others is refused.",
    )
    request_timeout: Duration = Field(
        default="60s",
        description="Longest time that a request may take, and that an old pod gets to finish its requests.",
    )


class InferenceServiceSpec(ApiModel):
    """Which model serves, and how."""

    model: ModelChoice = Field(description="Which version of which model serves: exactly one of version and follow.")
    server: Server = Field(
        default_factory=Server, description="What runs the model.", json_schema_extra={"default": {}}
    )


class Revision(ApiModel):
    """One version of the model on one pod template."""

    name: ObjectName = Field(description="Hash of version, digest, template and image: the revision label of its pods.")
    model_version: ObjectName = Field(description="Name of the ModelVersion.")
    version: VersionNumber = Field(description="MLflow version number.")
    digest: Digest = Field(description="Digest of the model's files, checked by every pod before it serves.")
    deployment: ObjectName = Field(description="Name of its Deployment.")
    image: str = Field(max_length=1024, description="Server image: an operator upgrade changes only new revisions.")
    template_hash: str = Field(max_length=71, description="Hash of the server part of the spec that it was made from.")
    replicas: int = Field(default=0, ge=0, description="Pods asked for.")
    ready_replicas: int = Field(default=0, ge=0, description="Pods that answer.")
    since: str = Field(description="When it took this role.", json_schema_extra={"format": "date-time"})


class InferenceServiceStatus(Status):
    """What serves, and what is on its way: written by the operator only."""

    url: Url | None = Field(default=None, description="Address inside the cluster.")
    stable: Revision | None = Field(default=None, description="What the Service sends requests to.")
    canary: Revision | None = Field(default=None, description="What is being brought up to take over.")
    draining: tuple[Revision, ...] = Field(default=(), max_length=8, description="What finishes its last requests.")


class InferenceService(ApiModel):
    """One model behind one address; it answers the Open Inference Protocol and moves between versions without a gap."""

    metadata: Metadata
    spec: InferenceServiceSpec
    status: InferenceServiceStatus = Field(default_factory=InferenceServiceStatus)
