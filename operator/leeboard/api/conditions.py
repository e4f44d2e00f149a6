"""Conditions: three-valued facts about a resource, and how a new judgement is merged into the old ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from leeboard.api.bounds import MAX_MESSAGE, Message


class ConditionStatus(StrEnum):
    """True, False or Unknown: a missing fact is Unknown, never False."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class ConditionType(StrEnum):
    """Every condition type that some kind reports."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SUCCEEDED = "Succeeded"
    TRACKING_READY = "TrackingReady"
    FINGERPRINTED = "Fingerprinted"
    APPROVED = "Approved"
    PROFILE_READY = "ProfileReady"
    BETTER = "Better"
    SERVING = "Serving"
    UP_TO_DATE = "UpToDate"
    BATCHING = "Batching"
    PROGRESSING = "Progressing"
    RETRAINING = "Retraining"
    MONITORED = "Monitored"
    DRIFT_DETECTED = "DriftDetected"
    DATA_QUALITY = "DataQuality"
    PERFORMANCE_LOST = "PerformanceLost"


class Condition(BaseModel):
    """One fact: type, three-valued status, stable reason, sentence for people, generation and time of the last flip."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    type: str = Field(max_length=64, description="Name of the fact.")
    status: ConditionStatus = Field(description="True, False or Unknown; a missing fact is Unknown, never False.")
    reason: str = Field(max_length=64, description="One stable CamelCase word: part of the API.")
    message: Message = Field(
        default="", description="A sentence: what it waits for, since when, until when, with numbers."
    )
    observed_generation: int = Field(ge=-1, description="The metadata.generation that was judged.")
    last_transition_time: str = Field(
        description="When the status last flipped.", json_schema_extra={"format": "date-time"}
    )


class Judgement(BaseModel):
    """A condition as a planner states it: without time and generation."""

    model_config = ConfigDict(frozen=True)

    type: ConditionType
    status: ConditionStatus
    reason: str
    message: str = ""


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merge_conditions(
    old: Sequence[Condition], judgements: Iterable[Judgement], *, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """All of ``judgements`` as conditions in their order; a transition time moves only when the status flips."""
    known = {condition.type: condition for condition in old}
    merged = []
    for judgement in judgements:
        before = known.get(judgement.type)
        same = before is not None and before.status == judgement.status
        merged.append(
            Condition(
                type=judgement.type.value,
                status=judgement.status,
                reason=judgement.reason,
                message=judgement.message[:MAX_MESSAGE],
                observed_generation=generation,
                last_transition_time=before.last_transition_time if before and same else timestamp(now),
            )
        )
    return tuple(merged)


def condition_of(conditions: Sequence[Condition], type_: ConditionType) -> Condition | None:
    """The condition of one type, if it is there."""
    return next((condition for condition in conditions if condition.type == type_), None)


def is_true(conditions: Sequence[Condition], type_: ConditionType) -> bool:
    """Whether a condition is stated to be True; Unknown and absent are not."""
    condition = condition_of(conditions, type_)
    return condition is not None and condition.status is ConditionStatus.TRUE
