"""What is reported of retraining: the last trigger and its training, and the memory that the guards need."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from leeboard.api.bounds import Identity, Line, Message, ObjectName, VersionNumber, Word
from leeboard.api.resource import ApiModel
from leeboard.api.retraining import MAX_TRIGGERS
from leeboard.api.rollout_status import DATE_TIME

MAX_STARTS = 100
Moment = Annotated[str, StringConstraints(max_length=32)]
"""RFC 3339, in a list."""


class TriggerKind(StrEnum):
    """What asked for a training."""

    DRIFT = "Drift"
    PERFORMANCE = "Performance"
    SCHEDULE = "Schedule"
    NEW_DATA = "NewData"
    NEW_TEMPLATE = "NewTemplate"
    ON_DEMAND = "OnDemand"

    @property
    def rests_on_evidence(self) -> bool:
        """Whether verdicts asked for it: whether it helped can then be seen."""
        return self in {TriggerKind.DRIFT, TriggerKind.PERFORMANCE}


class TrainingOutcome(StrEnum):
    """What became of a training that a trigger started."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    LOST = "Lost"  # its TrainingJob was there and is gone before it ended


class TriggerStatus(ApiModel):
    """The last trigger that started a training: written before the TrainingJob is made, so that there is one only."""

    id: Line = Field(description="Kind, deciding window or tick, attempt: names the TrainingJob.")
    kind: TriggerKind = Field(description="What asked for it.")
    at: str = Field(description="When it was decided.", json_schema_extra=DATE_TIME)
    by: Word = Field(default="", description="Who asked for it; empty when it happened by itself.")
    evidence: Message = Field(default="", description="Why, with numbers.")
    training_job: ObjectName = Field(description="Name of the TrainingJob.")
    seen: bool = Field(default=False, description="Whether the TrainingJob has been observed.")
    outcome: TrainingOutcome | None = Field(default=None, description="How the training ended.")
    ended_at: str | None = Field(default=None, description="When it ended.", json_schema_extra=DATE_TIME)
    version: VersionNumber | None = Field(default=None, description="Version that came out of it.")
    evaluation: Message = Field(default="", description="How it compares with the version that serves.")
    judged: bool = Field(default=False, description="Whether it has been counted as one that helped, or did not.")


class Tick(ApiModel):
    """How far a schedule is."""

    schedule: Line = Field(description="Cron and time zone.")
    last: str = Field(description="Last tick that needs no run any more.", json_schema_extra=DATE_TIME)


class DataMark(ApiModel):
    """The state of data when they were last trained on, or first seen."""

    uri: str = Field(max_length=2048, description="Where they are.")
    mark: Identity = Field(description="Hash of what tells that they changed.")
    trained: bool = Field(default=False, description="Whether a training has read them in this state.")


class TemplateMark(ApiModel):
    """The template as it was when it was last trained by, or first seen. Its spec cannot change while its uid stays."""

    uid: Identity = Field(description="The TrainingJob's uid.")
    digest: Identity = Field(description="Hash of what it trains: all of its spec but for what becomes of the version.")


class RetrainingStatus(ApiModel):
    """The memory of retraining."""

    trigger: TriggerStatus | None = Field(default=None, description="The last one that started a training.")
    starts: tuple[Moment, ...] = Field(
        default=(), max_length=MAX_STARTS, description="When trainings started in the last 7 days, newest first."
    )
    fruitless: int = Field(
        default=0, ge=0, le=1000, description="Trainings in a row for drift or loss after which it went on."
    )
    circuit_open_since: str | None = Field(
        default=None, description="Since when nothing starts until a person asks.", json_schema_extra=DATE_TIME
    )
    ticks: tuple[Tick, ...] = Field(default=(), max_length=MAX_TRIGGERS, description="How far the schedules are.")
    data: tuple[DataMark, ...] = Field(
        default=(), max_length=MAX_TRIGGERS + 1, description="Data as last trained on, or first seen."
    )
    trained_template: TemplateMark | None = Field(
        default=None, description="The template as last trained by, or first seen, where a trigger looks at it."
    )
