"""What is reported of monitoring: the last verdicts, by name and number; the counts behind them are kept elsewhere."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from leeboard.api.bounds import Digest, ObjectName, VersionNumber, Word, keep_first
from leeboard.api.resource import ApiModel
from leeboard.api.rollout_status import DATE_TIME

MAX_NAMED = 20
Figure = Annotated[str, StringConstraints(max_length=16)]
"""A number as text."""
Names = Annotated[tuple[Word, ...], Field(max_length=MAX_NAMED), BeforeValidator(partial(keep_first, MAX_NAMED))]


class DriftVerdict(StrEnum):
    """What the last windows say of a version. Only ``DRIFT`` may have it trained again."""

    DRIFT = "Drift"
    REFERENCE_MISMATCH = "ReferenceMismatch"
    SUSPECTED = "Suspected"
    STABLE = "Stable"
    REFERENCE_TOO_SMALL = "ReferenceTooSmall"
    INSUFFICIENT_DATA = "InsufficientData"
    NO_DATA = "NoData"


class QualityVerdict(StrEnum):
    """What the last window says of the data. ``BROKEN`` forbids training."""

    GOOD = "Good"
    SUSPICIOUS = "Suspicious"
    BROKEN = "Broken"
    INSUFFICIENT_DATA = "InsufficientData"
    NO_DATA = "NoData"


class PerformanceVerdict(StrEnum):
    """What labels say. ``WORSE`` is proven."""

    WORSE = "Worse"
    UNPROVEN = "Unproven"
    TOO_FEW_LABELS = "TooFewLabels"


class Standing(StrEnum):
    """How a feature, or the model's answers, stood in the last window; what was not judged is not stable."""

    STABLE = "Stable"
    WARNED = "Warned"
    DRIFTED = "Drifted"
    TOO_FEW_ROWS = "TooFewRows"
    REFERENCE_TOO_SMALL = "ReferenceTooSmall"
    ONE_CELL = "OneCell"
    NOT_MONITORED = "NotMonitored"


class FeatureStatus(ApiModel):
    """One feature in the last window."""

    name: Word = Field(description="Its name.")
    standing: Standing = Field(description="How it stood; why it was not judged if it was not.")
    psi: Figure | None = Field(default=None, description="Corrected PSI beside the reference; absent: unknown.")


class WindowStatus(ApiModel):
    """Which rows were judged: of one revision, from one moment to another."""

    revision: ObjectName = Field(description="The revision whose rows they are.")
    version: VersionNumber = Field(description="MLflow version number.")
    profile: Digest = Field(description="Digest of the profile that they were compared with.")
    since: str = Field(description="When the window began.", json_schema_extra=DATE_TIME)
    until: str = Field(description="When it ended.", json_schema_extra=DATE_TIME)
    rows: int = Field(ge=0, description="Rows that were counted.")


class DriftStatus(WindowStatus):
    """The last window for drift, and the verdict after it."""

    verdict: DriftVerdict = Field(description="What the last four windows say; three of them have to agree on a drift.")
    drifted: Names = Field(default=(), description="What drifted: features, prediction, importance.")
    mismatched: Names = Field(default=(), description="What never fitted the reference.")
    drift_since: str | None = Field(
        default=None, description="When the first window began that speaks for the drift.", json_schema_extra=DATE_TIME
    )
    prediction: Standing = Field(description="How the model's answers stood.")
    share: Figure | None = Field(
        default=None, description="Importance of the features that drifted, of 1; absent: importances are unknown."
    )
    features: Annotated[
        tuple[FeatureStatus, ...], Field(max_length=MAX_NAMED), BeforeValidator(partial(keep_first, MAX_NAMED))
    ] = Field(default=(), description="Features, the largest change first; the first 20 of them.")


class PerformanceStatus(ApiModel):
    """What late labels say of a version."""

    revision: ObjectName = Field(description="The revision whose predictions they are about.")
    version: VersionNumber = Field(description="MLflow version number.")
    until: str = Field(description="When labels ripened last.", json_schema_extra=DATE_TIME)
    verdict: PerformanceVerdict = Field(description="Whether a loss is proven; Unproven is not as good as ever.")
    metric: Word = Field(description="What is measured.")
    value: Figure | None = Field(default=None, description="What it is; absent: no labels.")
    reference: Figure = Field(description="What it is on the reference.")
    labels: int = Field(ge=0, description="Labels that were looked at.")
    needed: int | None = Field(
        default=None, ge=0, description="Labels that show a loss; absent: none would, the reference has too few."
    )


class QualityFault(ApiModel):
    """One thing that is wrong with a feature's values."""

    feature: Word = Field(description="Its name.")
    fault: Word = Field(description="missing, null, type, nonFinite, unseen, outside or constant.")
    share: Figure | None = Field(default=None, description="Share of the rows; absent for constant.")
    usual: Figure | None = Field(default=None, description="Share of the reference's rows.")


class QualityStatus(WindowStatus):
    """The last window for the data's quality."""

    verdict: QualityVerdict = Field(description="Whether the data can be trusted.")
    faults: Annotated[
        tuple[QualityFault, ...], Field(max_length=MAX_NAMED), BeforeValidator(partial(keep_first, MAX_NAMED))
    ] = Field(default=(), description="What is broken, the largest share first; the first 20.")
