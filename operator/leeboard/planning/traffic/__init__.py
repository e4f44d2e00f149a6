"""Traffic providers: pure strategies that split the requests of one service between two revisions."""

from __future__ import annotations

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
from leeboard.planning.traffic.split import Split

__all__ = [
    "Answer",
    "Confirmed",
    "Pending",
    "Refused",
    "ResolvedGateway",
    "Road",
    "Seen",
    "Split",
    "TrafficProvider",
]
