"""What a gateway's answer means, and which answers are none."""

from __future__ import annotations

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.traffic import Confirmed, Pending, Refused, Split
from leeboard.planning.traffic.route import route
from leeboard.planning.traffic.route_status import acceptance
from tests.unit.planning.traffic.builders import GATEWAY, STABLE, a_road, accepted, stored

LIVE = stored(route(a_road(), Split(STABLE), GATEWAY))


def judged(*statuses: Manifest) -> object:
    """What follows from the entries of all ``statuses``; the route is of generation 4."""
    parents = [entry for status in statuses for entry in status["parents"]]
    return acceptance({**LIVE, "status": {"parents": parents}}, GATEWAY)


def without(status: Manifest, kind: str) -> Manifest:
    entry = status["parents"][0]
    return {"parents": [{**entry, "conditions": [item for item in entry["conditions"] if item["type"] != kind]}]}


def test_it_is_accepted_by_our_gateway_for_this_generation() -> None:
    assert judged(accepted()) == Confirmed()


def test_conditions_of_an_implementations_own_say_nothing() -> None:
    assert judged(accepted(BackendsAvailable="False")) == Confirmed()


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"parents": []}, id="nothing"),
        pytest.param(accepted(generation=3), id="an answer for an older generation"),
        pytest.param(accepted(generation=3, Accepted="False"), id="a refusal of an older generation"),
        pytest.param(accepted(parent={"name": "other"}), id="another gateway's answer"),
        pytest.param(accepted(parent={"name": "other"}, Accepted="False"), id="another gateway's refusal"),
        pytest.param(accepted(parent={"sectionName": "https"}), id="the answer for another listener"),
        pytest.param(accepted(parent={"namespace": "team"}), id="a gateway of the same name elsewhere"),
    ],
)
def test_no_answer_is(status: Manifest) -> None:
    answer = judged(status)

    assert isinstance(answer, Pending)
    assert answer.reason == "RouteNotAccepted"
    assert "generation 4" in answer.message
    assert "gateways/shared, listener http" in answer.message


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param(accepted(Accepted="Unknown"), "RouteNotAccepted", id="undecided"),
        pytest.param(without(accepted(), "Accepted"), "RouteNotAccepted", id="only references are resolved"),
        pytest.param(accepted(ResolvedRefs="False"), "ReferencesNotResolved", id="a Service not seen yet"),
        pytest.param(without(accepted(), "ResolvedRefs"), "ReferencesNotResolved", id="nothing about references"),
    ],
)
def test_it_is_waited_for_the_gateway_with(status: Manifest, reason: str) -> None:
    answer = judged(status)

    assert isinstance(answer, Pending)
    assert answer.reason == reason


@pytest.mark.parametrize(
    ("status", "words"),
    [
        pytest.param(accepted(Accepted="False"), "Accepted=False, Because: it is False", id="not accepted"),
        pytest.param(accepted(PartiallyInvalid="True"), "PartiallyInvalid=True, Because: it is True", id="in parts"),
    ],
)
def test_it_is_refused_in_the_gateways_words_when(status: Manifest, words: str) -> None:
    answer = judged(status)

    assert isinstance(answer, Refused)
    assert answer.reason == "RefusedByGateway"
    assert words in answer.message


def test_what_a_removed_controller_left_behind_is_no_answer() -> None:
    left = accepted(generation=2, Accepted="False")
    left["parents"][0]["controllerName"] = "example.net/removed"

    assert judged(left, accepted()) == Confirmed()


def test_one_controllers_yes_is_enough() -> None:
    assert judged(accepted(Accepted="False"), accepted()) == Confirmed()
