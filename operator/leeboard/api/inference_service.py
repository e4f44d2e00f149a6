"""InferenceService: one model behind one address, whatever version serves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from leeboard.api.resource import ApiModel, Manifest, Metadata, Status
from leeboard.api.training_job import ModelName

DURATION = r"^([0-9]+(h|m|s))+$"


class ModelChoice(ApiModel):
    """Which version serves: a pinned one, or the newest approved one."""

    name: ModelName = Field(description="Registered model.")
    version: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,9}$", description="Pinned MLflow version number.")
    follow: Literal["Approved"] | None = Field(default=None, description="Approved: the highest approved version number.")


class Server(ApiModel):
    """What runs the model."""

    runtime: Literal["MLflow"] = Field(default="MLflow", description="Built-in server for MLflow models.")
    template: Manifest | None = Field(default=None, description="Merged over the server's own pod template, containers by name.")
    replicas: int = Field(default=1, ge=1, le=1000, description="Pods of the version that serves.")
    environment: Literal["Image"] = Field(
        default="Image", description="Image: the server image's Python and libraries; a model that needs others is refused."
    )
    request_timeout: str = Field(
        default="60s", max_length=16, pattern=DURATION, description="Longest time that a request may take; also the drain time."
    )


class InferenceServiceSpec(ApiModel):
    """Which model serves, and how."""

    model: ModelChoice = Field(description="Which version serves.")
    server: Server = Field(default_factory=Server, description="What runs the model.")


class Revision(ApiModel):
    """One version of the model on one pod template."""

    name: str = Field(description="Hash of version, digest, template and image: the revision label of its pods.")
    model_version: str = Field(description="Name of the ModelVersion.")
    version: str = Field(description="MLflow version number.")
    digest: str = Field(description="Digest of the model's files.")
    deployment: str = Field(description="Name of its Deployment.")
    image: str = Field(description="Server image: an operator upgrade changes only new revisions.")
    template_hash: str = Field(description="Hash of the server part of the spec that it was made from.")
    replicas: int = Field(default=0, description="Pods asked for.")
    ready_replicas: int = Field(default=0, description="Pods that answer.")
    since: str = Field(description="When it took this role.", json_schema_extra={"format": "date-time"})


class InferenceServiceStatus(Status):
    """What serves, and what is on its way."""

    url: str | None = Field(default=None, description="Address inside the cluster.")
    stable: Revision | None = Field(default=None, description="What the Service sends requests to.")
    canary: Revision | None = Field(default=None, description="What is being brought up to take over.")
    draining: tuple[Revision, ...] = Field(default=(), max_length=8, description="What finishes its last requests.")


class InferenceService(ApiModel):
    """One model behind one address."""

    metadata: Metadata
    spec: InferenceServiceSpec
    status: InferenceServiceStatus = Field(default_factory=InferenceServiceStatus)
