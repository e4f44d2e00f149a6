"""How a version is judged before it is offered: on rows later than any training, beside the version that serves."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from leeboard.api.bounds import Digest, Line, Message, ObjectName, VersionNumber, Word
from leeboard.api.cel import rule, rules
from leeboard.api.reference import ColumnName, ReferenceUri
from leeboard.api.resource import ApiModel
from leeboard.api.rollout import Fraction
from leeboard.api.rollout_status import DATE_TIME

MIN_ROWS = 200
"""Fewest rows that are judged: below it the intervals are those of another distribution than the one we assume."""
MAX_DATA_FAULTS = 5


class EvaluationData(ApiModel):
    """Labelled rows, in one file."""

    uri: ReferenceUri = Field(description="http, https or s3 address. By http(s) it is asked without credentials.")
    format: Literal["CSV", "Parquet"] | None = Field(default=None, description="Told by the suffix unless it is set.")


class Evaluation(ApiModel):
    """Rows that no version was trained on; a new version has to answer them better than the one that serves."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("self.target != self.timeColumn", "the target is another column than the time", path=".timeColumn")
        )
    )

    dataset: EvaluationData = Field(description="Labelled rows; those of the time of training are not counted.")
    target: ColumnName = Field(description="Column with the true answers; a row without one is not counted.")
    time_column: ColumnName = Field(
        description="Column with the time of each row, ISO 8601: only rows later than both versions' training count."
    )
    min_gain: Fraction = Field(
        default="0",
        description="What the lower end of the gain's interval has to exceed: a share of the rows for classes, a part"
        " of the mean absolute error for numbers.",
    )


class VersionEvaluation(Evaluation):
    """The same, with the service whose version has to be bettered."""

    service: ObjectName = Field(
        min_length=1, description="InferenceService of the same namespace: the version that serves there is compared."
    )


class EvaluationVerdict(StrEnum):
    """Whether a version is better than the one that serves; what could not be judged is Unknown, never better."""

    BETTER = "Better"
    NOT_BETTER = "NotBetter"
    UNKNOWN = "Unknown"


class PairedCounts(ApiModel):
    """On how many rows which version was right."""

    both: int = Field(ge=0, description="Both.")
    only_candidate: int = Field(ge=0, description="This version, and not the other one.")
    only_champion: int = Field(ge=0, description="The other version, and not this one.")
    neither: int = Field(ge=0, description="Neither of them.")


class EvaluationStatus(ApiModel):
    """What became of the comparison; it is never made again."""

    verdict: EvaluationVerdict = Field(description="Better, NotBetter, or Unknown.")
    reason: str = Field(max_length=64, description="Why, in one word.")
    message: Message = Field(description="Why, with numbers.")
    at: str = Field(description="When it was judged.", json_schema_extra=DATE_TIME)
    champion: VersionNumber | None = Field(default=None, description="The version it was compared with.")
    dataset: Digest | None = Field(default=None, description="sha256 of the file with the rows.")
    after: str | None = Field(
        default=None, description="Newest time that either was trained on.", json_schema_extra=DATE_TIME
    )
    rows: int | None = Field(default=None, ge=0, description="Rows that both answered and that are counted.")
    not_later: int | None = Field(default=None, ge=0, description="Rows left out: not later than the training.")
    unlabelled: int | None = Field(default=None, ge=0, description="Rows left out: without a true answer.")
    data_faults: tuple[Line, ...] = Field(
        default=(),
        max_length=MAX_DATA_FAULTS,
        description="What is broken in the rows of this version's profile, by the other one's: then a person approves.",
    )
    measure: Literal["Accuracy", "MeanAbsoluteError"] | None = Field(default=None, description="What is compared.")
    candidate_value: Word | None = Field(default=None, description="The measure of this version.")
    champion_value: Word | None = Field(default=None, description="The measure of the other one.")
    counts: PairedCounts | None = Field(default=None, description="Who was right, row by row; of classes only.")
    gain: Word | None = Field(default=None, description="How much better: see spec.evaluation.minGain.")
    low: Word | None = Field(default=None, description="Lower end of its interval of 95 %.")
    high: Word | None = Field(default=None, description="Upper end of its interval of 95 %.")
