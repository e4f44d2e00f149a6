"""A service with two revisions, its objects as an API server stores them, and pods behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from leeboard.api.inference_service import InferenceService, InferenceServiceSpec
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.traffic import HeaderMatch
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.serving import Ports
from leeboard.planning.traffic import GatewayAPI, Replicas, ResolvedGateway, Road, Seen, Split

STABLE, CANARY, OTHER = "aaa", "bbb", "ccc"
GATEWAY = ResolvedGateway("shared", "gateways", "http", ("loans.example",))
BETA = (HeaderMatch(name="X-Beta", value="yes"), HeaderMatch(name="Cookie", value="u=1.*", type="RegularExpression"))
GATEWAY_API, REPLICAS = GatewayAPI(), Replicas()


def a_service(
    rollout: Manifest | None = None, *, traffic: Manifest | None = None, **server: object
) -> InferenceService:
    """Service ``loans`` in namespace ``team``."""
    spec = {
        "model": {"name": "car-loan", "follow": "Approved"},
        "server": server,
        "rollout": rollout or {},
        "traffic": traffic or {},
    }
    metadata = Metadata(name="loans", namespace="team", uid="uid-1", generation=3)
    return InferenceService(metadata=metadata, spec=InferenceServiceSpec.model_validate(spec))


def a_road(resource: InferenceService | None = None, *, gateway: ResolvedGateway | None = GATEWAY) -> Road:
    """What a provider needs of it."""
    names = {revision: f"loans-{revision}" for revision in (STABLE, CANARY, OTHER)}
    return Road(resource or a_service(), gateway, Ports(http=8080, metrics=9090), names)


def stored(manifest: Manifest) -> Manifest:
    """``manifest`` as an API server keeps it: with a uid, a generation, managers, and what it fills in."""
    made = deepcopy(manifest)
    made["metadata"].update(
        {
            "uid": f"uid-of-{made['metadata']['name']}",
            "resourceVersion": "7",
            "generation": 4,
            "creationTimestamp": "2026-03-01T12:00:00Z",
            "managedFields": [{"manager": "leeboard"}],
        }
    )
    if made["kind"] == "Service":
        made["spec"].update(
            {
                "type": "ClusterIP",
                "clusterIP": "10.96.0.7",
                "clusterIPs": ["10.96.0.7"],
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "internalTrafficPolicy": "Cluster",
                "sessionAffinity": "None",
            }
        )
    return made


def a_pod(name: str, revision: str, *, pools: Iterable[str] | None = None, is_ready: bool = True) -> Manifest:
    """A pod of ``revision``; it can share a Service with each of ``pools``, its own revision when left out."""
    labels = {"leeboard.dev/uid": "uid-1", "leeboard.dev/revision": revision}
    labels |= {f"pool.leeboard.dev/{pool}": "true" for pool in ((revision,) if pools is None else pools)}
    status = {"conditions": [{"type": "Ready", "status": "True" if is_ready else "False"}]}
    return {"metadata": {"name": name, "uid": f"pod-{name}", "labels": labels}, "spec": {}, "status": status}


def pods_of(revision: str, count: int, *, pools: Iterable[str] | None = None) -> list[Manifest]:
    """Ready pods."""
    pools = None if pools is None else tuple(pools)
    return [a_pod(f"{revision}-{number}", revision, pools=pools) for number in range(count)]


def pair(stable: int, canary: int) -> list[Manifest]:
    """Ready pods of stable, and of a canary that was started beside it."""
    return [*pods_of(STABLE, stable), *pods_of(CANARY, canary, pools=(CANARY, STABLE))]


def a_slice(service: Manifest, pods: Iterable[Manifest]) -> Manifest:
    """The endpoints of a Service: pods that its selector fits and that are ready."""
    selector = service["spec"]["selector"].items()
    chosen = [pod for pod in pods if selector <= pod["metadata"]["labels"].items() and pod["metadata"].get("uid")]
    return {
        "metadata": {
            "name": f"{service['metadata']['name']}-x",
            "labels": {"kubernetes.io/service-name": service["metadata"]["name"]},
            "ownerReferences": [{"kind": "Service", "uid": service["metadata"]["uid"], "controller": True}],
        },
        "endpoints": [_endpoint(pod) for pod in chosen],
    }


def _endpoint(pod: Manifest) -> Manifest:
    is_ready = pod["status"]["conditions"][0]["status"] == "True"
    return {
        "addresses": ["10.0.0.1"],
        "conditions": {"ready": is_ready},
        "targetRef": {"kind": "Pod", "uid": pod["metadata"]["uid"]},
    }


def seen(
    objects: Sequence[Manifest],
    pods: Sequence[Manifest] = (),
    *,
    slices: Sequence[Manifest] | None = None,
    status: Manifest | None = None,
) -> Seen:
    """``objects`` as they are observed, with the endpoints that they have, and a status on the route."""
    live = [stored(item) if "uid" not in item["metadata"] else item for item in objects]
    services = [item for item in live if item["kind"] == "Service"]
    routes = [item if status is None else {**item, "status": status} for item in live if item["kind"] == "HTTPRoute"]
    found = [a_slice(item, pods) for item in services] if slices is None else slices
    return Seen(Children(tuple(services)), Children(tuple(routes)), Children(tuple(found)), Children(tuple(pods)))


def with_routes(one: Seen, routes: Children | Unknown | None) -> Seen:
    """The same, but for the routes."""
    return Seen(one.services, routes, one.endpoint_slices, one.pods)


def accepted(*, generation: int = 4, parent: Mapping[str, Any] | None = None, **conditions: str) -> Manifest:
    """A route's status with one entry; conditions are True unless told otherwise."""
    said = {"Accepted": "True", "ResolvedRefs": "True", **conditions}
    reference = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "shared", "namespace": "gateways"}
    return {
        "parents": [
            {
                "parentRef": {**reference, "sectionName": "http", **(parent or {})},
                "controllerName": "example.net/gateway-controller",
                "conditions": [
                    {
                        "type": kind,
                        "status": value,
                        "observedGeneration": generation,
                        "reason": "Because",
                        "message": f"it is {value}",
                    }
                    for kind, value in said.items()
                ],
            }
        ]
    }


def a_split(weight: int = 0, *, mirror: int = 0, match: tuple[HeaderMatch, ...] = ()) -> Split:
    """Stable and a canary."""
    return Split(STABLE, CANARY, weight, mirror, match)
