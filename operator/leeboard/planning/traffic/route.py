"""The HTTPRoute of one service: as it should be, what of a live one is ours, and what it says.

    rule 1 (only with headers to match)   headers ------------------> the canary
    one for each revision without a part  Leeboard-Revision: <name> -> that revision
    the last                              everything, weights ------> stable, the canary     copies --> the canary

Why the rules in the middle: a proxy learns of a backend with the first route that names it, forgets it with the last,
and on some gateways the two arrive apart, so that requests in between are answered 503 (seen with Contour: 2 of 8,836
requests when all moved at once). A revision is therefore named before it gets its first request and until it has none.

Everything that the API server would fill in is written explicitly. The list of rules is one value for the API server,
so rules are ours as a whole: each field that the Gateway API knows is compared, and none that it may learn later.
Source: gateway-api v1.3, apis/v1/httproute_types.go; durations by GEP-2257.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from leeboard.api.resource import Manifest
from leeboard.api.traffic import HeaderMatch
from leeboard.planning.duration import seconds_of
from leeboard.planning.traffic.provider import ResolvedGateway, Road
from leeboard.planning.traffic.services import PORT, backend_name, has_labels, metadata_of
from leeboard.planning.traffic.split import ALL, Split

GATEWAY_GROUP = "gateway.networking.k8s.io"
EVERYTHING: Manifest = {"type": "PathPrefix", "value": "/"}
MIRROR = "RequestMirror"
KNOWN_HEADER = "Leeboard-Revision"

# The fields of each structure, with what the API server fills in for one that is left out.
PARENT_FIELDS: Manifest = {
    "group": GATEWAY_GROUP, "kind": "Gateway", "name": None, "namespace": None, "sectionName": None, "port": None,
}  # fmt: skip
BACKEND_FIELDS: Manifest = {"group": "", "kind": "Service", "name": None, "namespace": None, "port": None}
WEIGHTED_FIELDS: Manifest = {**BACKEND_FIELDS, "weight": 1, "filters": None}
HEADER_FIELDS: Manifest = {"type": "Exact", "name": None, "value": None}
MATCH_FIELDS: Manifest = {"path": EVERYTHING, "headers": None, "method": None, "queryParams": None}
MIRROR_FIELDS: Manifest = {"backendRef": None, "percent": None, "fraction": None}
TIMEOUT_FIELDS: Manifest = {"request": None, "backendRequest": None}


@dataclass(frozen=True, slots=True)
class RouteSays:
    """What a route says, by names of Services: weights of ordinary requests, percent of the copies, where requests go
    that match the headers, and who is only named.
    """

    weights: Mapping[str, int]
    mirrors: Mapping[str, int] = field(default_factory=dict)
    matched: Mapping[str, tuple[HeaderMatch, ...]] = field(default_factory=dict)
    known: tuple[str, ...] = ()


def route(road: Road, split: Split, gateway: ResolvedGateway) -> Manifest:
    """The HTTPRoute, named like the InferenceService."""
    timeout = {"request": gateway_duration(seconds_of(road.resource.spec.server.request_timeout))}
    matched = [(split.canary, split.match)] if split.canary is not None and split.match else []
    matched += [(revision, (HeaderMatch(name=KNOWN_HEADER, value=revision),)) for revision in named_only(road, split)]
    rules: list[Manifest] = [
        {
            "matches": [{"path": EVERYTHING, "headers": [_header(item) for item in headers]}],
            "backendRefs": [_weighted(backend_name(road, revision), ALL)],
            "timeouts": timeout,
        }
        for revision, headers in matched
    ]
    default: Manifest = {
        "matches": [{"path": EVERYTHING}],
        "backendRefs": [_weighted(backend_name(road, revision), share) for revision, share in split.shares],
        "timeouts": timeout,
    }
    if split.canary is not None and split.mirror:
        default["filters"] = [_mirror(backend_name(road, split.canary), split.mirror)]
    return {
        "apiVersion": f"{GATEWAY_GROUP}/v1",
        "kind": "HTTPRoute",
        "metadata": metadata_of(road, name=road.resource.metadata.name),
        "spec": {
            "parentRefs": [parent_reference(gateway)],
            "hostnames": list(gateway.hostnames),
            "rules": [*rules, default],
        },
    }


def named_only(road: Road, split: Split) -> tuple[str, ...]:
    """Revisions that the route names although they have no part in the split."""
    revisions = dict.fromkeys((split.stable, split.canary or split.stable, *road.beside))
    return tuple(revision for revision in revisions if not split.reaches(revision))


def parent_reference(gateway: ResolvedGateway) -> Manifest:
    """The Gateway, as a route names it."""
    made: Manifest = {
        "group": GATEWAY_GROUP,
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
    }
    return {**made, "sectionName": gateway.section_name} if gateway.section_name else made


def is_parent(reference: Manifest, gateway: ResolvedGateway, *, namespace: str) -> bool:
    """Whether ``reference`` names this Gateway, from a route in ``namespace``."""
    said = _known({"namespace": namespace, **reference}, PARENT_FIELDS)
    return said == _known(parent_reference(gateway), PARENT_FIELDS)


def is_same_route(live: Manifest, wanted: Manifest) -> bool:
    """Whether our labels are there, and two routes say the same in all that is ours."""
    return has_labels(live, wanted) and _owned(live["spec"]) == _owned(wanted["spec"])


def read_route(live: Manifest) -> RouteSays | None:
    """What a live route says; None when it is not of the shape that we write."""
    every = _owned(live["spec"])["rules"]
    rules = [item for item in every if _known_service(item) is None]
    if len(rules) not in {1, 2}:
        return None
    *matched, default = rules
    weights, mirrors = _weights(default), _mirrors(default)
    if [item["headers"] for item in default["matches"]] != [None] or weights is None or mirrors is None:
        return None
    targets = _matched(matched[0]) if matched else {}
    known = tuple(name for name in map(_known_service, every) if name is not None)
    return None if targets is None else RouteSays(weights, mirrors, targets, known)


def gateway_duration(seconds: int) -> str:
    """A duration of the Gateway API: hours, minutes and seconds, each as a whole number of at most five digits."""
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _known_service(rule: Manifest) -> str | None:
    """The Service that a rule only names; None for any other rule."""
    targets = _matched(rule) or {}
    return next((name for name, headers in targets.items() if [item.name for item in headers] == [KNOWN_HEADER]), None)


def _header(item: HeaderMatch) -> Manifest:
    """One header, as a route says it."""
    return {"type": item.type, "name": item.name, "value": item.value}


def _backend(service: str) -> Manifest:
    """A Service of this namespace, as a route names it."""
    return {"group": "", "kind": "Service", "name": service, "port": PORT}


def _weighted(service: str, weight: int) -> Manifest:
    """A Service with its weight."""
    return {**_backend(service), "weight": weight}


def _mirror(service: str, percent: int) -> Manifest:
    """The filter that copies requests; every one of them when no share is named."""
    copies: Manifest = {"backendRef": _backend(service)}
    return {"type": MIRROR, "requestMirror": copies if percent == ALL else {**copies, "percent": percent}}


def _known(value: Manifest, fields: Manifest) -> Manifest:
    """The known fields of a structure, with what is left out filled in; an empty value is one left out."""
    return {key: default if value.get(key) in (None, [], {}) else value[key] for key, default in fields.items()}


def _owned(spec: Manifest) -> Manifest:
    """What is compared of a route."""
    return {
        "parentRefs": [_known(item, PARENT_FIELDS) for item in spec.get("parentRefs") or ()],
        "hostnames": list(spec.get("hostnames") or ()),
        "rules": [_owned_rule(item) for item in spec.get("rules") or ()],
    }


def _owned_rule(rule: Manifest) -> Manifest:
    """What is compared of a rule."""
    return {
        "matches": [_owned_match(item) for item in rule.get("matches") or [{}]],
        "filters": [_owned_filter(item) for item in rule.get("filters") or ()],
        "backendRefs": [_known(item, WEIGHTED_FIELDS) for item in rule.get("backendRefs") or ()],
        "timeouts": _known(rule.get("timeouts") or {}, TIMEOUT_FIELDS),
        **_known(rule, {"retry": None, "sessionPersistence": None}),
    }


def _owned_match(match: Manifest) -> Manifest:
    """What is compared of a match."""
    said = _known(match, MATCH_FIELDS)
    headers = said["headers"] and [_known(item, HEADER_FIELDS) for item in said["headers"]]
    return {**said, "path": _known(said["path"], EVERYTHING), "headers": headers}


def _owned_filter(item: Manifest) -> Manifest:
    """What is compared of a filter: of one that copies its known fields, of any other everything."""
    if item.get("type") != MIRROR:
        return item
    said = _known(item.get("requestMirror") or {}, MIRROR_FIELDS)
    return {"type": MIRROR, **said, "backendRef": _known(said["backendRef"] or {}, BACKEND_FIELDS)}


def _weights(rule: Manifest) -> Mapping[str, int] | None:
    """Weights by Service; None when something else is behind the rule."""
    backends: Sequence[Manifest] = rule["backendRefs"]
    if not all(_is_ours(item) for item in backends) or sum(item["weight"] for item in backends) <= 0:
        return None
    return {str(item["name"]): int(item["weight"]) for item in backends}


def _mirrors(rule: Manifest) -> Mapping[str, int] | None:
    """Percent of copies by Service; None when there is another filter."""
    filters: Sequence[Manifest] = rule["filters"]
    if any(item["type"] != MIRROR or item["fraction"] or not _is_ours(item["backendRef"]) for item in filters):
        return None
    return {str(item["backendRef"]["name"]): ALL if item["percent"] is None else item["percent"] for item in filters}


def _matched(rule: Manifest) -> Mapping[str, tuple[HeaderMatch, ...]] | None:
    """The headers by the Service to which they lead; None when the rule is of another shape."""
    backends, matches = rule["backendRefs"], rule["matches"]
    if len(backends) != 1 or len(matches) != 1 or not _is_ours(backends[0]) or not matches[0]["headers"]:
        return None
    try:
        return {str(backends[0]["name"]): tuple(HeaderMatch.model_validate(item) for item in matches[0]["headers"])}
    except ValidationError:
        return None


def _is_ours(backend: Manifest) -> bool:
    """Whether a backend is a Service of this namespace at our port."""
    return {key: backend[key] for key in ("group", "kind", "namespace", "port")} == {
        "group": "", "kind": "Service", "namespace": None, "port": PORT,
    }  # fmt: skip
