"""What the parts are judged by in one pass: the world, who splits the requests, what is desired, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import Label
from leeboard.api.rollout_status import StepKind
from leeboard.api.traffic import Provider
from leeboard.planning.inference_service.revisions import identity_of
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import Course, Leg, leg_of
from leeboard.planning.inference_service.world import World, available_replicas
from leeboard.planning.moments import since
from leeboard.planning.observed import label_of
from leeboard.planning.serving import RUNTIMES
from leeboard.planning.traffic import Answer, Confirmed, ResolvedGateway, Road, Split, TrafficProvider

MOST_BESIDE = 12
"""A route has 16 rules at the most."""
SETTLING = timedelta(milliseconds=100)
"""From a gateway's word to its proxies': between the two they still send by the split before."""


@dataclass(frozen=True, slots=True)
class Splitter:
    """Who splits the requests of the service."""

    name: Provider
    provider: TrafficProvider
    gateway: ResolvedGateway | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One pass. ``desired`` is the revision that the spec asks for, None while none can be named; ``full`` are the pods
    that carry all requests.
    """

    resource: InferenceService
    world: World
    splitter: Splitter
    desired: Revision | None
    full: int
    course: Course
    now: datetime

    def wanted(self, state: State) -> Revision | None:
        """The revision that should serve: the desired one, unless it has failed before and does not serve now."""
        if self.desired is None or state.failure_of(self.desired) is None:
            return self.desired
        serves = state.stable is not None and state.stable.name == self.desired.name
        return self.desired if serves and not state.is_rolling_back else None

    def is_unwanted(self, revision: Revision, state: State) -> bool:
        """Whether another version or template should serve; not while none can be named."""
        wanted = self.wanted(state)
        return wanted is not None and identity_of(wanted) != identity_of(revision)

    def ready(self, revision: Revision) -> int:
        """Pods of a revision that answer."""
        return self.world.ready_pods(revision.name)

    def available(self, revision: Revision) -> int:
        """Pods of a revision that its Deployment counts as available."""
        return available_replicas(self.world.deployment(revision.deployment))

    def carries(self, revision: Revision) -> bool:
        """Whether a revision has the pods for all requests."""
        return self.available(revision) >= self.full

    def needed(self, leg: Leg) -> int:
        """Pods that the canary needs for a step."""
        if leg.is_full:
            return self.full
        return self.splitter.provider.pods_for(max(leg.share.weight, leg.share.mirror), self.full)

    def is_stable_lost(self, state: State) -> bool:
        """Whether only the canary can answer: then it does, whatever its step, and nothing takes requests from it."""
        stable, canary = state.stable, state.canary
        return bool(stable and canary and self.ready(stable) == 0 and self.ready(canary) > 0)

    def road(self, state: State) -> Road:
        """The service as providers see it."""
        names = {label_of(item, Label.REVISION): name for name, item in self.world.deployments.items()}
        names |= {item.name: item.deployment for item in state.known}
        server = self.resource.spec.server
        ports = RUNTIMES[server.runtime].ports(server)
        past = (*state.draining, *state.previous)
        beside = [item.name for item in past if self.world.deployment(item.deployment) is not None]
        return Road(self.resource, self.splitter.gateway, ports, names, tuple(beside[:MOST_BESIDE]))

    def companion(self, state: State) -> str | None:
        """The revision with which the canary's pods have to share a Service: stable, where requests are split by number
        of pods, until everything goes to the canary. Pods that run already are not restarted for less.
        """
        if self.splitter.name is not Provider.REPLICAS or state.stable is None or state.step is None:
            return None
        return state.stable.name if leg_of(self.course, state.step).kind is not StepKind.PROMOTION else None

    def applied(self, state: State) -> Split | None:
        """The split that the live objects ask for."""
        return self.splitter.provider.applied(self.road(state), self.world.seen)

    def prepared(self, state: State, split: Split) -> Answer:
        """Whether whoever gets requests by ``split`` has endpoints already."""
        return self.splitter.provider.prepared(self.road(state), self.world.seen, split)

    def confirmation(self, state: State, split: Split) -> Answer:
        """Whether requests are split so."""
        return self.splitter.provider.confirmation(self.road(state), self.world.seen, split)

    def has_settled(self, state: State) -> bool:
        """Whether the proxies behind the gateway have had time to follow; endpoints need none."""
        if self.splitter.name is not Provider.GATEWAY_API:
            return True
        return state.accepted_at is not None and since(state.accepted_at, self.now) >= SETTLING

    def is_in_force(self, state: State, split: Split) -> bool:
        """Whether ``split`` is confirmed and has settled."""
        return isinstance(self.confirmation(state, split), Confirmed) and self.has_settled(state)

    def carried(self, split: Split, state: State) -> int:
        """The weight of ``split`` as far as the canary's ready pods carry it. Under an autoscaler by the fewest pods
        that were set for its step: how many stable has come to by now says nothing about the canary.
        """
        ready: Mapping[str, int] = {item.name: self.ready(item) for item in state.known}
        least = None if state.canary is None else self.world.least_pods(state.canary.deployment)
        if least is not None and state.canary is not None:
            return split.weight * min(ready[state.canary.name], least) // least
        return self.splitter.provider.carried(split, ready, self.full)
