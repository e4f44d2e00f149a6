"""ModelVersion: one immutable version of a registered model, what is known of it, and whether it may serve."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from leeboard.api.resource import ApiModel, Metadata, Status
from leeboard.api.training_job import Dataset, GitSource, ModelName


class ModelSource(ApiModel):
    """Where the model is in MLflow."""

    run_id: str = Field(alias="runID", min_length=1, max_length=64, description="MLflow run that made it.")
    model_uri: str = Field(
        alias="modelURI", min_length=1, max_length=512, pattern=r"^models:/", description="models:/<logged model id>."
    )


class TrainingJobLineage(ApiModel):
    """The training that made the version."""

    name: str = Field(max_length=63, description="Name of the TrainingJob.")
    uid: str = Field(max_length=64, description="Its uid.")
    attempt: int = Field(ge=1, description="Number of the attempt.")


class GitLineage(GitSource):
    """The commit, and how sure we are of it."""

    evidence: Literal["Claimed"] = Field(default="Claimed", description="Claimed: said by the author, not checked out by us.")


class ImageLineage(ApiModel):
    """One container's image as it ran."""

    container: str = Field(max_length=63, description="Name of the container.")
    image: str = Field(max_length=1024, description="Image as asked for.")
    image_id: str = Field(default="", alias="imageID", max_length=1024, description="Image as the node resolved it, with its digest.")


class Lineage(ApiModel):
    """Where a version came from: enough to train it again."""

    training_job: TrainingJobLineage | None = Field(default=None, description="The training that made it.")
    git: GitLineage | None = Field(default=None, description="Commit of the code.")
    dataset: Dataset | None = Field(default=None, description="What it learnt from.")
    images: tuple[ImageLineage, ...] = Field(default=(), max_length=16, description="Images of the training's containers.")
    parameters: dict[str, str] = Field(default_factory=dict, description="Parameters of the training.")


class ModelVersionSpec(ApiModel):
    """Which version of which model; immutable."""

    model: ModelName = Field(description="Registered model.")
    version: str = Field(pattern=r"^[1-9][0-9]{0,9}$", description="MLflow version number.")
    source: ModelSource = Field(description="Where the model is in MLflow.")
    lineage: Lineage | None = Field(default=None, description="Where it came from; written by the operator at creation.")
    approval: Literal["Automatic"] = Field(default="Automatic", description="Approved as soon as its fingerprint is taken.")


class Artifact(ApiModel):
    """The model's files."""

    uri: str = Field(description="models:/<logged model id>.")
    digest: str = Field(description="sha256 over path, size and sha256 of every file.")
    bytes: int = Field(description="Size of all files in bytes.")


class ColumnSchema(ApiModel):
    """One column of a signature."""

    name: str = Field(default="", max_length=256, description="Column name; empty for an unnamed tensor.")
    type: str = Field(max_length=256, description="MLflow type.")
    required: bool = Field(default=True, description="Whether null and absence are refused.")


class Signature(ApiModel):
    """What the model takes and gives."""

    inputs: tuple[ColumnSchema, ...] = Field(default=(), max_length=1024, description="Input columns.")
    outputs: tuple[ColumnSchema, ...] = Field(default=(), max_length=1024, description="Output columns.")


class Fingerprint(ApiModel):
    """What the fingerprint pod proved about the model, without credentials."""

    flavor: str = Field(description="MLflow flavour, for example sklearn.")
    python_version: str = Field(description="Python that the model was logged with.")
    row_wise: bool = Field(description="Proven: rows may share a batch.")
    row_wise_reason: str = Field(default="", max_length=1024, description="Why it is, or is not, proven row-wise.")
    tolerance: str = Field(default="", description="Tolerance of that proof.")
    lean: bool = Field(default=False, description="Proven: predicting without MLflow's per-call checks gives the same answers.")
    environment: Literal["Match", "Warn", "Refuse"] = Field(description="The model's requirements against the server's image.")
    differences: tuple[str, ...] = Field(default=(), max_length=64, description="Requirements that differ.")
    example_answer: str | None = Field(default=None, description="sha256 of the answer to the recorded input example.")
    record: str = Field(description="sha256 of the whole record, which is kept with the run in MLflow.")


class ModelVersionStatus(Status):
    """What is known of a version."""

    artifact: Artifact | None = Field(default=None, description="The model's files.")
    signature: Signature | None = Field(default=None, description="What the model takes and gives.")
    requirements: tuple[str, ...] = Field(default=(), max_length=512, description="Python requirements that MLflow recorded.")
    fingerprint: Fingerprint | None = Field(default=None, description="What was proven about it.")
    attempt: int = Field(default=0, description="Number of the fingerprint attempt, from 1.")


class ModelVersion(ApiModel):
    """One version of a registered model."""

    metadata: Metadata
    spec: ModelVersionSpec
    status: ModelVersionStatus = Field(default_factory=ModelVersionStatus)
