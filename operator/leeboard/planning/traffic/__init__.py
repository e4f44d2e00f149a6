"""Traffic providers: pure strategies that split the requests of one service between two revisions."""

from __future__ import annotations

from collections.abc import Mapping

from leeboard.api.traffic import Provider
from leeboard.planning.traffic.choosing import Chosen, choose
from leeboard.planning.traffic.gateway_api import GatewayAPI
from leeboard.planning.traffic.provider import (
    Answer,
    Confirmed,
    Pending,
    Refused,
    ResolvedGateway,
    Road,
    Seen,
    TrafficProvider,
)
from leeboard.planning.traffic.replicas import Replicas
from leeboard.planning.traffic.split import Split

PROVIDERS: Mapping[Provider, TrafficProvider] = {
    Provider.GATEWAY_API: GatewayAPI(),
    Provider.REPLICAS: Replicas(),
}

__all__ = [
    "PROVIDERS",
    "Answer",
    "Chosen",
    "Confirmed",
    "GatewayAPI",
    "Pending",
    "Refused",
    "Replicas",
    "ResolvedGateway",
    "Road",
    "Seen",
    "Split",
    "TrafficProvider",
    "choose",
]
