"""The steps by which a new version takes over."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from leeboard.api.bounds import Duration
from leeboard.api.cel import Because, rule, rules
from leeboard.api.resource import ApiModel
from leeboard.api.traffic import HeaderMatch

MAX_STEPS = 20


class Approval(ApiModel):
    """A person decides: ``leeboard promote`` goes on, ``leeboard abort`` goes back."""

    message: str = Field(default="", max_length=256, description="What the person should look at.")


class Shadow(ApiModel):
    """A copy of requests goes to the new version; its answers are dropped."""

    percent: int = Field(default=100, ge=1, le=100, description="Share of the requests that is copied.")


class Match(ApiModel):
    """Requests with these headers go to the new version, all others to the stable one."""

    headers: tuple[HeaderMatch, ...] = Field(min_length=1, max_length=8, description="All of them have to match.")


class Step(ApiModel):
    """One step: exactly one of ``weight``, ``approval``, ``shadow`` and ``match``."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "[has(self.weight), has(self.approval), has(self.shadow), has(self.match)].filter(x, x).size() == 1",
                "a step is exactly one of weight, approval, shadow and match",
            ),
            rule(
                "!(has(self.approval) && has(self.for))",
                "an approval step lasts until a person decides",
                path=".for",
                because=Because.FORBIDDEN,
            ),
        )
    )

    weight: int | None = Field(
        default=None, ge=1, le=100, description="Percent of the requests that go to the new version."
    )
    approval: Approval | None = Field(default=None, description="Wait until a person decides; the split stays.")
    shadow: Shadow | None = Field(default=None, description="Copy requests to the new version and drop its answers.")
    match: Match | None = Field(default=None, description="Send only requests with these headers to the new version.")
    for_: Duration | None = Field(
        default=None,
        alias="for",
        description="How long, counted from the moment at which the split was confirmed; with an analysis at least so"
        " long.",
    )


class Ramp(ApiModel):
    """Equal steps as three numbers: 10, 20, ... up to ``maxWeight``, each for ``interval``."""

    step_weight: int = Field(ge=1, le=100, description="Percent that each step adds.")
    max_weight: int = Field(default=50, ge=1, le=100, description="Percent of the last step before promotion.")
    interval: Duration = Field(description="How long each step lasts.")
