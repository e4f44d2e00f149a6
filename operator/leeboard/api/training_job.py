"""TrainingJob: one training, from a pod template to a registered model version."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue

from leeboard.api.bounds import (
    MAX_PARAMETERS,
    Digest,
    Identity,
    LogLines,
    Message,
    ModelName,
    ObjectName,
    ParameterValue,
    Url,
    VersionNumber,
    Word,
    keep_first,
)
from leeboard.api.cel import Because, rule, rules
from leeboard.api.evaluation import VersionEvaluation
from leeboard.api.pod_template_rules import EMBED, Use
from leeboard.api.reference import Reference
from leeboard.api.resource import ApiModel, Manifest, Metadata, Status

MAX_METRICS = 64
TIME: dict[str, JsonValue] = {"format": "date-time"}

Parameters = Annotated[
    dict[str, ParameterValue],
    Field(
        max_length=MAX_PARAMETERS,
        json_schema_extra=rules(
            rule(
                "self.all(key, key.matches('^[A-Za-z_][A-Za-z0-9_]*$'))",
                "a parameter becomes an environment variable: its name has letters, digits and _, no digit first",
            ),
            rule(
                "self.all(key, !key.startsWith('MLFLOW_') && !key.startsWith('LEEBOARD_'))",
                "environment variables MLFLOW_*, LEEBOARD_* are set by the operator",
                because=Because.FORBIDDEN,
            ),
        ),
    ),
]
"""Hyper-parameters by name."""


class GitSource(ApiModel):
    """Where the code came from, as its author claims it."""

    repository: str = Field(min_length=1, max_length=1024, description="URL of the repository.")
    revision: str = Field(min_length=1, max_length=256, description="Commit that the image was built from.")


class Source(ApiModel):
    """Where the code of a training came from."""

    git: GitSource = Field(
        description="Git commit of the code, recorded in the lineage as Claimed: it is not checked out."
    )


class Dataset(ApiModel):
    """What a training learns from; handed to the container and recorded in the lineage."""

    name: str = Field(min_length=1, max_length=128, description="Name of the data set: DATASET_NAME in the containers.")
    uri: Url | None = Field(default=None, description="Where the data are: DATASET_URI in the containers.")
    digest: Digest | None = Field(
        default=None, description="sha256:<64 hexadecimal digits> of the data: DATASET_DIGEST in the containers."
    )


class Result(ApiModel):
    """Which of the run's logged models is the result."""

    model_name: str = Field(
        min_length=1, max_length=256, description="The name given to log_model, when a run logs several models."
    )


class ModelVersionTemplate(ApiModel):
    """Copied to the ModelVersion at its creation."""

    approval: Literal["Automatic", "Manual"] = Field(
        default="Automatic",
        description="Automatic: the version is approved as soon as all is known of it. Manual: a person decides.",
    )
    reference: Reference | None = Field(
        default=None,
        description="Rows that the version's profile is built from, unless the run logs them under a known name.",
    )
    evaluation: VersionEvaluation | None = Field(
        default=None, description="Compare the version with the one that serves before it is approved."
    )


class TrainingJobSpec(ApiModel):
    """What to train. It cannot be changed: another training is another TrainingJob."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "self == oldSelf",
                "a TrainingJob cannot be changed: another training is another TrainingJob",
                because=Because.FORBIDDEN,
            ),
            rule(
                "!has(self.dataset) || !has(self.parameters)"
                " || ['DATASET_NAME', 'DATASET_URI', 'DATASET_DIGEST'].all(name, !(name in self.parameters))",
                "DATASET_NAME, DATASET_URI and DATASET_DIGEST are set from spec.dataset",
                path=".parameters",
                because=Because.FORBIDDEN,
            ),
        )
    )

    model: ModelName = Field(description="Registered model that the result becomes a version of.")
    source: Source | None = Field(default=None, description="Where the code came from.")
    dataset: Dataset | None = Field(default=None, description="What it learns from.")
    parameters: Parameters = Field(
        default_factory=dict,
        description="Hyper-parameters: environment variables of every container, and parameters of the MLflow run.",
    )
    template: Manifest = Field(
        description=(
            "Pod template of the training, as in a Job. The operator sets restartPolicy Never, the environment"
            " variables MLFLOW_* that make a plain MLflow script log to its run, and restricted security defaults."
        ),
        json_schema_extra={EMBED: Use.TRAINING},
    )
    template_only: bool = Field(
        default=False,
        description="Nothing is trained by this TrainingJob itself: it is what spec.retraining of a service names.",
    )
    result: Result | None = Field(
        default=None, description="Which logged model is the result; without it exactly one must be READY."
    )
    model_version: ModelVersionTemplate = Field(
        default_factory=ModelVersionTemplate,
        description="How the resulting ModelVersion is treated.",
        json_schema_extra={"default": {}},
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

    class_: FailureClass = Field(
        alias="class",
        description=(
            "Disruption: eviction, preemption or loss of the node. CodeError: the script failed. ResourceExhausted: out"
            " of memory. NeverStarted: no container ran. ResultInvalid: not exactly one READY model. ResultLost: the"
            " Job is gone."
        ),
    )
    reason: str = Field(max_length=64, description="Stable CamelCase reason.")
    message: Message = Field(description="What happened, and the next step to take.")
    last_log_lines: LogLines = Field(default=(), description="The end of the training container's log.")


class RunReference(ApiModel):
    """The MLflow run of the current attempt."""

    id: Identity = Field(description="MLflow run id.")
    experiment_id: Identity = Field(description="MLflow experiment id.")
    url: Url | None = Field(
        default=None, description="Page of the run, where the administrator named MLflow's address."
    )


class JobReference(ApiModel):
    """The Kubernetes Job of the current attempt."""

    name: ObjectName = Field(description="Name of the Job.")
    uid: Identity = Field(description="Its uid.")


class JobResult(ApiModel):
    """How the attempt's Job ended: latched before anything is built on it."""

    outcome: Outcome = Field(description="What the Job's terminal condition says.")
    failure: Failure | None = Field(default=None, description="Why the Job failed.")
    finished_at: str = Field(description="When the Job ended.", json_schema_extra=TIME)


class Metric(ApiModel):
    """One of the run's latest metrics."""

    name: str = Field(max_length=250, description="Name of the metric.")
    value: Word = Field(description="Its latest value, as text.")


Metrics = Annotated[
    tuple[Metric, ...], Field(max_length=MAX_METRICS), BeforeValidator(partial(keep_first, MAX_METRICS))
]


class LoggedModelReference(ApiModel):
    """The READY logged model that is the result."""

    id: Identity = Field(description="MLflow logged model id.")
    name: str = Field(max_length=512, description="Name that the script gave it.")


class ModelVersionReference(ApiModel):
    """The ModelVersion that came out."""

    name: ObjectName = Field(description="Name of the ModelVersion resource.")
    version: VersionNumber = Field(description="MLflow version number.")


class TrainingJobStatus(Status):
    """What is known of the training: written by the operator only."""

    attempt: int = Field(default=0, ge=0, description="Number of the current attempt, from 1.")
    start_time: str | None = Field(default=None, description="When the first Job was made.", json_schema_extra=TIME)
    completion_time: str | None = Field(default=None, description="When it ended for good.", json_schema_extra=TIME)
    outcome: Outcome | None = Field(default=None, description="End of the whole training; once set it never changes.")
    run: RunReference | None = Field(default=None, description="MLflow run of the current attempt.")
    job: JobReference | None = Field(default=None, description="Job of the current attempt.")
    job_result: JobResult | None = Field(default=None, description="How the current attempt's Job ended.")
    logged_model: LoggedModelReference | None = Field(
        default=None, description="The READY logged model that is the result."
    )
    failure: Failure | None = Field(default=None, description="Why the training failed, and the next step to take.")
    metrics: Metrics = Field(
        default=(),
        description="The run's latest metrics, sorted by name; at most 64.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    model_version: ModelVersionReference | None = Field(default=None, description="The registered result.")


class TrainingJob(ApiModel):
    """One training: runs a pod template as a Job with an MLflow run, and registers the model that comes out."""

    metadata: Metadata
    spec: TrainingJobSpec
    status: TrainingJobStatus = Field(default_factory=TrainingJobStatus)
