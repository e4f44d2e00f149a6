"""When a service's model is trained again, and what keeps that from happening too often."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from leeboard.api.bounds import Duration, ObjectName, Url
from leeboard.api.cel import rule, rules
from leeboard.api.evaluation import Evaluation
from leeboard.api.resource import ApiModel

MAX_TRIGGERS = 8

Cron = Annotated[
    str,
    StringConstraints(min_length=9, max_length=100, pattern=r"^\S+ \S+ \S+ \S+ \S+$"),
]
"""Five fields as cron reads them: minute, hour, day of month, month, day of week."""
TimeZone = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*$")
]
"""A name of the IANA time zone database."""
DataUri = Annotated[
    Url,
    StringConstraints(
        pattern=r"^(https?://[^\s/]+(/\S*)?|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+|pvc://[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/\S*)$"
    ),
]
"""A resource on the web, an object of an S3 bucket, or a file or folder of a PersistentVolumeClaim."""


class DriftTrigger(ApiModel):
    """The verdicts on data and performance."""

    mode: Literal["DriftAndPerformance", "DriftOnly", "PerformanceOnly"] = Field(
        default="DriftAndPerformance",
        description="DriftAndPerformance: data have drifted and matured labels show a loss; without labels never."
        " DriftOnly: drift alone suffices. PerformanceOnly: a loss alone suffices; it finds changes that leave the"
        " inputs as they were.",
    )


class ScheduleTrigger(ApiModel):
    """The clock."""

    cron: Cron = Field(description="Minute, hour, day of month, month, day of week: 0 3 * * 1.")
    time_zone: TimeZone = Field(default="UTC", description="IANA time zone in which cron is read: Europe/Berlin.")


class NewDataTrigger(ApiModel):
    """Something that changes when there are new data: on the web, in S3, or on a volume."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.interval) || duration(self.interval) >= duration('1m')",
                "interval is a minute or more",
                path=".interval",
            ),
            rule(
                "!has(self.secret) || self.uri.startsWith('s3://')",
                "only an s3:// address is asked with a Secret",
                path=".secret",
            ),
            rule(
                "!self.uri.startsWith('pvc://') || !self.uri.contains('..')",
                "a path on a volume has no ..",
                path=".uri",
            ),
        )
    )

    uri: DataUri = Field(
        description="http(s)://, s3://bucket/key or pvc://claim/path: ETag or Last-Modified, or sizes and times of"
        " files, tell whether it changed. A pod looks at the last two."
    )
    interval: Duration = Field(default="15m", description="How often it is asked.")
    secret: ObjectName | None = Field(
        default=None,
        min_length=1,
        description="Secret with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION, for s3://.",
    )


class NewTemplateTrigger(ApiModel):
    """Another spec of the TrainingJob that is named, which is templateOnly: another image, code, parameters or data."""


class Trigger(ApiModel):
    """What may start a training by itself: exactly one kind."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "[has(self.drift), has(self.schedule), has(self.newData), has(self.newTemplate)].filter(x, x).size()"
                " == 1",
                "a trigger is exactly one of drift, schedule, newData and newTemplate",
            )
        )
    )

    drift: DriftTrigger | None = Field(default=None, description="Drift of the data, loss of performance, or both.")
    schedule: ScheduleTrigger | None = Field(default=None, description="By the clock; missed runs run once.")
    new_data: NewDataTrigger | None = Field(default=None, description="When data have changed.")
    new_template: NewTemplateTrigger | None = Field(
        default=None, description="When the TrainingJob, which is templateOnly, has another spec than was trained last."
    )


class TrainingJobReference(ApiModel):
    """A TrainingJob of the same namespace whose spec is the template."""

    name: ObjectName = Field(min_length=1, description="Name of the TrainingJob.")


class Budget(ApiModel):
    """How many trainings may start, whatever asks for them."""

    per_day: int = Field(default=1, ge=1, le=24, description="In any 24 hours.")
    per_week: int = Field(default=3, ge=1, le=100, description="In any 7 days.")


class HistoryLimit(ApiModel):
    """How many TrainingJobs of past triggers are kept once they have ended, the newest ones."""

    succeeded: int = Field(default=3, ge=0, le=100, description="That succeeded.")
    failed: int = Field(default=3, ge=0, le=100, description="That failed.")


class Retraining(ApiModel):
    """When the model is trained again. The new version takes the way of any other: approval, rollout, analysis."""

    training_job_ref: TrainingJobReference = Field(
        description="TrainingJob whose spec is used again. It must not name a digest of its data: they are read anew."
    )
    triggers: tuple[Trigger, ...] = Field(
        default=(),
        max_length=MAX_TRIGGERS,
        description="What starts a training by itself; leeboard retrain always may.",
    )
    cooldown: Duration = Field(
        default="24h",
        description="Least time from the end of one training to the next; doubled, up to 7 days, for each that did not"
        " help.",
    )
    budget: Budget = Field(
        default_factory=Budget, description="How many trainings may start.", json_schema_extra={"default": {}}
    )
    evaluation: Evaluation | None = Field(
        default=None,
        description="Rows later than any training: a new version is approved by itself only if it answers them better.",
    )
    auto_approve: bool = Field(
        default=False, description="Whether versions born of drift or loss need no person's approval."
    )
    history_limit: HistoryLimit = Field(
        default_factory=HistoryLimit,
        description="TrainingJobs that are kept beyond the last one and those whose version serves or is on its way.",
        json_schema_extra={"default": {}},
    )
    suspend: bool = Field(default=False, description="Pause: nothing starts; what would have started is told.")
