"""What goes wrong in the middle of a rollout, under constant load."""

import json
import time
from typing import Any

import pytest

from tests.e2e.rollouts import HOUR, Serving, Town, outcomes
from tests.e2e.scaling import AUTOSCALER, SCALED_SECONDS, SCALING, autoscaler, deployment, replicas, sizers

FORTY: list[dict[str, Any]] = [{"weight": 40, "for": HOUR}]
STATUS = "inferenceservices.leeboard.dev"
TURNS = 6
CALM_SECONDS = 600


def test_a_newer_version_in_the_middle_and_then_the_first_one_again(town: Town) -> None:
    first, second, third = town.good
    serving = town.serve("newer", steps=FORTY)
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing", version=second)
        serving.pin(third)
        status = serving.until_step("Observing", version=third)["status"]
        assert (outcomes(status)[0], status["stable"]["version"]) == (("Superseded", second), first)
        assert status["step"]["index"] == 0

        serving.pin(first)
        serving.until_serves(first)

    assert load.tally().first_failures == ()
    assert outcomes(serving.status())[0] == ("Superseded", third)


def test_a_canary_that_loses_all_its_pods_loses_its_weight_and_goes_on_when_they_are_back(town: Town) -> None:
    _, second, _ = town.good
    serving = town.serve("lost", steps=[{"weight": 60, "for": HOUR}])
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing")
        (pod,) = serving.pods_of(second)
        town.kubectl.run("delete", "pod", pod, "-n", serving.namespace, "--force", "--grace-period=0")
        lost = time.monotonic()
        town.scene.eventually(lambda: len(serving.weights()), 1, seconds=15)
        alone_seconds = time.monotonic() - lost
        serving.until_step("Observing")
        assert sorted(serving.weights()) == [40, 60]
        before = load.tally()
        serving.ask("abort")
        serving.until(lambda found: not found["status"].get("canary"), "it is aborted")

    assert (load.tally() - before).failed == 0
    # Requests that were under way in the killed pod, and those until the route followed.
    assert load.tally().failed <= 40 * 0.6 * (alone_seconds + 2), load.tally().errors


def test_a_lost_status_is_read_back_from_what_serves(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("forgotten", steps=FORTY)
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing")
        gone = '[{"op": "replace", "path": "/status", "value": {}}]'
        words = ["patch", STATUS, serving.name, "-n", serving.namespace, "--subresource=status", "--type=json"]
        town.kubectl.run(*words, "-p", gone)
        status = serving.until_step("Observing", version=second)["status"]
        assert status["stable"]["version"] == first

        serving.ask("promote")
        serving.until_serves(second)

    assert load.tally().first_failures == ()


@pytest.mark.usefixtures("metrics")
def test_manifests_applied_again_an_autoscaler_and_edits_by_hand_change_nothing(town: Town) -> None:
    first, second, _ = town.good
    serving = town.begin("fights", server={"autoscaling": dict(SCALING)}, steps=FORTY)
    serving.until_serves(first)
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing")
        written, before = serving.route()["metadata"]["generation"], load.tally()
        pods, turns = [(replicas(serving, first), replicas(serving, second))], 0
        deadline = time.monotonic() + SCALED_SECONDS
        while turns < TURNS or (pods[-1][0] < SCALING["maxReplicas"] and time.monotonic() < deadline):
            serving.apply()
            edit_route(serving, weight=50 + turns % 7)
            edit_autoscaler(serving, first, percent=20 + turns % 7)
            turns += 1
            town.scene.eventually(lambda: sorted(serving.weights()), [40, 60], seconds=30)
            town.scene.eventually(lambda: percent(serving, first), SCALING["targetCPUPercent"], seconds=30)
            pods.append((replicas(serving, first), replicas(serving, second)))
        route, split = serving.route(), (load.tally() - before).share(second)

        # Each edit was put right by one write, no number of pods ever went back, and what others added is there.
        assert route["metadata"]["generation"] == written + 2 * turns
        assert all(list(numbers) == sorted(numbers) for numbers in zip(*pods, strict=True))
        assert (pods[-1][0], sizers(serving, first)) == (SCALING["maxReplicas"], {AUTOSCALER})
        assert route["metadata"]["annotations"]["example.com/owner"] == "team"
        assert calm(serving, first) == CALM_SECONDS
        assert 0.3 < split < 0.5
        assert serving.status()["step"]["index"] == 0

        serving.ask("promote")
        serving.until_serves(second)

    assert load.tally().first_failures == ()


def edit_route(serving: Serving, *, weight: int) -> None:
    """Somebody turns the weights by hand, and leaves an annotation of their own."""
    rule = len(serving.route()["spec"]["rules"]) - 1
    operations = [
        {"op": "replace", "path": f"/spec/rules/{rule}/backendRefs/0/weight", "value": weight},
        {"op": "add", "path": "/metadata/annotations", "value": {"example.com/owner": "team"}},
    ]
    words = ["patch", "httproute", serving.name, "-n", serving.namespace, "--type=json", "-p", json.dumps(operations)]
    serving.town.kubectl.run(*words)


def edit_autoscaler(serving: Serving, version: str, *, percent: int) -> None:
    """Somebody asks for busier pods by hand, and says how calm the autoscaler should be, which nobody else does."""
    target = {"type": "Utilization", "averageUtilization": percent}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = {"scaleDown": {"stabilizationWindowSeconds": CALM_SECONDS}}
    change = json.dumps({"spec": {"metrics": metrics, "behavior": behavior}})
    name = deployment(serving, version)["metadata"]["name"]
    serving.town.kubectl.run("patch", "hpa", name, "-n", serving.namespace, "--type=merge", "-p", change)


def percent(serving: Serving, version: str) -> int:
    """How busy a version's pods should be, by its autoscaler."""
    found = autoscaler(serving, version)
    assert found is not None
    return int(found["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"])


def calm(serving: Serving, version: str) -> int:
    """How calm somebody has made a version's autoscaler, in seconds."""
    found = autoscaler(serving, version)
    assert found is not None
    return int(found["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"])
