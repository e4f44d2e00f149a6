"""TrainingJob: one training, from a pod template to a registered model version."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from leeboard.api.resource import ApiModel, Manifest, Metadata, Status

ModelName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
MAX_METRICS = 64


class GitSource(ApiModel):
    """Where the code came from, as its author claims it."""

    repository: str = Field(min_length=1, max_length=1024, description="URL of the repository.")
    revision: str = Field(min_length=1, max_length=256, description="Commit that the image was built from.")


class Source(ApiModel):
    """Where the code of a training came from."""

    git: GitSource = Field(description="Git commit; recorded in the lineage as Claimed.")


class Dataset(ApiModel):
    """What a training learns from; handed to the container and recorded in the lineage."""

    name: str = Field(min_length=1, max_length=128, description="Name of the data set.")
    uri: str | None = Field(default=None, max_length=2048, description="Where the data are: DATASET_URI in the container.")
    digest: Digest | None = Field(default=None, description="sha256 of the data: DATASET_DIGEST in the container.")


class Result(ApiModel):
    """Which of the run's logged models is the result."""

    model_name: str = Field(min_length=1, max_length=256, description="Name given to log_model, when a run logs several.")


class ModelVersionTemplate(ApiModel):
    """Copied to the ModelVersion at its creation."""

    approval: Literal["Automatic"] = Field(default="Automatic", description="Approved as soon as its fingerprint is taken.")


class TrainingJobSpec(ApiModel):
    """What to train; immutable: another training is another TrainingJob."""

    model: ModelName = Field(description="Registered model that the result becomes a version of.")
    source: Source | None = Field(default=None, description="Where the code came from.")
    dataset: Dataset | None = Field(default=None, description="What it learns from.")
    parameters: dict[str, str] = Field(
        default_factory=dict,
        description="Environment variables of every container, and parameters of the MLflow run.",
    )
    template: Manifest = Field(description="Pod template of the training; restartPolicy is always Never.")
    result: Result | None = Field(default=None, description="Which logged model is the result, when a run logs several.")
    model_version: ModelVersionTemplate = Field(
        default_factory=ModelVersionTemplate, description="How the resulting ModelVersion is treated."
    )


class FailureClass(StrEnum):
    """Why an attempt failed; each later gets its own budget."""

    DISRUPTION = "Disruption"
    CODE_ERROR = "CodeError"
    RESOURCE_EXHAUSTED = "ResourceExhausted"
    NEVER_STARTED = "NeverStarted"
    RESULT_INVALID = "ResultInvalid"
    RESULT_LOST = "ResultLost"


class Outcome(StrEnum):
    """Terminal is terminal: once latched, nothing changes it."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Failure(ApiModel):
    """Why it failed, and what to do next."""

    class_: FailureClass = Field(alias="class", description="Class of the failure.")
    reason: str = Field(max_length=64, description="Stable CamelCase reason.")
    message: str = Field(max_length=1024, description="What happened and the next step to take.")
    last_log_lines: tuple[str, ...] = Field(default=(), max_length=20, description="End of the training container's log.")


class RunReference(ApiModel):
    """The MLflow run of the current attempt."""

    id: str = Field(description="MLflow run id.")
    experiment_id: str = Field(description="MLflow experiment id.")
    url: str | None = Field(default=None, description="Page of the run, where the administrator named MLflow's address.")


class JobReference(ApiModel):
    """The Kubernetes Job of the current attempt."""

    name: str = Field(description="Name of the Job.")
    uid: str = Field(description="Its uid.")


class JobResult(ApiModel):
    """How the attempt's Job ended: latched before anything is built on it."""

    outcome: Outcome = Field(description="What the Job's terminal condition says.")
    failure: Failure | None = Field(default=None, description="Why it failed.")
    finished_at: str = Field(description="When the Job ended.", json_schema_extra={"format": "date-time"})


class Metric(ApiModel):
    """One of the run's latest metrics."""

    name: str = Field(max_length=250, description="Name of the metric.")
    value: str = Field(max_length=64, description="Its latest value.")


class LoggedModelReference(ApiModel):
    """The READY logged model that is the result."""

    id: str = Field(description="MLflow logged model id.")
    name: str = Field(description="Name that the script gave it.")


class ModelVersionReference(ApiModel):
    """The ModelVersion that came out."""

    name: str = Field(description="Name of the ModelVersion resource.")
    version: str = Field(description="MLflow version number.")


class TrainingJobStatus(Status):
    """What is known of a training."""

    attempt: int = Field(default=0, description="Number of the current attempt, from 1.")
    start_time: str | None = Field(default=None, description="When the first Job was made.", json_schema_extra={"format": "date-time"})
    completion_time: str | None = Field(default=None, description="When it ended for good.", json_schema_extra={"format": "date-time"})
    outcome: Outcome | None = Field(default=None, description="Latched end of the whole training.")
    run: RunReference | None = Field(default=None, description="MLflow run of the attempt.")
    job: JobReference | None = Field(default=None, description="Job of the attempt.")
    job_result: JobResult | None = Field(default=None, description="Latched end of the attempt's Job.")
    logged_model: LoggedModelReference | None = Field(default=None, description="The READY logged model.")
    failure: Failure | None = Field(default=None, description="Why the training failed.")
    metrics: tuple[Metric, ...] = Field(
        default=(),
        max_length=MAX_METRICS,
        description="The run's latest metrics, by name.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    model_version: ModelVersionReference | None = Field(default=None, description="The registered result.")


class TrainingJob(ApiModel):
    """One training."""

    metadata: Metadata
    spec: TrainingJobSpec
    status: TrainingJobStatus = Field(default_factory=TrainingJobStatus)
