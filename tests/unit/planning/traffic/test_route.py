"""The HTTPRoute as a whole, which changes of a live one matter, and what a live one says."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.traffic import Split
from leeboard.planning.traffic.route import gateway_duration, is_parent, parent_reference, read_route, route
from tests.unit.planning.traffic.builders import (
    BETA,
    CANARY,
    GATEWAY,
    GATEWAY_API,
    OTHER,
    STABLE,
    a_road,
    a_service,
    a_split,
    seen,
    stored,
)

EVERYTHING = {"type": "PathPrefix", "value": "/"}


def backend(revision: str, **more: object) -> Manifest:
    return {"group": "", "kind": "Service", "name": f"loans-{revision}", "port": 80, **more}


def made(split: Split, *, timeout: str = "90s") -> Manifest:
    return route(a_road(a_service(requestTimeout=timeout)), split, GATEWAY)


def test_the_route_of_a_split_with_everything_is() -> None:
    assert made(a_split(10, mirror=100, match=BETA)) == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {
            "name": "loans",
            "namespace": "team",
            "labels": {
                "app.kubernetes.io/managed-by": "leeboard",
                "leeboard.dev/kind": "InferenceService",
                "leeboard.dev/owner": "loans",
                "leeboard.dev/uid": "uid-1",
            },
            "ownerReferences": [
                {
                    "apiVersion": "leeboard.dev/v1alpha1",
                    "kind": "InferenceService",
                    "name": "loans",
                    "uid": "uid-1",
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "parentRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "name": "shared",
                    "namespace": "gateways",
                    "sectionName": "http",
                }
            ],
            "hostnames": ["loans.example"],
            "rules": [
                {
                    "matches": [
                        {
                            "path": EVERYTHING,
                            "headers": [
                                {"type": "Exact", "name": "X-Beta", "value": "yes"},
                                {"type": "RegularExpression", "name": "Cookie", "value": "u=1.*"},
                            ],
                        }
                    ],
                    "backendRefs": [backend(CANARY, weight=100)],
                    "timeouts": {"request": "1m30s"},
                },
                {
                    "matches": [{"path": EVERYTHING}],
                    "backendRefs": [backend(STABLE, weight=90), backend(CANARY, weight=10)],
                    "timeouts": {"request": "1m30s"},
                    "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": backend(CANARY)}}],
                },
            ],
        },
    }


@pytest.mark.parametrize(
    ("split", "weights"),
    [
        pytest.param(Split(STABLE), {STABLE: 100}, id="stable alone"),
        pytest.param(a_split(), {STABLE: 100}, id="a canary that is prepared"),
        pytest.param(a_split(100), {CANARY: 100}, id="the canary alone"),
        pytest.param(a_split(1), {STABLE: 99, CANARY: 1}, id="one percent"),
    ],
)
def test_who_gets_nothing_has_no_weight(split: Split, weights: dict[str, int]) -> None:
    default = made(split)["spec"]["rules"][-1]

    assert default["matches"] == [{"path": EVERYTHING}]
    assert default["backendRefs"] == [backend(revision, weight=weight) for revision, weight in weights.items()]
    assert "filters" not in default


@pytest.mark.parametrize(
    ("split", "beside", "named"),
    [
        pytest.param(Split(STABLE), (), [], id="stable alone"),
        pytest.param(a_split(), (), [CANARY], id="a canary before its first request"),
        pytest.param(a_split(1), (), [], id="a canary with requests"),
        pytest.param(a_split(mirror=100), (), [], id="a canary with copies"),
        pytest.param(a_split(100), (), [STABLE], id="stable after its last request"),
        pytest.param(Split(CANARY), (STABLE,), [STABLE], id="one that was stable before"),
        pytest.param(a_split(), (OTHER, CANARY), [CANARY, OTHER], id="one that leaves beside the canary"),
    ],
)
def test_who_gets_nothing_yet_or_any_more_is_named(split: Split, beside: tuple[str, ...], named: list[str]) -> None:
    rules = GATEWAY_API.objects(replace(a_road(), beside=beside), split)[-1]["spec"]["rules"]

    assert [rule["backendRefs"] for rule in rules[:-1]] == [[backend(revision, weight=100)] for revision in named]
    headers = [match["headers"] for rule in rules[:-1] for match in rule["matches"]]
    assert headers == [[{"type": "Exact", "name": "Leeboard-Revision", "value": revision}] for revision in named]


def test_one_that_is_only_named_beside_is_no_canary() -> None:
    road = replace(a_road(), beside=(OTHER,))

    assert GATEWAY_API.applied(road, seen(GATEWAY_API.objects(road, Split(STABLE)))) == Split(STABLE)
    assert GATEWAY_API.applied(road, seen(GATEWAY_API.objects(road, a_split()))) == a_split()


def test_a_gateway_without_a_listener_named_is_any_listener() -> None:
    assert "sectionName" not in parent_reference(replace(GATEWAY, section_name=None))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1, "1s"), (60, "1m"), (90, "1m30s"), (3661, "1h1m1s"), (360_000, "100h"), (100_000, "27h46m40s")],
)
def test_a_duration_of_the_gateway_api(seconds: int, text: str) -> None:
    assert gateway_duration(seconds) == text


WANTED = made(a_split(10, mirror=100, match=BETA))


def changed(*path: str | int, value: object) -> Manifest:
    """The live route with one value put in."""
    live = stored(WANTED)
    place: Any = live
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return live


FIRST, DEFAULT = ("spec", "rules", 0), ("spec", "rules", 1)

HARMLESS = {
    "nothing": stored(WANTED),
    "an annotation": changed("metadata", "annotations", value={"team": "credit"}),
    "a label of others": changed("metadata", "labels", "team", value="credit"),
    "a status": changed("status", value={"parents": []}),
    "a name of the rule": changed(*DEFAULT, "name", value="main"),
    "a field that is not known yet": changed(*DEFAULT, "tomorrow", value={"a": 1}),
    "a field of a backend that is not known yet": changed(*DEFAULT, "backendRefs", 0, "tomorrow", value=1),
    "an empty list": changed(*DEFAULT, "backendRefs", 0, "filters", value=[]),
}


@pytest.mark.parametrize("live", HARMLESS.values(), ids=HARMLESS)
def test_no_difference_is(live: Manifest) -> None:
    assert GATEWAY_API.is_same(live, WANTED)


COPIES = {"type": "RequestMirror", "requestMirror": {"backendRef": backend(STABLE)}}
OWNED = {
    "a label of ours": changed("metadata", "labels", "leeboard.dev/uid", value="x"),
    "another parent": changed("spec", "parentRefs", 0, "name", value="other"),
    "a port of the parent": changed("spec", "parentRefs", 0, "port", value=8443),
    "the namespace of the parent": changed("spec", "parentRefs", 0, "namespace", value="team"),
    "a second parent": changed("spec", "parentRefs", value=[*WANTED["spec"]["parentRefs"], {"name": "other"}]),
    "another host": changed("spec", "hostnames", value=["other.example"]),
    "a weight": changed(*DEFAULT, "backendRefs", 1, "weight", value=50),
    "a backend": changed(*DEFAULT, "backendRefs", 0, "name", value="theirs"),
    "a backend of another namespace": changed(*DEFAULT, "backendRefs", 0, "namespace", value="theirs"),
    "a filter of a backend": changed(*DEFAULT, "backendRefs", 0, "filters", value=[COPIES]),
    "one backend more": changed(*DEFAULT, "backendRefs", value=[*WANTED["spec"]["rules"][1]["backendRefs"], {}]),
    "no copies": changed(*DEFAULT, "filters", value=[]),
    "copies to somebody else": changed(*DEFAULT, "filters", value=[COPIES]),
    "a part of the copies": changed(*DEFAULT, "filters", 0, "requestMirror", "percent", value=10),
    "a fraction of the copies": changed(*DEFAULT, "filters", 0, "requestMirror", "fraction", value={"numerator": 1}),
    "another filter": changed(*DEFAULT, "filters", value=[{"type": "URLRewrite", "urlRewrite": {}}]),
    "a path": changed(*DEFAULT, "matches", 0, "path", "value", value="/v2"),
    "a method": changed(*DEFAULT, "matches", 0, "method", value="POST"),
    "a parameter": changed(*DEFAULT, "matches", 0, "queryParams", value=[{"name": "a", "value": "b"}]),
    "a header": changed(*FIRST, "matches", 0, "headers", 0, "value", value="no"),
    "another timeout": changed(*DEFAULT, "timeouts", "request", value="5s"),
    "a timeout of the backend": changed(*DEFAULT, "timeouts", "backendRequest", value="5s"),
    "retries": changed(*DEFAULT, "retry", value={"attempts": 3}),
    "sticky sessions": changed(*DEFAULT, "sessionPersistence", value={"type": "Cookie"}),
    "a rule more": changed("spec", "rules", value=[*WANTED["spec"]["rules"], WANTED["spec"]["rules"][1]]),
    "a rule less": changed("spec", "rules", value=WANTED["spec"]["rules"][1:]),
}


@pytest.mark.parametrize("live", OWNED.values(), ids=OWNED)
def test_a_difference_is(live: Manifest) -> None:
    assert not GATEWAY_API.is_same(live, WANTED)


def test_what_the_api_server_would_fill_in_may_be_missing_from_a_live_route() -> None:
    live = stored(WANTED)
    live["spec"]["parentRefs"][0] = {"name": "shared", "namespace": "gateways", "sectionName": "http"}
    for rule in live["spec"]["rules"]:
        rule["backendRefs"] = [
            {key: value for key, value in item.items() if key not in {"group", "kind"}} for item in rule["backendRefs"]
        ]
    del live["spec"]["rules"][1]["matches"]
    del live["spec"]["rules"][0]["matches"][0]["headers"][0]["type"]

    assert GATEWAY_API.is_same(live, WANTED)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        pytest.param({"name": "shared", "namespace": "gateways", "sectionName": "http"}, True, id="with defaults"),
        pytest.param({"name": "shared", "sectionName": "http"}, False, id="in the route's namespace"),
        pytest.param({"name": "shared", "namespace": "gateways"}, False, id="another listener"),
        pytest.param({"name": "other", "namespace": "gateways", "sectionName": "http"}, False, id="another gateway"),
    ],
)
def test_the_parent_is(reference: Manifest, *, expected: bool) -> None:
    assert is_parent(reference, GATEWAY, namespace="team") is expected


def test_a_parent_without_a_namespace_is_in_the_routes_own() -> None:
    own = replace(GATEWAY, namespace="team")

    assert is_parent({"name": "shared", "sectionName": "http"}, own, namespace="team")


STRANGE = {
    "no rules": changed("spec", "rules", value=[]),
    "three rules": changed("spec", "rules", value=[*WANTED["spec"]["rules"], WANTED["spec"]["rules"][1]]),
    "a default rule with headers": changed("spec", "rules", value=WANTED["spec"]["rules"][:1]),
    "a rewrite": changed(*DEFAULT, "filters", value=[{"type": "URLRewrite", "urlRewrite": {}}]),
    "a fraction of the copies": changed(*DEFAULT, "filters", 0, "requestMirror", "fraction", value={"numerator": 1}),
    "another kind of backend": changed(*DEFAULT, "backendRefs", 0, "kind", value="ServiceImport"),
    "a backend of another namespace": changed(*DEFAULT, "backendRefs", 0, "namespace", value="theirs"),
    "another port": changed(*DEFAULT, "backendRefs", 0, "port", value=81),
    "no backend": changed(*DEFAULT, "backendRefs", value=[]),
    "no weight at all": changed(*DEFAULT, "backendRefs", value=[backend(STABLE, weight=0)]),
    "headers that lead to two": changed(*FIRST, "backendRefs", value=[backend(CANARY), backend(STABLE)]),
    "a header that we would not accept": changed(*FIRST, "matches", 0, "headers", 0, "value", value="x" * 2000),
}


@pytest.mark.parametrize("live", STRANGE.values(), ids=STRANGE)
def test_nothing_is_read_from_a_route_with(live: Manifest) -> None:
    assert read_route(live) is None


def test_reading_changes_nothing() -> None:
    live = stored(WANTED)
    before = deepcopy(live)

    assert read_route(live) is not None
    assert live == before
