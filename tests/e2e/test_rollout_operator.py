"""The operator, or the gateway's controller, goes away in mid-canary: requests do not notice, and it goes on."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.pausing import paused
from tests.e2e.rollouts import HOUR, Serving, Town, outcomes
from tests.support.installation import CHART, RELEASE, Helm
from tests.support.kubectl import Kubectl, Manifest
from tests.support.resources import condition

OPERATOR_NAMESPACE = "leeboard-system"
LEASE_SECONDS = 40
SOON: list[dict[str, Any]] = [{"weight": 40, "for": "20s"}]
STILL_SECONDS = 5.0


@pytest.fixture
def pair(town: Town) -> Iterator[None]:
    """Two operators, one of which stands by."""
    scale(town.kubectl, 2)
    yield
    scale(town.kubectl, 1)


def scale(kubectl: Kubectl, replicas: int) -> None:
    """So many operators, ready."""
    kubectl.run("scale", "deployment/leeboard", f"--replicas={replicas}", "-n", OPERATOR_NAMESPACE)
    kubectl.run("rollout", "status", "deployment/leeboard", "-n", OPERATOR_NAMESPACE, "--timeout=90s")


def leader(kubectl: Kubectl) -> str:
    """The pod that holds the Lease."""
    lease = kubectl.find("lease", "leeboard", namespace=OPERATOR_NAMESPACE)
    return str(lease["spec"]["holderIdentity"]) if lease else ""


@pytest.mark.usefixtures("pair")
def test_a_leader_that_stands_still_is_followed_by_the_other_and_does_no_harm_when_it_wakes(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("still", steps=SOON)
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing")
        before = leader(town.kubectl)
        with paused(town.kubectl, before, "leeboard", namespace=OPERATOR_NAMESPACE):
            other = lambda: leader(town.kubectl) not in {"", before}  # noqa: E731 - said once
            town.scene.eventually(other, expected=True, seconds=LEASE_SECONDS)
            serving.until_serves(second)
        done = serving.live()["status"]["history"]
        town.scene.eventually(lambda: leader(town.kubectl) != before, expected=True, seconds=LEASE_SECONDS)
        serving.until_serves(second)

    assert serving.live()["status"]["history"] == done
    assert (load.tally().first_failures, outcomes(serving.status())) == ((), [("Promoted", second), ("First", first)])


def test_an_upgrade_of_the_operator_in_mid_canary_changes_nothing(town: Town, helm: Helm) -> None:
    first, second, _ = town.good
    serving = town.serve("upgraded", steps=SOON)
    with serving.load() as load:
        serving.pin(second)
        confirmed = serving.until_step("Observing")["status"]["step"]["confirmedAt"]
        before = leader(town.kubectl)
        annotations = json.dumps({"example.com/upgraded": str(time.time_ns())})
        words = ["--reuse-values", "--set-json", f"podAnnotations={annotations}", "--wait", "--timeout", "3m"]
        helm.run("upgrade", RELEASE, str(CHART), *words)
        assert leader(town.kubectl) != before
        step = serving.status().get("step") or {}
        assert step.get("confirmedAt", confirmed) == confirmed
        serving.until_serves(second)

    assert (load.tally().first_failures, outcomes(serving.status())) == ((), [("Promoted", second), ("First", first)])


def test_without_the_gateway_s_controller_a_step_waits_although_an_old_answer_stands_there(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("unheard", steps=[{"weight": 40, "for": HOUR}])
    (pod, *_) = town.kubectl.list("pods", namespace=town.gateway.namespace)
    with serving.load() as load:
        with paused(town.kubectl, pod["metadata"]["name"], "contour", namespace=town.gateway.namespace):
            serving.pin(second)
            serving.until(lambda found: (found["status"].get("canary") or {}).get("readyReplicas"), "its pod is ready")
            begun, before = time.monotonic(), load.tally()
            town.scene.eventually(lambda: time.monotonic() - begun > STILL_SECONDS, expected=True, seconds=20)
            status, route = serving.status(), serving.route()
            assert status["step"]["phase"] in {"Scaling", "Routing"}
            assert "confirmedAt" not in status["step"]
            assert set((load.tally() - before).versions) == {first}
            said = [item for parent in route["status"]["parents"] for item in parent["conditions"]]
            assert {item["observedGeneration"] for item in said} != {route["metadata"]["generation"]}
        serving.until_step("Observing")
        serving.ask("promote")
        serving.until_serves(second)

    assert load.tally().first_failures == ()


def test_an_answer_of_the_gateway_that_is_lost_or_forged_moves_nothing(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("forged", steps=[{"weight": 40, "for": HOUR}])
    (gateway, *_) = town.kubectl.list("pods", namespace=town.gateway.namespace)
    words = (town.kubectl, gateway["metadata"]["name"], "contour")
    with serving.load() as load:
        with paused(*words, namespace=town.gateway.namespace):
            serving.pin(second)
            serving.until(lambda found: (found["status"].get("canary") or {}).get("readyReplicas"), "its pod is ready")
            before = load.tally()
            for parents in ([], *forgeries(serving.route())):
                answer(serving, parents)
                serving.stays(lambda found: "confirmedAt" not in found["status"]["step"], "unconfirmed")
            assert set((load.tally() - before).versions) == {first}
        confirmed = serving.until_step("Observing")["status"]["step"]["confirmedAt"]

        with paused(*words, namespace=town.gateway.namespace):
            answer(serving, [])
            found = serving.until_step("Routing")
            assert "has not answered" in condition(found, "Progressing")["message"]
            serving.stays(lambda found: found["status"]["step"]["phase"] == "Routing", "waiting for the gateway")
            assert sorted(serving.weights()) == [40, 60]
        # Contour does not look at a status that changes; it writes all that are missing when any route changes.
        town.kubectl.apply(neighbour(serving))
        assert serving.until_step("Observing")["status"]["step"]["confirmedAt"] == confirmed
        serving.ask("promote")
        serving.until_serves(second)

    assert load.tally().first_failures == ()


def answer(serving: Serving, parents: list[Manifest]) -> None:
    """Somebody else than the gateway's controller writes what the route's status says."""
    change = json.dumps({"status": {"parents": parents}})
    words = ["patch", "httproute", serving.name, "-n", serving.namespace, "--subresource=status", "--type=merge"]
    serving.town.kubectl.run(*words, "-p", change)


def neighbour(serving: Serving) -> Manifest:
    """A route of somebody else at the same gateway."""
    parents = serving.route()["spec"]["parentRefs"]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "neighbour", "namespace": serving.namespace},
        "spec": {
            "parentRefs": parents,
            "hostnames": ["neighbour.example"],
            "rules": [{"backendRefs": [{"name": serving.name, "port": 80}]}],
        },
    }


def forgeries(route: Manifest) -> Iterator[list[Manifest]]:
    """The gateway's own words for the generation before, and a Yes to this generation by another Gateway."""
    generation, reference = route["metadata"]["generation"], route["spec"]["parentRefs"][0]
    for parent, seen in ((reference, generation - 1), ({**reference, "name": "another"}, generation)):
        yield [{"parentRef": parent, "controllerName": "example.com/forger", "conditions": accepted(seen)}]


def accepted(generation: int) -> list[Manifest]:
    """Both conditions of a route that a gateway has taken over, for a generation."""
    common = {"status": "True", "observedGeneration": generation, "lastTransitionTime": "2026-11-21T12:00:00Z"}
    return [{**common, "type": kind, "reason": kind, "message": "forged"} for kind in ("Accepted", "ResolvedRefs")]
