"""What the pod that compares two versions said, checked as a stranger's, and the verdict that follows from it."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from leeboard.api.bounds import Digest, Line, VersionNumber
from leeboard.api.conditions import timestamp
from leeboard.api.evaluation import (
    MAX_DATA_FAULTS,
    MIN_ROWS,
    EvaluationStatus,
    EvaluationVerdict,
    PairedCounts,
    VersionEvaluation,
)
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.resource import ApiModel
from leeboard.monitoring.paired import ErrorSums, Gain, gain_in_accuracy, gain_in_error
from leeboard.planning.model_version.record import ForgedError

MOST_ROWS = 1_000_000_000
Count = Annotated[int, Field(ge=0, le=MOST_ROWS, strict=True)]
Moment = Annotated[str, Field(max_length=20, pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class Compared(ApiModel):
    """The message: ``pairs`` are rows that both, only the candidate, only the champion, neither answered rightly;
    ``errors`` sums as in ErrorSums. Exactly one of the two.
    """

    candidate: VersionNumber
    champion: VersionNumber
    rows_digest: Digest
    rows: Annotated[int, Field(ge=MIN_ROWS, le=MOST_ROWS, strict=True)]
    after: Moment
    since: Moment
    until: Moment
    not_later: Count
    unlabelled: Count
    data_faults: Annotated[tuple[Line, ...], Field(max_length=MAX_DATA_FAULTS)] = ()
    pairs: tuple[Count, Count, Count, Count] | None = None
    errors: tuple[float, float, float, float, float] | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (self.pairs is None) == (self.errors is None):
            raise ValueError("exactly one of pairs and errors")
        if self.pairs is not None and sum(self.pairs) != self.rows:
            raise ValueError("the pairs are not as many as the rows")
        if self.errors is not None and not all(isfinite(value) and value >= 0 for value in self.errors):
            raise ValueError("a sum of errors is negative or not finite")
        return self


def compared(message: dict[str, object], *, version: str) -> Compared:
    """The message of ``version``'s comparison. Raises ForgedError."""
    try:
        found = Compared.model_validate(message)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ForgedError(f"{'.'.join(map(str, first['loc'])) or 'as a whole'}: {first['msg']}") from error
    if found.candidate != version:
        raise ForgedError(f"candidate: {found.candidate} is not version {version}")
    return found


def judged(found: Compared, evaluation: VersionEvaluation, *, now: datetime) -> EvaluationStatus:
    """Better where the lower end of the gain's interval is above ``minGain``, and nowhere else."""
    measure: Literal["Accuracy", "MeanAbsoluteError"] = "Accuracy" if found.errors is None else "MeanAbsoluteError"
    gain, values = _gain(found), _values(found)
    verdict = EvaluationVerdict.UNKNOWN
    if gain is not None:
        is_better = gain.low > float(evaluation.min_gain)
        verdict = EvaluationVerdict.BETTER if is_better else EvaluationVerdict.NOT_BETTER
    return EvaluationStatus(
        verdict=verdict,
        reason=VersionReason.NOT_COMPARABLE if gain is None else verdict,
        message=_sentence(found, gain, values, evaluation=evaluation),
        at=timestamp(now),
        champion=found.champion,
        dataset=found.rows_digest,
        after=found.after,
        rows=found.rows,
        not_later=found.not_later,
        unlabelled=found.unlabelled,
        data_faults=found.data_faults,
        measure=measure,
        candidate_value=f"{values[0]:.6g}",
        champion_value=f"{values[1]:.6g}",
        counts=_counts(found),
        gain=None if gain is None else f"{gain.value:.6f}",
        low=None if gain is None else f"{gain.low:.6f}",
        high=None if gain is None else f"{gain.high:.6f}",
    )


def _counts(found: Compared) -> PairedCounts | None:
    if found.pairs is None:
        return None
    both, candidate, champion, neither = found.pairs
    return PairedCounts(both=both, only_candidate=candidate, only_champion=champion, neither=neither)


def _gain(found: Compared) -> Gain | None:
    """None where no interval can be given."""
    if found.errors is not None:
        return gain_in_error(ErrorSums(found.rows, *found.errors))
    if found.pairs is None:
        return None
    return gain_in_accuracy(rows=found.rows, only_candidate=found.pairs[1], only_champion=found.pairs[2])


def _values(found: Compared) -> tuple[float, float]:
    """The measure of the candidate and of the champion."""
    if found.errors is not None:
        return found.errors[0] / found.rows, found.errors[1] / found.rows
    both, candidate, champion, _ = found.pairs or (0, 0, 0, 0)
    return (both + candidate) / found.rows, (both + champion) / found.rows


def _sentence(found: Compared, gain: Gain | None, values: tuple[float, float], *, evaluation: VersionEvaluation) -> str:
    mine, other = values
    if found.errors is None:
        said = (
            f"version {found.candidate} answers {mine:.2%} of {found.rows} rows rightly, version {found.champion}"
            f" {other:.2%}"
        )
    else:
        said = (
            f"the mean absolute error of version {found.candidate} on {found.rows} rows is {mine:.6g}, that of"
            f" version {found.champion} {other:.6g}"
        )
    if gain is None:
        said += "; the errors of the latter vary too much, or are too few, for an interval"
    else:
        said += f": {gain.value:+.2%}, with 95 % between {gain.low:+.2%} and {gain.high:+.2%}"
        if gain.low <= float(evaluation.min_gain):
            said += f", which has to be above {float(evaluation.min_gain):.2%}"
    left_out = (
        f"; rows from {found.since} to {found.until}, {found.not_later} left out that are not later than training"
    )
    return f"{said}{left_out} ({found.after})"
