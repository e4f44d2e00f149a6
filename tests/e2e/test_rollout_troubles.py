"""What goes wrong in the middle of a rollout, under constant load."""

import json
import time
from typing import Any

from tests.e2e.rollouts import HOUR, Serving, Town, outcomes

FORTY: list[dict[str, Any]] = [{"weight": 40, "for": HOUR}]
STATUS = "inferenceservices.leeboard.dev"


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
        town.scene.eventually(lambda: len(backends(serving)), 1, seconds=15)
        alone_seconds = time.monotonic() - lost
        serving.until_step("Observing")
        assert sorted(backends(serving)) == [40, 60]
        before = load.tally()
        serving.ask("abort")
        serving.until(lambda found: not found["status"].get("canary"), "it is aborted")

    assert (load.tally() - before).failed == 0
    # Requests that were under way in the killed pod, and those until the route followed.
    assert load.tally().failed <= 40 * 0.6 * (alone_seconds + 2), load.tally().errors


def backends(serving: Serving) -> list[int]:
    """The weights of the route, for requests that ask for nothing special."""
    rules = serving.route()["spec"]["rules"]
    (ordinary,) = (rule for rule in rules if not any(match.get("headers") for match in rule["matches"]))
    return [item["weight"] for item in ordinary["backendRefs"]]


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


def test_manifests_applied_again_and_again_and_a_route_edited_by_hand_change_nothing(town: Town) -> None:
    _, second, _ = town.good
    serving = town.serve("fights", steps=FORTY)
    with serving.load() as load:
        serving.pin(second)
        serving.until_step("Observing")
        before, seen = load.tally(), set[tuple[int, ...]]()
        for turn in range(3):
            serving.apply()
            edit(serving, weight=turn)
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                serving.town.scene.stage.refresh()
            seen.add(tuple(sorted(backends(serving))))
        route, split = serving.route(), (load.tally() - before).share(second)
        assert (seen, route["metadata"]["annotations"]["example.com/owner"]) == ({(40, 60)}, "team")
        assert 0.2 < split < 0.6
        assert serving.status()["step"]["index"] == 0

        serving.ask("promote")
        serving.until_serves(second)

    assert load.tally().first_failures == ()


def edit(serving: Serving, *, weight: int) -> None:
    """Somebody turns the weights by hand, and leaves an annotation of their own."""
    operations = [
        {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": weight},
        {"op": "add", "path": "/metadata/annotations", "value": {"example.com/owner": "team"}},
    ]
    words = ["patch", "httproute", serving.name, "-n", serving.namespace, "--type=json", "-p", json.dumps(operations)]
    serving.town.kubectl.run(*words)
