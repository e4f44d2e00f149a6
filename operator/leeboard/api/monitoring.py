"""How a service is watched: how long requests are counted before they are judged, and how much change counts."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from leeboard.api.bounds import Duration
from leeboard.api.cel import rule, rules
from leeboard.api.resource import ApiModel
from leeboard.api.rollout import Decimal


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


class Monitoring(ApiModel):
    """How versions are watched that have a profile. Without it the same defaults hold."""

    window: Window = Field(default_factory=Window, description="When windows end.", json_schema_extra={"default": {}})
    drift: Drift = Field(
        default_factory=Drift, description="How much change counts.", json_schema_extra={"default": {}}
    )
