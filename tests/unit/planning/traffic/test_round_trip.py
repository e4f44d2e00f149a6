"""Whatever the split: what is written is what is read, weights are whole, and nothing is written twice."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from hypothesis import example, given
from hypothesis import strategies as st

from leeboard.api.resource import Manifest
from leeboard.api.traffic import HeaderMatch
from leeboard.planning.traffic import Confirmed, Split
from tests.unit.planning.traffic.builders import (
    BETA,
    CANARY,
    GATEWAY_API,
    REPLICAS,
    STABLE,
    a_road,
    a_service,
    accepted,
    pair,
    seen,
    stored,
)

ROAD = a_road()
names = st.text("abcXYZ-", min_size=1, max_size=8)
headers = st.builds(
    HeaderMatch,
    name=names,
    value=st.text(min_size=1, max_size=20),
    type=st.sampled_from(["Exact", "RegularExpression"]),
)
matches = st.lists(headers, max_size=3).map(tuple)
percent = st.integers(0, 100)
canaries = st.builds(Split, st.just(STABLE), st.just(CANARY), percent, percent, matches)
splits = st.one_of(st.just(Split(STABLE)), canaries)
plain = st.one_of(st.just(Split(STABLE)), st.builds(Split, st.just(STABLE), st.just(CANARY), percent))
replicas = st.integers(1, 50)


def shuffled(value: object) -> object:
    """The same JSON with the keys in another order, as an API server sends it."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in sorted(value, reverse=True)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def backends(route: Manifest) -> Iterator[list[Manifest]]:
    for rule in route["spec"]["rules"]:
        yield rule["backendRefs"]


@given(splits)
@example(Split(STABLE, CANARY))
@example(Split(STABLE, CANARY, mirror=100))
@example(Split(STABLE, CANARY, match=BETA))
@example(Split(STABLE, CANARY, 100))
def test_a_gateways_split_is_read_as_it_was_written(split: Split) -> None:
    assert GATEWAY_API.applied(ROAD, seen(GATEWAY_API.objects(ROAD, split))) == split


@given(splits)
def test_weights_of_a_route_sum_to_100_and_none_of_them_is_0(split: Split) -> None:
    for rule in backends(GATEWAY_API.objects(ROAD, split)[-1]):
        assert sum(item["weight"] for item in rule) == 100
        assert all(item["weight"] > 0 for item in rule)


@given(splits)
def test_what_a_gateways_split_wants_is_the_same_once_it_is_stored(split: Split) -> None:
    for wanted in GATEWAY_API.objects(ROAD, split):
        live = stored(deepcopy(wanted))
        live["metadata"]["annotations"] = {"team": "credit"}
        assert GATEWAY_API.is_same(shuffled(live), wanted)  # type: ignore[arg-type]


@given(splits, splits)
def test_routes_of_two_splits_are_the_same_only_if_requests_are_split_alike(one: Split, two: Split) -> None:
    live, wanted = (GATEWAY_API.objects(ROAD, split)[-1] for split in (one, two))
    first, second = (
        (item.shares, item.mirror, item.match, {item.stable, item.canary or item.stable}) for item in (one, two)
    )

    assert GATEWAY_API.is_same(stored(live), wanted) == (first == second)


@given(splits)
def test_a_gateways_split_that_is_written_accepted_and_has_its_pods_is_confirmed(split: Split) -> None:
    now = seen(GATEWAY_API.objects(ROAD, split), pair(2, 2), status=accepted())

    assert GATEWAY_API.confirmation(ROAD, now, split) == Confirmed()


@given(plain, replicas)
def test_a_split_by_pods_is_read_with_the_share_that_they_give(split: Split, stable: int) -> None:
    road = a_road(a_service(replicas=stable), gateway=None)
    pods = REPLICAS.pods_for(split.weight, stable) if split.weight else 0
    read = REPLICAS.applied(road, seen(REPLICAS.objects(road, split), pair(stable, pods)))

    if split.weight in {0, 100}:
        assert read == (split if split.weight else Split(STABLE))
    else:
        assert read == Split(STABLE, CANARY, min(99, max(1, round(100 * pods / (pods + stable)))))


@given(plain, replicas)
def test_a_split_by_pods_is_confirmed_with_the_pods_that_it_needs(split: Split, stable: int) -> None:
    road = a_road(a_service(replicas=stable), gateway=None)
    now = seen(REPLICAS.objects(road, split), pair(stable, REPLICAS.pods_for(split.weight, stable)))

    assert isinstance(REPLICAS.confirmation(road, now, split), Confirmed)


@given(plain)
def test_what_a_split_by_pods_wants_is_the_same_once_it_is_stored(split: Split) -> None:
    (wanted,) = REPLICAS.objects(ROAD, split)

    assert REPLICAS.is_same(shuffled(stored(wanted)), wanted)  # type: ignore[arg-type]


@given(st.integers(1, 100), replicas)
def test_the_pods_that_a_weight_needs_carry_it(weight: int, stable: int) -> None:
    split = Split(STABLE, CANARY, weight)

    for provider in (GATEWAY_API, REPLICAS):
        pods = provider.pods_for(weight, stable)
        assert provider.carried(split, {CANARY: pods}, stable) == weight
        assert provider.carried(split, {CANARY: pods - 1}, stable) < weight


@given(st.integers(1, 100), st.integers(0, 60), replicas)
def test_more_is_never_carried_than_asked_for_or_than_pods_are_there_for(weight: int, ready: int, stable: int) -> None:
    for provider in (GATEWAY_API, REPLICAS):
        carried = provider.carried(Split(STABLE, CANARY, weight), {CANARY: ready}, stable)
        assert 0 <= carried <= weight
        assert carried == 0 or provider.pods_for(carried, stable) <= ready
