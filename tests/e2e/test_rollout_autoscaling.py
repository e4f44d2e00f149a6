"""Versions that are scaled by real autoscalers, under constant load, while one takes over from the other."""

import pytest

from tests.e2e.rollouts import HOUR, Town, outcomes
from tests.e2e.scaling import SCALING, deployment, least, replicas, until_scaled
from tests.support.resources import condition

FORTY = [{"weight": 40, "for": HOUR}]


@pytest.mark.usefixtures("metrics")
def test_each_version_follows_its_autoscaler_and_nobody_sets_its_pods_back(town: Town) -> None:
    first, second, _ = town.good
    serving = town.begin("scaled", server={"autoscaling": dict(SCALING)}, keep_warm="0s", steps=FORTY)
    serving.until_serves(first)
    assert replicas(serving, first) == 1

    serving.spec["server"]["autoscaling"]["minReplicas"] = 2
    serving.apply()
    until_scaled(serving, first, to=2)

    with serving.load() as load:
        until_scaled(serving, first, to=3)
        serving.pin(second)
        serving.until_step("Observing")
        # The canary has its share of stable's three pods, and stable keeps what it has.
        assert (least(serving, first), least(serving, second)) == (3, 2)
        serving.stays(lambda _: replicas(serving, first) == 3 and replicas(serving, second) >= 2, "scaled so")

        serving.ask("promote")
        serving.until_serves(second)
        until_scaled(serving, second, to=3)
        serving.until(lambda found: not found["status"].get("draining"), "the old pods are gone")
        serving.stays(lambda _: replicas(serving, second) == 3, "on three pods", seconds=20.0)

    assert load.tally().first_failures == ()
    only = f"HorizontalPodAutoscaler/{deployment(serving, second)['metadata']['name']}"
    assert (town.scene.children("hpa", serving.live()), least(serving, second)) == ([only], 2)
    assert outcomes(serving.status()) == [("Promoted", second), ("First", first)]


def test_shares_by_number_of_pods_and_an_autoscaler_exclude_each_other(town: Town) -> None:
    first, *_ = town.good
    serving = town.begin("refused", server={"autoscaling": dict(SCALING)}, provider="Replicas", steps=FORTY)

    found = serving.until(lambda found: condition(found, "Stalled").get("status") == "True", "it is refused")

    told = condition(found, "Stalled")
    assert told["reason"] == "InvalidRollout"
    assert "spec.rollout.steps[0].weight" in told["message"]
    assert "spec.server.autoscaling" in told["message"]
    serving.stays(lambda found: not town.scene.children("deployments,hpa", found), "without pods")

    del serving.spec["rollout"]["steps"]
    serving.apply()
    serving.until_serves(first)
    town.scene.eventually(lambda: least(serving, first), 1, seconds=30)
