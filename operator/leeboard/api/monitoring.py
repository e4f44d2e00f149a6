"""How a service is watched: how long requests are counted before they are judged, how much counts, late labels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from leeboard.api.bounds import Duration, ObjectName
from leeboard.api.cel import rule, rules
from leeboard.api.resource import ApiModel
from leeboard.api.rollout import Decimal, Fraction


class Window(ApiModel):
    """How long requests are counted before they are judged."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.period) || duration(self.period) >= duration('1s')",
                "a window lasts a second or more",
                path=".period",
            ),
            rule(
                "!has(self.qualityPeriod) || duration(self.qualityPeriod) >= duration('1s')",
                "a window lasts a second or more",
                path=".qualityPeriod",
            ),
            rule(
                "!has(self.longest) || !has(self.period) || duration(self.longest) >= duration(self.period)",
                "longest is one period or more",
                path=".longest",
            ),
        )
    )

    period: Duration = Field(
        default="24h",
        description="One season: a window for drift spans a whole number of them. With a shorter one every evening"
        " drifts.",
    )
    longest: Duration = Field(
        default="168h", description="After that a window ends with what it has, as InsufficientData if that is too few."
    )
    min_samples: int = Field(
        default=500, ge=20, le=10_000_000, description="Rows that a window has at least; a feature may need more."
    )
    quality_period: Duration = Field(
        default="1h", description="Length of the windows in which only the data's quality is judged."
    )


class Drift(ApiModel):
    """How much change counts."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.warn) || !has(self.size)"
                " || (double(self.warn) > 0.0 && double(self.warn) <= double(self.size))",
                "warn is above 0 and not above size",
                path=".warn",
            )
        )
    )

    size: Decimal = Field(
        default="0.2", description="Corrected PSI from which a feature has drifted: about half a standard deviation."
    )
    warn: Decimal = Field(default="0.1", description="Corrected PSI from which it is told.")


class Labels(ApiModel):
    """True answers that come late, by POST /feedback with the token of the prediction."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.cohort)"
                " || (duration(self.cohort) >= duration('5s') && duration(self.cohort) <= duration('24h'))",
                "cohort is between 5s and 24h",
                path=".cohort",
            ),
            rule(
                "!has(self.maxAge) || !has(self.cohort) || (duration(self.maxAge) >= duration(self.cohort)"
                " && duration(self.maxAge) <= duration('720h')"
                " && duration(self.maxAge).getSeconds() <= 720 * duration(self.cohort).getSeconds())",
                "maxAge is between 1 and 720 cohorts, and 720h at most",
                path=".maxAge",
            ),
        )
    )

    token_keys_secret: ObjectName | None = Field(
        default=None,
        min_length=1,
        description="Secret with the keys of tokens: each entry is 32 hexadecimal digits; the last name seals, all"
        " open. Without a name the operator makes one.",
    )
    feedback_secret: ObjectName | None = Field(
        default=None,
        min_length=1,
        description="Secret whose entry credential is what senders of labels show: Authorization: Bearer <credential>."
        " Without a name the operator makes one.",
    )
    max_age: Duration = Field(
        default="168h", description="Longest delay of a label; then a cohort's predictions are judged by what came."
    )
    cohort: Duration = Field(
        default="1h",
        description="How long predictions are a cohort, whose labels are judged together. Pods that serve already take"
        " it after leeboard restart.",
    )
    coverage: Fraction = Field(
        default="0.8", description="Part of a cohort's predictions of each class whose labels make it ripe earlier."
    )
    metric: Literal["BalancedAccuracy", "AUC", "Precision", "MAERatio"] | None = Field(
        default=None, description="What is judged; by the model's task when left out."
    )
    max_loss: Fraction = Field(default="0.02", description="What the metric may lose beside the reference.")
    max_ratio: Fraction = Field(
        default="0.1", description="By what part the mean absolute error of a regression may grow."
    )


MAX_COLUMNS, MAX_VALUES = 4, 8
Value = Annotated[str, StringConstraints(min_length=1, max_length=63)]
"""A value of an input as text: true and false, integers without a point."""


class Slices(ApiModel):
    """An input, and those of its values whose rows are counted apart."""

    column: Annotated[str, StringConstraints(min_length=1, max_length=63)] = Field(
        description="Name of an input of the model."
    )
    values: tuple[Value, ...] = Field(
        min_length=1,
        max_length=MAX_VALUES,
        description="At most eight of its values, as text; rows with others are counted nowhere apart.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


Columns = Annotated[
    tuple[Slices, ...],
    Field(
        max_length=MAX_COLUMNS,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["column"]},
    ),
]


class Monitoring(ApiModel):
    """How versions are watched that have a profile. Without it the same defaults hold."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.groups) || self.groups.all(group, size(group.values) >= 2)",
                "a group is compared with another one: name two values or more, the first is the one to compare with",
                path=".groups",
            ),
            rule(
                "!has(self.favourable) || (has(self.groups) && size(self.groups) > 0)",
                "favourable is the class that groups are compared by: name groups",
                path=".favourable",
            ),
        )
    )

    window: Window = Field(default_factory=Window, description="When windows end.", json_schema_extra={"default": {}})
    drift: Drift = Field(
        default_factory=Drift, description="How much change counts.", json_schema_extra={"default": {}}
    )
    labels: Labels | None = Field(
        default=None,
        description="Take labels, and judge by them. Pods that serve already take them after leeboard restart.",
    )
    segments: Columns = Field(
        default=(),
        description="Inputs by whose values the answers are watched apart; pods that serve already count them after"
        " leeboard restart.",
    )
    groups: Columns = Field(
        default=(),
        description="Protected inputs: how often each group gets the favourable answer beside the first one named.",
    )
    favourable: Value | None = Field(
        default=None, description="Class that is the favourable answer; of two classes the second when left out."
    )
