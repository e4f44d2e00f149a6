"""A status that is lost takes no decision along: what failed, where a rollback goes, which request was answered."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceServiceStatus
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.reading import events, told, versions_of
from tests.unit.planning.inference_service.rolling import (
    GATEWAY,
    a_rollout,
    ask,
    course,
    failed,
    part,
    rolling,
    the_service,
    until,
    where,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster, serving

WARM = a_rollout(rollback={"keepWarm": "1h"})
AT_ONCE = a_rollout({"weight": 10, "for": "1h"})


def lose_status(cluster: SimulatedCluster) -> None:
    """As after a restore."""
    cluster.resource = cluster.resource.model_copy(update={"status": InferenceServiceStatus()})


def after_two_promotions() -> SimulatedCluster:
    """Version 3 serves, and 2 and 1 are kept warm."""
    cluster = serving([a_version(1)], the_service(WARM, GATEWAY, replicas=2))
    for number in (2, 3):
        cluster.versions.append(a_version(number))
        until(cluster, "0 Promotion")
        until(cluster, "settled")
    return cluster


def test_a_version_that_was_aborted_is_not_started_again() -> None:
    cluster = rolling(AT_ONCE)
    until(cluster, "0 Weight Observing")
    ask(cluster, "abort")
    course(cluster)

    lose_status(cluster)
    cluster.advance(20)

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert failed(cluster) == ["2 ByAPerson"]
    assert told(cluster)["UpToDate"] == "False/Aborted"


@pytest.mark.parametrize("ticks", range(1, 6))
def test_a_rollback_in_the_middle_goes_on(ticks: int) -> None:
    cluster = after_two_promotions()
    assert ask(cluster, "rollback").startswith("Done")
    cluster.advance(ticks)

    lose_status(cluster)
    cluster.advance(40)

    assert (part(cluster, "stable"), part(cluster, "canary")) == ("2", None)
    assert failed(cluster) == ["3 RolledBack"]
    assert cluster.resource.status.request is not None


def test_a_request_that_was_answered_is_not_answered_again() -> None:
    cluster = after_two_promotions()
    ask(cluster, "rollback")
    until(cluster, "settled")

    lose_status(cluster)
    cluster.advance(40)

    assert (part(cluster, "stable"), part(cluster, "canary")) == ("2", None)
    assert [item.version for item in cluster.resource.status.previous] == ["1"]


@pytest.mark.parametrize("ticks", range(4, 8))
def test_a_restart_that_was_done_is_not_done_again(ticks: int) -> None:
    cluster = serving([a_version(1)], the_service(WARM, GATEWAY, replicas=2))
    before = cluster.resource.status.stable
    assert ask(cluster, "restart").startswith("Done")
    cluster.advance(ticks)

    lose_status(cluster)
    cluster.advance(40)

    after = cluster.resource.status.stable
    assert before is not None
    assert after is not None
    assert after.name != before.name
    assert list(cluster.deployments) == [after.deployment]
    assert cluster.resource.status.request is not None
    assert cluster.resource.status.request.outcome == "Done"


def test_nothing_is_kept_once_nothing_has_failed() -> None:
    cluster = rolling(AT_ONCE)
    until(cluster, "0 Weight Observing")
    ask(cluster, "abort")
    cluster.advance()
    assert len([name for name in cluster.config_maps if "memory.json" in cluster.config_maps[name]["data"]]) == 1

    ask(cluster, "retry")
    cluster.advance()

    assert [name for name in cluster.config_maps if "memory.json" in cluster.config_maps[name]["data"]] == []


def test_what_somebody_has_spoilt_is_no_memory() -> None:
    cluster = rolling(AT_ONCE)
    until(cluster, "0 Weight Observing")
    ask(cluster, "abort")
    course(cluster)
    for item in cluster.config_maps.values():
        item["data"] = {"memory.json": '{"failed": 7}'}

    lose_status(cluster)
    until(cluster, "0 Weight Observing")

    assert part(cluster, "canary") == "2"


def test_a_way_back_whose_version_is_gone_by_then_leaves_what_serves_in_good_standing() -> None:
    cluster = after_two_promotions()
    ask(cluster, "rollback")
    cluster.advance()
    del cluster.versions[:2]

    lose_status(cluster)
    cluster.advance(40)

    assert where(cluster) == "settled"
    assert (part(cluster, "stable"), failed(cluster)) == ("3", [])
    assert "RollingBack" in events(cluster)
