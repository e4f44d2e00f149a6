"""What a traffic provider is: a pure strategy from a split of the requests to the objects that make it so.

Order belongs to the planner, always the same: capacity -> available -> prepared -> objects -> confirmed -> drain ->
remove. While a service is settled every provider sends everything to stable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from leeboard.api.inference_service import InferenceService
from leeboard.api.reasons_traffic import TrafficReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving import Ports
from leeboard.planning.traffic.split import Split


@dataclass(frozen=True, slots=True)
class ResolvedGateway:
    """The Gateway of one service, from the resource or else from the administrator; never without a host name."""

    name: str
    namespace: str
    section_name: str | None
    hostnames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Road:
    """One service as providers see it; ``deployments`` are the names of its Deployments by revision, and every
    revision that a split may name has one. ``beside`` are revisions that still have pods and no part in a split: one
    that requests have just left is still known to whoever sends them.
    """

    resource: InferenceService
    gateway: ResolvedGateway | None
    ports: Ports
    deployments: Mapping[str, str]
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Observed objects of this service; ``routes`` is None on a cluster without the Gateway API."""

    services: Children
    routes: Children | Unknown | None
    endpoint_slices: Children
    pods: Children


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It is so; ``message`` says what is special about it, for example the share that is really reached."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet, and why; it may come by itself."""

    reason: TrafficReason
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not come by itself: why, and what to do."""

    reason: TrafficReason
    message: str


Answer = Confirmed | Pending | Refused


class TrafficProvider(Protocol):
    """Who splits the requests; adding one is one file and one line in the table of this package."""

    def findings(self, resource: InferenceService) -> tuple[Finding, ...]:
        """What the spec asks for and this provider cannot do, each with its path and the way out."""
        ...

    def objects(self, road: Road, split: Split) -> tuple[Manifest, ...]:
        """Every object that should be there for this split, the Service with the name of the InferenceService first.

        A canary without any share already has its own Service where the provider needs one. Objects of ours that are
        not among them may go once the split without them is confirmed.
        """
        ...

    def is_same(self, live: Manifest, wanted: Manifest) -> bool:
        """Whether a live object says what ``wanted`` says in every field that we own: neither what the API server fills
        in nor what others add beside it is a difference, what others change of ours is.
        """
        ...

    def applied(self, road: Road, seen: Seen) -> Split | None:
        """The split that the live objects ask for; None when it cannot be said. What clients get follows later: see
        ``confirmation``.
        """
        ...

    def prepared(self, road: Road, seen: Seen, split: Split) -> Answer:
        """Whether ``split`` may be written now: whoever gets requests by it has endpoints already."""
        ...

    def confirmation(self, road: Road, seen: Seen, split: Split) -> Answer:
        """Whether requests are split so: by the status of whoever splits, for what is written now, and by endpoints."""
        ...

    def pods_for(self, weight: int, replicas: int) -> int:
        """Pods of the canary that a weight needs beside ``replicas`` of stable; at least one, also to get copies."""
        ...

    def carried(self, split: Split, ready: Mapping[str, int], replicas: int) -> int:
        """The highest weight up to the one that ``split`` asks for that the canary's ready pods can carry now."""
        ...

    def address(self, road: Road) -> str:
        """Where clients send the requests that are split."""
        ...
