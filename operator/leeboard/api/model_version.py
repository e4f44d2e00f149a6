"""ModelVersion: one immutable version of a registered model, what is known of it, and whether it may serve."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from leeboard.api.bounds import Digest, Identity, Line, Message, ModelName, VersionNumber, Word, keep_first
from leeboard.api.cel import Because, immutable, rule, rules
from leeboard.api.evaluation import EvaluationStatus, VersionEvaluation
from leeboard.api.reference import Reference
from leeboard.api.resource import ApiModel, Metadata, Status
from leeboard.api.training_job import Dataset, GitSource, Parameters

MAX_COLUMNS = 1024
MAX_REQUIREMENTS = 512
MAX_DIFFERENCES = 64

ModelUri = Annotated[str, StringConstraints(min_length=9, max_length=512, pattern=r"^models:/.+$")]
"""A logged model: ``models:/<id>``."""


class ModelSource(ApiModel):
    """Where the model is in MLflow."""

    run_id: str = Field(alias="runID", min_length=1, max_length=64, description="MLflow run that logged it.")
    model_uri: ModelUri = Field(alias="modelURI", description="The logged model: models:/<logged model id>.")


class TrainingJobLineage(ApiModel):
    """The training that made the version."""

    name: str = Field(max_length=63, description="Name of the TrainingJob.")
    uid: Identity = Field(description="Its uid.")
    attempt: int = Field(ge=1, le=1_000_000, description="Number of the attempt, from 1.")


class GitLineage(GitSource):
    """The commit, and how sure we are of it."""

    evidence: Literal["Claimed"] = Field(
        default="Claimed", description="Claimed: said by the author, not checked out by us."
    )


class ImageLineage(ApiModel):
    """One container's image as it ran."""

    container: str = Field(max_length=63, description="Name of the container.")
    image: str = Field(max_length=1024, description="Image as asked for.")
    image_id: str = Field(
        default="", alias="imageID", max_length=1024, description="Image as the node resolved it, with its digest."
    )


class Lineage(ApiModel):
    """Where a version came from: enough to train it again."""

    training_job: TrainingJobLineage | None = Field(default=None, description="The training that made it.")
    git: GitLineage | None = Field(default=None, description="Commit of the code.")
    dataset: Dataset | None = Field(default=None, description="What it learnt from.")
    images: tuple[ImageLineage, ...] = Field(
        default=(), max_length=32, description="Images of the training's containers."
    )
    parameters: Parameters = Field(default_factory=dict, description="Hyper-parameters of the training.")


class Decision(ApiModel):
    """A person's word on a version. Admission checks the name, the right to approve, and the evidence."""

    state: Literal["Approved", "Rejected"] = Field(
        description="Approved: it may serve. Rejected: it may not, or no longer, also where approval is Automatic."
    )
    by: str = Field(min_length=1, max_length=256, description="Name of who decides, as the API server knows it.")
    reason: str = Field(default="", max_length=1024, description="Why, in a sentence.")
    evidence_digest: Digest = Field(
        description="status.evidenceDigest as it was seen: what is found out later needs another decision."
    )


class ModelVersionSpec(ApiModel):
    """Which version of which model. Model, version, source and lineage cannot be changed."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "has(self.lineage) == has(oldSelf.lineage)",
                "lineage is written at creation and cannot be added or removed later",
                path=".lineage",
                because=Because.FORBIDDEN,
            ),
            rule(
                "has(self.evaluation) == has(oldSelf.evaluation)",
                "evaluation is written at creation and cannot be added or removed later",
                path=".evaluation",
                because=Because.FORBIDDEN,
            ),
        )
    )

    model: ModelName = Field(
        description="Registered model; the resource is named <model>-v<version>.",
        json_schema_extra=immutable("model cannot be changed"),
    )
    version: VersionNumber = Field(
        description="MLflow version number.", json_schema_extra=immutable("version cannot be changed")
    )
    source: ModelSource = Field(
        description="Where the model is in MLflow.", json_schema_extra=immutable("source cannot be changed")
    )
    lineage: Lineage | None = Field(
        default=None,
        description="Where it came from; written by the operator at creation.",
        json_schema_extra=immutable("lineage cannot be changed"),
    )
    approval: Literal["Automatic", "Manual"] = Field(
        default="Automatic",
        description="Automatic: approved as soon as all is known of it. Manual: a person decides, by spec.decision.",
    )
    decision: Decision | None = Field(
        default=None, description="What a person decided. Written by leeboard approve and leeboard reject."
    )
    reference: Reference | None = Field(
        default=None,
        description=(
            "Rows that the profile is built from. Without it: the run's data set input of context reference, or its"
            " artifact reference.csv or reference.parquet. May be set or corrected until there is a profile; a version"
            " never gets another one."
        ),
    )
    evaluation: VersionEvaluation | None = Field(
        default=None,
        description="Compare it with the version that serves; one that is not better only a person approves.",
        json_schema_extra=immutable("evaluation cannot be changed"),
    )


class Artifact(ApiModel):
    """The model's files."""

    uri: ModelUri = Field(description="The logged model: models:/<logged model id>.")
    digest: Digest = Field(description="sha256 over path, size and sha256 of every file; checked before every serving.")
    bytes: int = Field(ge=0, description="Size of all files in bytes.")


class ColumnSchema(ApiModel):
    """One column of a signature."""

    name: Word = Field(default="", description="Column name; empty for an unnamed tensor.")
    type: Word = Field(description="MLflow type.")
    required: bool = Field(default=True, description="Whether null and absence are refused.")


Columns = Annotated[
    tuple[ColumnSchema, ...], Field(max_length=MAX_COLUMNS), BeforeValidator(partial(keep_first, MAX_COLUMNS))
]


class Signature(ApiModel):
    """What the model takes and gives."""

    inputs: Columns = Field(default=(), description="Input columns; the first 1024 of them.")
    outputs: Columns = Field(default=(), description="Output columns; the first 1024 of them.")


Differences = Annotated[
    tuple[Line, ...], Field(max_length=MAX_DIFFERENCES), BeforeValidator(partial(keep_first, MAX_DIFFERENCES))
]


class Fingerprint(ApiModel):
    """What the fingerprint pod proved about the model, without credentials."""

    flavor: str = Field(max_length=64, description="MLflow flavour, for example sklearn.")
    python_version: str = Field(max_length=64, description="Python that the model was logged with.")
    row_wise: bool = Field(
        description="Proven: a row's answer does not depend on the others, so that requests may share a batch."
    )
    row_wise_reason: Message = Field(default="", description="Why it is, or is not, proven row-wise.")
    tolerance: str = Field(default="", max_length=64, description="Tolerance of that proof.")
    lean: bool = Field(
        default=False, description="Proven: predicting without MLflow's per-call checks gives the same answers."
    )
    environment: Literal["Match", "Warn", "Refuse"] = Field(
        description=(
            "The model against the built-in server's image. Match: the same libraries. Warn: differences that do not"
            " stop it from serving. Refuse: it would not serve as it was trained; another runtime or image may."
        )
    )
    differences: Differences = Field(default=(), description="Requirements that differ; the first 64 of them.")
    example_answer: str | None = Field(
        default=None, max_length=128, description="sha256 of the answer to the recorded input example."
    )
    record: str = Field(max_length=128, description="sha256 of the whole record, which is kept with the run in MLflow.")


class Profile(ApiModel):
    """What the inputs and answers of the model look like when all is well: kept in MLflow, compared with live rows."""

    uri: str = Field(max_length=512, description="The file: runs:/<run id>/<path>.")
    digest: Digest = Field(description="sha256 of the file; checked before every serving.")
    bytes: int = Field(ge=0, description="Its size in bytes.")
    rows: int = Field(ge=0, description="Rows of the reference that it was built from.")
    features: int = Field(ge=0, description="Inputs of the model.")
    monitored: int = Field(ge=0, description="Inputs that are counted; why the others are not is in the file.")


Requirements = Annotated[
    tuple[Line, ...], Field(max_length=MAX_REQUIREMENTS), BeforeValidator(partial(keep_first, MAX_REQUIREMENTS))
]


class ModelVersionStatus(Status):
    """What is known of the version: written by the operator only."""

    artifact: Artifact | None = Field(default=None, description="The model's files.")
    signature: Signature | None = Field(default=None, description="What the model takes and gives.")
    requirements: Requirements = Field(
        default=(), description="Python requirements that MLflow recorded; the first 512 of them."
    )
    fingerprint: Fingerprint | None = Field(default=None, description="What was proven about the model.")
    attempt: int = Field(default=0, ge=0, description="Number of the fingerprint attempt, from 1.")
    profile: Profile | None = Field(default=None, description="The profile that live rows are compared with.")
    evaluation: EvaluationStatus | None = Field(default=None, description="How it compares with the one that serves.")
    evidence_digest: Digest | None = Field(
        default=None, description="sha256 over all that is known of it and that a decision rests on."
    )


class ModelVersion(ApiModel):
    """One version of a registered model: what is in it, where it came from, and whether it may serve."""

    metadata: Metadata
    spec: ModelVersionSpec
    status: ModelVersionStatus = Field(default_factory=ModelVersionStatus)
