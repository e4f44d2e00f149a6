"""How requests are split between two versions of a model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from leeboard.api.bounds import ObjectName
from leeboard.api.resource import ApiModel

HostName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
    ),
]
HeaderName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$")]


class Provider(StrEnum):
    """Who splits the requests."""

    GATEWAY_API = "GatewayAPI"
    REPLICAS = "Replicas"


class Gateway(ApiModel):
    """A Gateway of the Gateway API to which the service's HTTPRoute is attached."""

    name: ObjectName = Field(min_length=1, description="Name of the Gateway.")
    namespace: ObjectName | None = Field(
        default=None, description="Its namespace, which must let this one attach routes; this one when left out."
    )
    section_name: ObjectName | None = Field(default=None, description="One listener of it; all when left out.")
    hostnames: tuple[HostName, ...] = Field(
        default=(),
        max_length=8,
        description="Host names under which the model answers at the gateway; by the chart's domain when left out.",
    )


class Traffic(ApiModel):
    """Who splits the requests between two versions."""

    provider: Literal["Auto", "GatewayAPI", "Replicas"] = Field(
        default="Auto",
        description="Auto: GatewayAPI where a gateway is named here or in the chart's settings, else Replicas.",
    )
    gateway: Gateway | None = Field(default=None, description="Gateway of this service, before the chart's.")


class HeaderMatch(ApiModel):
    """One header of a request."""

    name: HeaderName = Field(description="Name of the header; case does not count.")
    value: str = Field(min_length=1, max_length=1024, description="Its value, or a regular expression for it.")
    type: Literal["Exact", "RegularExpression"] = Field(
        default="Exact", description="RegularExpression depends on the gateway; a cookie is one over the header Cookie."
    )
