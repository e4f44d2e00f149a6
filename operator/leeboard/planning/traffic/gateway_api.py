"""Provider "GatewayAPI": an HTTPRoute with weights, copies and headers, over one Service for each revision.

    clients of the gateway  --> HTTPRoute --+--> Service of stable's Deployment
                                            +--> Service of the canary's Deployment
    clients in the cluster  --> Service of the InferenceService --> stable

Clients in the cluster who take the InferenceService's own Service go past the gateway and always get stable. A gateway
answers 503 for the share of a backend without endpoints, and several are wrong about a weight of 0: a revision without
a share is left out of the route. Source: research on Contour and Envoy Gateway, see docs/traffic.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService
from leeboard.api.reasons_traffic import TrafficReason
from leeboard.api.resource import Manifest
from leeboard.planning.duration import seconds_of
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving import revision_labels
from leeboard.planning.traffic.endpoints import ready_endpoints
from leeboard.planning.traffic.provider import Answer, Confirmed, Pending, Refused, ResolvedGateway, Road, Seen
from leeboard.planning.traffic.route import RouteSays, is_same_route, read_route, route
from leeboard.planning.traffic.route_status import acceptance
from leeboard.planning.traffic.services import (
    backend_service,
    is_same_service,
    live_child,
    main_service,
    selected_revision,
)
from leeboard.planning.traffic.split import ALL, Split

LONGEST_HOURS = 99_999
"""A number in a duration of the Gateway API has at most five digits."""


@dataclass(frozen=True, slots=True)
class GatewayAPI:
    """See the module and ``TrafficProvider``."""

    def findings(self, resource: InferenceService) -> tuple[Finding, ...]:
        """What gateways do not do, or do differently from one to the other."""
        return (*_shadows(resource), *_matches(resource), *_timeout(resource))

    def objects(self, road: Road, split: Split) -> tuple[Manifest, ...]:
        """The Service, one for each revision of the split, and the HTTPRoute last."""
        revisions = dict.fromkeys((split.stable, split.canary or split.stable, *road.beside))
        return (
            main_service(road, selector=revision_labels(road.resource.metadata, revision=split.stable)),
            *(backend_service(road, name) for name in revisions),
            route(road, split, _gateway_of(road)),
        )

    def is_same(self, live: Manifest, wanted: Manifest) -> bool:
        """Labels, and what is ours of the spec."""
        return is_same_route(live, wanted) if wanted["kind"] == "HTTPRoute" else is_same_service(live, wanted)

    def applied(self, road: Road, seen: Seen) -> Split | None:
        """Stable by the Service, everything else by the route and what the Services behind it select."""
        service = live_child(road, seen.services, road.resource.metadata.name)
        stable = None if service is None else selected_revision(road, service)
        if stable is None or not isinstance(seen.routes, Children):
            return None
        live = live_child(road, seen.routes, road.resource.metadata.name)
        says = None if live is None else read_route(live)
        return None if says is None else _split(road, says, stable=stable, revisions=_backends(road, seen))

    def prepared(self, road: Road, seen: Seen, split: Split) -> Answer:
        """Whether the Service of everybody who gets something has an endpoint: else a gateway answers 503."""
        reached = (name for name in (split.stable, split.canary) if name is not None and split.reaches(name))
        answers = (_reaches(road, seen, wanted=backend_service(road, item), revision=item) for item in reached)
        return next((answer for answer in answers if not isinstance(answer, Confirmed)), Confirmed())

    def confirmation(self, road: Road, seen: Seen, split: Split) -> Answer:
        """Everything is written, the gateway has taken this generation, and the Services reach who they should."""
        if seen.routes is None:
            return Refused(
                TrafficReason.NO_GATEWAY_API, "this cluster has no HTTPRoutes any more: install the Gateway API"
            )
        if isinstance(seen.routes, Unknown):
            return Pending(TrafficReason.NOT_OBSERVED, f"HTTPRoutes cannot be read: {seen.routes.why}")
        wanted = route(road, split, _gateway_of(road))
        live = live_child(road, seen.routes, wanted["metadata"]["name"])
        if live is None or not self.is_same(live, wanted):
            return Pending(TrafficReason.NOT_WRITTEN, f"HTTPRoute {wanted['metadata']['name']} is being written")
        answer = acceptance(live, _gateway_of(road))
        if isinstance(answer, Confirmed):
            answer = self.prepared(road, seen, split)
        if isinstance(answer, Confirmed) and split.reaches(split.stable):
            answer = _reaches(road, seen, wanted=self.objects(road, split)[0], revision=split.stable)
        return answer

    def pods_for(self, weight: int, replicas: int) -> int:
        """The same share of the pods, rounded up: each pod of the canary then gets no more than one of stable did."""
        return max(1, math.ceil(replicas * weight / ALL))

    def carried(self, split: Split, ready: Mapping[str, int], replicas: int) -> int:
        """The share of ``replicas`` that is ready, rounded down."""
        return min(split.weight, ALL * ready.get(split.canary or "", 0) // replicas)

    def address(self, road: Road) -> str:
        """The host name at the gateway; whether it is http or https, and at which port, says the Gateway's listener."""
        return _gateway_of(road).hostnames[0]


def _gateway_of(road: Road) -> ResolvedGateway:
    """The gateway, which was chosen together with this provider."""
    if road.gateway is None:
        raise ValueError(f"provider GatewayAPI without a gateway: {road.resource.metadata.name}")
    return road.gateway


def _reaches(road: Road, seen: Seen, *, wanted: Manifest, revision: str) -> Answer:
    """Whether a Service is as it should be, and its ready endpoints are pods of one revision and of no other."""
    name = wanted["metadata"]["name"]
    live = live_child(road, seen.services, name)
    if live is None or not is_same_service(live, wanted):
        return Pending(TrafficReason.NOT_WRITTEN, f"Service {name} is being written")
    reached = ready_endpoints(live, slices=seen.endpoint_slices, pods=seen.pods)
    if set(reached) == {revision}:
        return Confirmed()
    others = sum(count for other, count in reached.items() if other != revision)
    return Pending(
        TrafficReason.ENDPOINTS_NOT_READY,
        f"Service {name} has {reached.get(revision, 0)} ready endpoints of revision {revision} and {others} others",
    )


def _backends(road: Road, seen: Seen) -> Mapping[str, str]:
    """Revisions by the name of the Service of ours that selects exactly them, without the main one."""
    found = {}
    for item in seen.services.items:
        name = str(item["metadata"]["name"])
        service = None if name == road.resource.metadata.name else live_child(road, seen.services, name)
        revision = None if service is None else selected_revision(road, service)
        if revision is not None:
            found[name] = revision
    return found


def _split(road: Road, says: RouteSays, *, stable: str, revisions: Mapping[str, str]) -> Split | None:
    """The split that a route means; None when it sends to a Service that is not known, or to more than two revisions.

    Without a share the canary is the one that is named and is nothing else.
    """
    named = [revisions.get(name) for name in (*says.weights, *says.mirrors, *says.matched)]
    others = {name for name in named if name != stable}
    named_only = {revisions.get(name) for name in says.known} - {None, stable, *road.beside}
    if None in named or len(others) > 1:
        return None
    canary = next(iter(others or (named_only if len(named_only) == 1 else ())), None)
    weights = {revisions[name]: weight for name, weight in says.weights.items()}
    match = [headers for name, headers in says.matched.items() if revisions[name] != stable]
    if canary is None:
        return Split(stable)
    return Split(
        stable,
        canary,
        weight=_percent(weights.get(canary, 0), sum(weights.values())),
        mirror=max((percent for name, percent in says.mirrors.items() if revisions[name] == canary), default=0),
        match=match[0] if match else (),
    )


def _percent(weight: int, total: int) -> int:
    """A weight in percent; a share however small is not 0, and one that leaves something over is not 100."""
    if weight in {0, total}:
        return ALL * weight // total
    return min(ALL - 1, max(1, round(ALL * weight / total)))


def _shadows(resource: InferenceService) -> Iterator[Finding]:
    """Every gateway copies all requests; a part of them only some, and others ignore the number."""
    for index, step in enumerate(resource.spec.rollout.steps or ()):
        if step.shadow is not None and step.shadow.percent != ALL:
            yield Finding(
                f"spec.rollout.steps[{index}].shadow.percent",
                f"is {step.shadow.percent}: gateways that do not know the number copy every request without a word;"
                " only 100 is the same with all of them",
            )


def _matches(resource: InferenceService) -> Iterator[Finding]:
    """A gateway looks at the first of two headers of the same name only."""
    for index, step in enumerate(resource.spec.rollout.steps or ()):
        seen: set[str] = set()
        for number, header in enumerate(step.match.headers if step.match is not None else ()):
            if header.name.lower() in seen:
                yield Finding(
                    f"spec.rollout.steps[{index}].match.headers[{number}].name",
                    f"is {header.name} for a second time: only the first one counts; write one regular expression",
                )
            seen.add(header.name.lower())


def _timeout(resource: InferenceService) -> Iterator[Finding]:
    """A gateway reads 0 as no limit at all, and no more than five digits."""
    timeout = resource.spec.server.request_timeout
    if not 0 < seconds_of(timeout) <= LONGEST_HOURS * 3600:
        yield Finding("spec.server.requestTimeout", f"is {timeout}: a gateway takes 1s to {LONGEST_HOURS}h")
