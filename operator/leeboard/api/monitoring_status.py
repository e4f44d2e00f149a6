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


class SegmentStanding(StrEnum):
    """How the answers for a segment stood in the last window beside the reference's for the same segment."""

    STABLE = "Stable"
    WARNED = "Warned"
    DRIFTED = "Drifted"
    TOO_FEW_ROWS = "TooFewRows"
    REFERENCE_TOO_SMALL = "ReferenceTooSmall"
    ONE_CELL = "OneCell"
    NO_REFERENCE = "NoReference"
    NO_SUCH_INPUT = "NoSuchInput"


class GroupStanding(StrEnum):
    """What is shown of a group beside the first one; ``NOT_SHOWN`` is not "the same"."""

    BASIS = "Basis"
    DIFFERS = "Differs"
    NOT_SHOWN = "NotShown"
    TOO_FEW_ROWS = "TooFewRows"
    NO_FAVOURABLE_CLASS = "NoFavourableClass"
    NO_SUCH_INPUT = "NoSuchInput"


class FeatureStatus(ApiModel):
    """One feature in the last window."""

    name: Word = Field(description="Its name.")
    standing: Standing = Field(description="How it stood; why it was not judged if it was not.")
    psi: Figure | None = Field(default=None, description="Corrected PSI beside the reference; absent: unknown.")
    last: Annotated[tuple[Figure, ...], Field(max_length=12)] = Field(
        default=(), description="The same in the last windows, the newest last; empty: unknown."
    )


class SegmentStatus(ApiModel):
    """The answers for one segment in the last window."""

    column: Word = Field(description="The input.")
    value: Word = Field(description="Its value.")
    standing: SegmentStanding = Field(description="How they stood.")
    rows: int = Field(ge=0, description="Rows of the window.")
    psi: Figure | None = Field(default=None, description="Corrected PSI of score or classes; absent: unknown.")


Estimate = Annotated[tuple[Figure, ...], Field(min_length=3, max_length=3)]
"""A number, and the ends of its interval."""


class GroupStatus(ApiModel):
    """How often a protected group gets the favourable answer, each time as number, lower and upper end; what is absent
    is unknown.
    """

    column: Word = Field(description="The input.")
    value: Word = Field(description="Its value.")
    standing: GroupStanding = Field(description="What is shown beside the first group.")
    rows: int = Field(ge=0, description="Rows; of performance: labels that are the favourable class.")
    rate: Estimate | None = Field(default=None, description="Share of them with the favourable answer.")
    usual: Figure | None = Field(default=None, description="The same of the reference's rows.")
    difference: Estimate | None = Field(default=None, description="The rate less that of the first group.")
    ratio: Estimate | None = Field(default=None, description="The rate divided by that of the first group.")


MAX_SLICES = 32
Segments = Annotated[
    tuple[SegmentStatus, ...], Field(max_length=MAX_SLICES), BeforeValidator(partial(keep_first, MAX_SLICES))
]
Groups = Annotated[
    tuple[GroupStatus, ...], Field(max_length=MAX_SLICES), BeforeValidator(partial(keep_first, MAX_SLICES))
]


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


class ServedDriftStatus(DriftStatus):
    """The same of the version that serves, with the parts of its traffic."""

    segments: Segments = Field(default=(), description="The answers by segment.")
    groups: Groups = Field(default=(), description="The favourable answers by protected group.")

    @property
    def brief(self) -> DriftStatus:
        """Without the parts."""
        return DriftStatus.model_validate({name: getattr(self, name) for name in DriftStatus.model_fields})


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
    groups: Groups = Field(
        default=(), description="True positive rates of the first protected input, by labels of all predicted classes."
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
