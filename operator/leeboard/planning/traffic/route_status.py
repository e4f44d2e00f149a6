"""What the gateway says of our route, for the generation that is written now.

Every controller writes an entry of its own for each parent, and entries stay: of a controller that was removed, of a
listener that is not named any more, of an older generation. Only what our Gateway says of this generation counts.
Source: gateway-api v1.3, apis/v1/shared_types.go (RouteParentStatus).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leeboard.api.reasons_traffic import TrafficReason
from leeboard.api.resource import Manifest
from leeboard.planning.traffic.provider import Answer, Confirmed, Pending, Refused, ResolvedGateway
from leeboard.planning.traffic.route import is_parent

Conditions = Mapping[str, Manifest]


def acceptance(route: Manifest, gateway: ResolvedGateway) -> Answer:
    """Whether the gateway has taken the route as it is written now. One that was dropped in parts counts as refused: it
    splits otherwise than was asked for.
    """
    generation = int(route["metadata"].get("generation", 1))
    answers = [_judged(conditions, gateway) for conditions in _current(route, gateway, generation=generation)]
    for kind in (Confirmed, Refused, Pending):
        for answer in answers:
            if isinstance(answer, kind):
                return answer
    return Pending(
        TrafficReason.NOT_ACCEPTED,
        f"Gateway {_name(gateway)} has not answered for generation {generation} of the HTTPRoute yet: there must be"
        " such a Gateway with a listener that takes routes of this namespace, and its controller must run",
    )


def _current(route: Manifest, gateway: ResolvedGateway, *, generation: int) -> Iterator[Conditions]:
    """For each entry about our Gateway that speaks of this generation, its conditions by type."""
    namespace = str(route["metadata"]["namespace"])
    for entry in (route.get("status") or {}).get("parents") or ():
        if is_parent(entry.get("parentRef") or {}, gateway, namespace=namespace):
            conditions = entry.get("conditions") or ()
            current = {str(item["type"]): item for item in conditions if item.get("observedGeneration") == generation}
            if current:
                yield current


def _judged(conditions: Conditions, gateway: ResolvedGateway) -> Answer:
    """What one entry means."""
    for kind, bad in (("Accepted", "False"), ("PartiallyInvalid", "True")):
        if (found := conditions.get(kind)) is not None and found.get("status") == bad:
            return Refused(TrafficReason.REFUSED_BY_GATEWAY, _quote(found, gateway))
    waits = (
        ("Accepted", TrafficReason.NOT_ACCEPTED),
        ("ResolvedRefs", TrafficReason.REFERENCES_NOT_RESOLVED),
    )
    for kind, reason in waits:
        found = conditions.get(kind)
        if found is None:
            return Pending(reason, f"Gateway {_name(gateway)} has not said {kind} of the HTTPRoute yet")
        if found.get("status") != "True":
            return Pending(reason, _quote(found, gateway))
    return Confirmed()


def _quote(condition: Manifest, gateway: ResolvedGateway) -> str:
    """The gateway's own words."""
    said = (
        f"{condition['type']}={condition.get('status')}, {condition.get('reason', '')}: {condition.get('message', '')}"
    )
    return f"Gateway {_name(gateway)} says of the HTTPRoute {said}"


def _name(gateway: ResolvedGateway) -> str:
    """The Gateway, and the listener if one is named."""
    listener = f", listener {gateway.section_name}" if gateway.section_name else ""
    return f"{gateway.namespace}/{gateway.name}{listener}"
