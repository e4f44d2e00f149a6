"""While as many revisions drain as may, a canary can still go, and no further one comes."""

from __future__ import annotations

from copy import deepcopy

from leeboard.api.conditions import timestamp
from leeboard.planning.inference_service.state import MAX_DRAINING
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.reading import told
from tests.unit.planning.inference_service.rolling import a_rollout, ask, part, rolling, until, weights
from tests.unit.planning.inference_service.simulation import SimulatedCluster


def crowded() -> SimulatedCluster:
    """Version 2 has half of the requests, and eight revisions drain."""
    cluster = rolling(a_rollout({"weight": 50, "for": "1h"}))
    until(cluster, "0 Weight Observing 50/50")
    stable, draining = cluster.resource.status.stable, []
    assert stable is not None
    for number in range(MAX_DRAINING):
        made = deepcopy(cluster.deployments[stable.deployment])
        made["metadata"] |= {"name": f"old-{number}", "uid": f"uid-old-{number}", "annotations": {}}
        made["metadata"]["labels"]["leeboard.dev/revision"] = f"old-{number}"
        made["spec"]["replicas"] = 0
        cluster.deployments[f"old-{number}"] = made
        gone = {"name": f"old-{number}", "deployment": f"old-{number}", "since": timestamp(cluster.now)}
        draining.append(stable.model_copy(update=gone))
    status = cluster.resource.status.model_copy(update={"draining": tuple(draining)})
    cluster.resource = cluster.resource.model_copy(update={"status": status})
    return cluster


def test_an_abort_takes_the_requests_away_at_once() -> None:
    cluster = crowded()

    assert ask(cluster, "abort").startswith("Done")
    cluster.step()

    assert weights(cluster) == {"1": 100}
    assert part(cluster, "canary") is None
    assert len(cluster.resource.status.draining) == MAX_DRAINING + 1
    cluster.settle()


def test_a_third_version_takes_the_seconds_requests_at_once_and_waits_for_room() -> None:
    cluster = crowded()
    cluster.versions.append(a_version(3))

    cluster.reconcile()
    cluster.reconcile()

    assert part(cluster, "canary") is None
    assert told(cluster)["UpToDate"] == "False/Starting"
    assert "9 revisions drain, and one of them has to be gone first" in cluster.resource.status.conditions[4].message
    until(cluster, "0 Weight Observing 50/50")
    assert part(cluster, "canary") == "3"


def test_further_pods_by_a_persons_word_are_refused_with_what_they_wait_for() -> None:
    cluster = crowded()
    ask(cluster, "abort")

    said = [ask(cluster, verb, identity=verb) for verb in ("rollback", "restart")]

    assert {item.partition(":")[0] for item in said} == {"Refused"}
    assert all("9 revisions still drain (versions 1, 2): wait for one to go, then ask again" in item for item in said)
