"""How a new version takes over: what is asked of it, and what happens when it is worse."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from leeboard.api.bounds import Duration, ObjectName
from leeboard.api.cel import rule, rules
from leeboard.api.resource import ApiModel
from leeboard.api.rollout_steps import MAX_STEPS, Ramp, Step

MAX_CHECKS = 8

Fraction = Annotated[str, StringConstraints(max_length=10, pattern=r"^(0(\.[0-9]{1,8})?|1(\.0{1,8})?)$")]
"""A decimal number from 0 to 1 as a string."""
Decimal = Annotated[str, StringConstraints(max_length=20, pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$")]
"""A decimal number as a string."""
CheckName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


class ErrorRate(ApiModel):
    """A share of requests: against the stable version's (``margin``), or alone (``max``)."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "has(self.margin) != has(self.max)",
                "exactly one of margin (against the stable version) and max (a plain limit)",
            )
        )
    )

    margin: Fraction | None = Field(
        default=None, description="How much higher than the stable version's share is still acceptable."
    )
    max: Fraction | None = Field(default=None, description="Highest acceptable share, whatever the stable version has.")


class Latency(ApiModel):
    """A quantile of the time that requests take: against the stable version's (``ratio``), or alone."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "has(self.ratio) != has(self.maxMilliseconds)",
                "exactly one of ratio (against the stable version) and maxMilliseconds (a plain limit)",
            )
        )
    )

    quantile: Fraction = Field(default="0.99", description="Which quantile, for example 0.99.")
    ratio: Decimal | None = Field(
        default=None, description="How many times the stable version's quantile is still acceptable, for example 1.5."
    )
    max_milliseconds: int | None = Field(default=None, ge=1, le=3_600_000, description="Longest acceptable quantile.")


class Disagreement(ApiModel):
    """Share of copied requests that the two versions answer differently: a shadow step comes first, or ShadowFirst."""

    max: Fraction = Field(description="Highest acceptable share; a better model should disagree.")
    tolerance: Decimal = Field(default="0.000001", description="Numbers that differ by no more count as equal.")


class PrometheusQuery(ApiModel):
    """One number from a Prometheus server that the administrator named."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("has(self.min) || has(self.max)", "one of min and max is needed, or no value could fail")
        )
    )

    provider: ObjectName = Field(min_length=1, description="Name of the server in the chart's settings.")
    query: str = Field(
        min_length=1,
        max_length=4096,
        description="PromQL with one number as its result. $(namespace), $(service), $(revision), $(version) and"
        " $(stableRevision) are replaced.",
    )
    min: Decimal | None = Field(default=None, description="Lowest acceptable value.")
    max: Decimal | None = Field(default=None, description="Highest acceptable value.")
    failure_limit: int = Field(default=0, ge=0, le=100, description="Values outside that are tolerated in a step.")


class JobCheck(ApiModel):
    """A Job of your own, run once in each step: its end is the verdict."""

    pod_template: ObjectName = Field(min_length=1, description="Name of a PodTemplate (core/v1) in this namespace.")
    deadline: Duration = Field(default="10m", description="How long it may take; later it has failed.")


class Check(ApiModel):
    """One question about the new version: exactly one kind."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "[has(self.errorRate), has(self.clientErrorRate), has(self.latency), has(self.disagreement),"
                " has(self.prometheus), has(self.job)].filter(x, x).size() == 1",
                "a check is exactly one of errorRate, clientErrorRate, latency, disagreement, prometheus and job",
            )
        )
    )

    name: CheckName = Field(description="Name of the check, shown with its verdict.")
    error_rate: ErrorRate | None = Field(default=None, description="Requests that the server failed (5xx).")
    client_error_rate: ErrorRate | None = Field(default=None, description="Requests that the server refused (4xx).")
    latency: Latency | None = Field(default=None, description="How long requests take.")
    disagreement: Disagreement | None = Field(default=None, description="Other answers than the stable version's.")
    prometheus: PrometheusQuery | None = Field(default=None, description="A query of your own.")
    job: JobCheck | None = Field(default=None, description="A Job of your own.")


class PrometheusSource(ApiModel):
    """Requests and durations read from Prometheus instead of from the pods."""

    provider: ObjectName = Field(min_length=1, description="Name of the server in the chart's settings.")


class Analysis(ApiModel):
    """What is asked of the new version while it gets requests, and what happens while there is no answer."""

    checks: tuple[Check, ...] = Field(
        min_length=1,
        max_length=MAX_CHECKS,
        description="A step ends when all of them pass; one that fails ends the rollout.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    alpha: Fraction = Field(
        default="0.05",
        description="Chance that a rollout of an equally good version is aborted, however often it is looked at.",
    )
    min_samples: int = Field(
        default=100, ge=1, le=1_000_000, description="No verdict with fewer requests of the new version."
    )
    source: PrometheusSource | None = Field(
        default=None, description="Where requests are counted; by the pods themselves when left out."
    )
    when_underpowered: Literal["Hold", "ShadowFirst", "Proceed"] = Field(
        default="Hold",
        description="When a step brings too few requests for a verdict. Hold: wait for more after its time. Proceed: go"
        " on without proof. ShadowFirst: a weight step that is foreseen to bring too few begins with copies of all"
        " requests until every check passes; it needs a gateway.",
    )
    on_no_data: Literal["Hold", "Proceed"] = Field(
        default="Hold", description="When nothing is known: missing, stale or not a number. Hold: the weight stays."
    )
    max_hold: Duration = Field(default="1h", description="After that a person is asked; the weight stays.")


class Rollback(ApiModel):
    """What is kept to go back to."""

    keep_warm: Duration = Field(
        default="1h", description="How long the version before keeps its pods after a promotion."
    )
    window: int = Field(
        default=3, ge=0, le=5, description="Going back to one of so many versions skips steps and analysis."
    )


class Rollout(ApiModel):
    """How a new version takes over. The first version of a service takes no steps."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("!(has(self.steps) && has(self.ramp))", "steps and ramp exclude each other", path=".ramp"),
            rule(
                "self.strategy != 'Replace' || !(has(self.steps) || has(self.ramp) || has(self.analysis))",
                "strategy Replace stops the old version first: it has no steps and no analysis",
                path=".strategy",
            ),
            rule(
                "!has(self.analysis) || self.analysis.whenUnderpowered == 'ShadowFirst'"
                " || !self.analysis.checks.exists(c, has(c.disagreement))"
                " || has(self.steps) && self.steps.exists(s, has(s.shadow))"
                " && has(self.steps.filter(s, !has(s.approval))[0].shadow)",
                "answers are compared while requests are copied: with a disagreement check the first step, but for"
                " approvals, is a shadow, or whenUnderpowered is ShadowFirst",
                path=".analysis.checks",
            ),
        )
    )

    strategy: Literal["Canary", "Replace"] = Field(
        default="Canary",
        description="Canary: both versions run side by side. Replace: the old one is stopped first, for scarce GPUs;"
        " nothing answers meanwhile.",
    )
    steps: tuple[Step, ...] | None = Field(
        default=None, min_length=1, max_length=MAX_STEPS, description="In this order; promotion follows the last."
    )
    ramp: Ramp | None = Field(default=None, description="Equal steps as three numbers, instead of steps.")
    analysis: Analysis | None = Field(default=None, description="What is asked of the new version at every step.")
    on_failure: Literal["Rollback", "Pause"] = Field(
        default="Rollback",
        description="When a check fails. Rollback: all requests go to the stable version. Pause: a person decides.",
    )
    rollback: Rollback = Field(
        default_factory=Rollback, description="What is kept to go back to.", json_schema_extra={"default": {}}
    )
