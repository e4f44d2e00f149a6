"""Every crash of a few chosen rollouts: an operator that dies after one write ends where one does that lives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leeboard.api.traffic import Traffic
from leeboard.planning.plan import Apply, Create, Delete, JsonPatch, Plan
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.rolling import GATEWAY, REPLICAS, a_rollout, the_service
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster

SHORTEST = a_rollout({"weight": 50, "for": "1s"})


def supersede_and_promote(cluster: SimulatedCluster) -> None:
    cluster.change(the_service(SHORTEST, cluster.resource.spec.traffic, replicas=2, version="2"))
    go_on(cluster, 5)
    cluster.change(the_service(SHORTEST, cluster.resource.spec.traffic, replicas=2, version="3"))


def give_up(cluster: SimulatedCluster) -> None:
    cluster.change(the_service(SHORTEST, cluster.resource.spec.traffic, replicas=2, version="2"))
    go_on(cluster, 5)
    cluster.change(the_service(SHORTEST, cluster.resource.spec.traffic, replicas=2, version="1"))


class Killed(SimulatedCluster):
    """A cluster whose operator dies after one certain write, and starts again a second later."""

    alive_for: int = NEVER

    def carry_through(self, made: Plan) -> None:
        before = len(self.writes)
        if before < self.alive_for <= before + len(made.writes):
            for write in made.writes[: self.alive_for - before]:
                self.carry_out(write)
            return
        super().carry_through(made)


def go_on(cluster: SimulatedCluster, ticks: int) -> None:
    for _ in range(ticks):
        cluster.advance()


def lived(flow: Callable[[SimulatedCluster], None], traffic: Traffic, *, alive_for: int) -> SimulatedCluster:
    """A cluster after a flow, settled."""
    versions = [a_version(1), a_version(2), a_version(3)]
    resource = the_service(SHORTEST, traffic, replicas=2, version="1")
    cluster = Killed(resource, versions)
    cluster.reconcile()
    cluster.settle()
    cluster.writes.clear()
    cluster.alive_for = alive_for
    flow(cluster)
    cluster.settle(within=150)
    return cluster


def left(cluster: SimulatedCluster) -> object:
    """Everything that is there in the end, without uids, generations and times."""
    kinds = (cluster.deployments, cluster.services, cluster.budgets, cluster.routes or {}, cluster.config_maps)
    objects = [
        {name: {"spec": item.get("spec"), "data": item.get("data")} for name, item in kind.items()} for kind in kinds
    ]
    status = cluster.resource.status
    assert status.stable is not None
    return objects, status.stable.name, status.canary, status.draining, status.failed


@pytest.mark.parametrize(
    ("flow", "traffic"),
    [
        pytest.param(supersede_and_promote, GATEWAY, id="superseded, then promoted, by a gateway"),
        pytest.param(supersede_and_promote, REPLICAS, id="superseded, then promoted, by pods"),
        pytest.param(give_up, GATEWAY, id="given up, by a gateway"),
    ],
)
def test_a_crash_after_any_write_ends_in_the_same_objects(
    flow: Callable[[SimulatedCluster], None], traffic: Traffic
) -> None:
    whole = lived(flow, traffic, alive_for=NEVER)

    for number in range(1, len(whole.writes) + 1):
        assert left(lived(flow, traffic, alive_for=number)) == left(whole), f"killed after write {number}"


def test_the_crash_test_sees_writes_of_every_type() -> None:
    whole = lived(supersede_and_promote, GATEWAY, alive_for=NEVER)

    assert {type(write) for write in whole.writes} == {Create, Apply, JsonPatch, Delete}
