"""What is reported of a rollout: where it stands, by what evidence, who asked for what."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from leeboard.api.bounds import Identity, Line, Message, ObjectName, Url, VersionNumber, Word
from leeboard.api.resource import ApiModel

DATE_TIME: dict[str, JsonValue] = {"format": "date-time"}
MAX_HISTORY = 20
MAX_FAILED = 20
MAX_PREVIOUS = 5


class StepKind(StrEnum):
    """What a step is."""

    WEIGHT = "Weight"
    APPROVAL = "Approval"
    SHADOW = "Shadow"
    MATCH = "Match"
    PROMOTION = "Promotion"  # the last part of every rollout, also of one without steps and of a rollback


class StepPhase(StrEnum):
    """How far a step is, in this order."""

    SCALING = "Scaling"  # pods come up
    ROUTING = "Routing"  # the split is written, not yet confirmed
    OBSERVING = "Observing"  # the split is confirmed: time and evidence count
    HOLDING = "Holding"  # long enough, and the evidence does not suffice
    WAITING_FOR_PERSON = "WaitingForPerson"  # approval, pause on failure, or maxHold is over
    PAUSED = "Paused"  # by the verb


class ShadowFirst(StrEnum):
    """Whether a weight step begins with copies, because it would bring too few requests."""

    NOT_NEEDED = "NotNeeded"  # it brings enough
    RUNNING = "Running"  # all requests are copied, stable answers them
    DONE = "Done"  # every check passed on copies, or a person went on


class Verdict(StrEnum):
    """What a check says."""

    PASS = "Pass"  # noqa: S105 - a verdict
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"
    NO_DATA = "NoData"


class StepStatus(ApiModel):
    """Where the rollout stands."""

    index: int = Field(ge=0, description="Number of the step, from 0; equal to total while it is promoted.")
    total: int = Field(ge=0, description="How many steps there are.")
    kind: StepKind = Field(description="What the step is.")
    phase: StepPhase = Field(description="How far it is.")
    started_at: str = Field(description="When it began.", json_schema_extra=DATE_TIME)
    phase_since: str = Field(description="Since when it is so far.", json_schema_extra=DATE_TIME)
    confirmed_at: str | None = Field(
        default=None, description="When the split was confirmed: time counts from here.", json_schema_extra=DATE_TIME
    )
    ends_at: str | None = Field(default=None, description="When it ends at the earliest.", json_schema_extra=DATE_TIME)
    held_since: str | None = Field(
        default=None, description="Since when it waits for evidence.", json_schema_extra=DATE_TIME
    )
    shadow_first: ShadowFirst | None = Field(
        default=None, description="Whether requests are copied before the weight is given; unknown when left out."
    )
    message: Message = Field(default="", description="What it waits for.")


class TrafficStatus(ApiModel):
    """The split of the requests: asked for, written, confirmed, and measured."""

    provider: str = Field(max_length=32, description="Who splits: GatewayAPI or Replicas.")
    address: Url | None = Field(default=None, description="Where requests are split; clients send them here.")
    asked: int = Field(ge=0, le=100, description="Percent for the canary that the step asks for.")
    applied: int | None = Field(
        default=None, ge=0, le=100, description="Percent that the live objects give it; unknown when left out."
    )
    confirmed: bool = Field(default=False, description="Whether who splits has taken it over.")
    accepted_at: str | None = Field(
        default=None, description="When the gateway was first seen to have accepted it.", json_schema_extra=DATE_TIME
    )
    measured: Word | None = Field(
        default=None, description="Percent that the canary's pods counted, since the split was confirmed."
    )
    measured_requests: int | None = Field(default=None, ge=0, description="Requests counted for it.")
    measured_at: str | None = Field(default=None, description="When it was counted.", json_schema_extra=DATE_TIME)
    mirrored: int | None = Field(default=None, ge=0, le=100, description="Percent that is copied to the canary.")
    message: Message = Field(default="", description="What is special about it.")


class CheckStatus(ApiModel):
    """One check's verdict, and the numbers that it rests on."""

    name: str = Field(max_length=40, description="Name of the check.")
    verdict: Verdict = Field(description="Pass, Fail, Inconclusive or NoData.")
    value: Word | None = Field(default=None, description="Canary's value, or its difference from the stable one.")
    lower: Word | None = Field(default=None, description="Lower end of the interval.")
    upper: Word | None = Field(default=None, description="Upper end of the interval.")
    limit: Word | None = Field(default=None, description="Margin or limit that it is compared with.")
    canary_samples: int | None = Field(default=None, ge=0, description="Requests of the canary.")
    stable_samples: int | None = Field(default=None, ge=0, description="Requests of the stable version.")
    since: str | None = Field(default=None, description="Since when evidence counts.", json_schema_extra=DATE_TIME)
    message: Message = Field(default="", description="What it means, or what is missing.")


class RevisionOutcome(StrEnum):
    """How the life of a revision in this service went on."""

    FIRST = "First"
    PROMOTED = "Promoted"
    ABORTED = "Aborted"
    SUPERSEDED = "Superseded"
    ROLLED_BACK = "RolledBack"  # back to it
    RESTARTED = "Restarted"


class HistoryEntry(ApiModel):
    """One decision."""

    at: str = Field(description="When.", json_schema_extra=DATE_TIME)
    outcome: RevisionOutcome = Field(description="What was decided.")
    version: VersionNumber = Field(description="Version that it was about.")
    revision: ObjectName = Field(description="Revision that it was about.")
    reason: Word = Field(default="", description="One word why.")
    by: Word = Field(default="", description="Who asked for it; empty when it happened by itself.")
    message: Line = Field(default="", description="Why, with numbers.")


class FailedRevision(ApiModel):
    """A revision that is not started again by itself."""

    revision: ObjectName = Field(description="Name of the revision.")
    version: VersionNumber = Field(description="Its version.")
    reason: Word = Field(description="One word why.")
    message: Line = Field(default="", description="Why, with numbers.")
    at: str = Field(description="When it failed.", json_schema_extra=DATE_TIME)


class RequestOutcome(StrEnum):
    """What became of a request."""

    DONE = "Done"
    REFUSED = "Refused"
    EXPIRED = "Expired"


class RequestStatus(ApiModel):
    """The last request of a person, consumed once."""

    id: Identity = Field(description="Its id.")
    verb: str = Field(max_length=32, description="What was asked for.")
    revision: str = Field(default="", max_length=63, description="Revision that it was aimed at; empty for any.")
    by: Word = Field(default="", description="Who asked.")
    at: str = Field(description="When it was consumed.", json_schema_extra=DATE_TIME)
    outcome: RequestOutcome = Field(description="What became of it.")
    message: Message = Field(default="", description="Why it was refused, or what it did.")


class Pause(ApiModel):
    """A rollout that a person paused."""

    since: str = Field(description="When.", json_schema_extra=DATE_TIME)
    by: Word = Field(default="", description="Who asked for it.")
