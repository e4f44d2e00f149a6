"""Random histories of rollouts, and every crash of a few chosen ones: what must hold, and in the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.api.traffic import Traffic
from leeboard.planning.plan import Apply, Create, Delete, JsonPatch, Plan, Write
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.rolling import GATEWAY, REPLICAS, a_rollout, ask, the_service
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster, serving

SHORT = a_rollout({"weight": 25, "for": "3s"}, {"weight": 75, "for": "3s"})
SHORTEST = a_rollout({"weight": 50, "for": "1s"})
REPLICAS_OF_STABLE = 4
VERBS = ("promote", "abort", "pause", "resume", "retry", "skip-step", "rollback", "restart")


@dataclass(frozen=True)
class NewVersion:
    """A version is approved."""


@dataclass(frozen=True)
class Pin:
    """The user pins one of the versions, counted from the newest."""

    back: int


@dataclass(frozen=True)
class Ask:
    """A person asks for something."""

    verb: str


@dataclass(frozen=True)
class Lose:
    """So many pods of a part stop answering, for so long."""

    part: str
    pods: int
    ticks: int


@dataclass(frozen=True)
class Crash:
    """The operator writes so many objects of its plan, and not its status."""

    writes: int


@dataclass(frozen=True)
class LoseStatus:
    """The status is gone, as after a restore."""


@dataclass(frozen=True)
class Wait:
    """Nothing happens for a while."""

    ticks: int


Happening = NewVersion | Pin | Ask | Lose | Crash | LoseStatus | Wait
happenings = st.one_of(
    st.builds(NewVersion),
    st.builds(Pin, st.integers(0, 2)),
    st.builds(Ask, st.sampled_from(VERBS)),
    st.builds(Lose, st.sampled_from(["stable", "canary"]), st.integers(1, 4), st.integers(1, 8)),
    st.builds(Crash, st.integers(0, 4)),
    st.builds(LoseStatus),
    st.builds(Wait, st.integers(1, 10)),
)


class Life:
    """One service, what happens to it, and what must hold."""

    def __init__(self) -> None:
        self.cluster = serving([a_version(1)], the_service(SHORT, replicas=REPLICAS_OF_STABLE))
        self.numbers = itertools.count()
        self.place: tuple[str, str, int] | None = None

    def happen(self, happening: Happening) -> None:
        cluster = self.cluster
        match happening:
            case NewVersion():
                cluster.versions.append(a_version(len(cluster.versions) + 1))
            case Pin(back):
                chosen = str(max(1, len(cluster.versions) - back))
                cluster.change(the_service(SHORT, replicas=REPLICAS_OF_STABLE, version=chosen))
            case Ask(verb):
                ask(cluster, verb, identity=f"r{next(self.numbers)}")
                self.place = None
            case Lose(part, pods, ticks):
                self.lose(part, pods, ticks)
            case Crash(writes):
                for write in cluster.planned().writes[:writes]:
                    cluster.carry_out(write)
            case LoseStatus():
                metadata = cluster.resource.metadata
                cluster.resource = cluster.resource.model_copy(
                    update={"status": type(cluster.resource.status)(), "metadata": metadata}
                )
                self.place = None
            case Wait(ticks):
                self.run(ticks)
        self.run(1)

    def lose(self, part: str, pods: int, ticks: int) -> None:
        revision = getattr(self.cluster.resource.status, part)
        if revision is None:
            return
        mine = self.cluster.ready_pods(revision.deployment)
        for name in mine[:pods]:
            self.cluster.born[name] = self.cluster.tick + ticks

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.cluster.step()
            made = self.cluster.planned()
            for write in made.writes:
                self.check(write)
            self.cluster.carry_through(made)
            self.check_step(made)
            self.check_route()

    def check(self, write: Write) -> None:
        match write:
            case Delete(ref, _) if ref.kind == "Deployment":
                assert self.revision_of(ref.name) not in self.shares(self.cluster.obeyed), "requests reach it still"
            case _:
                pass

    def check_step(self, made: Plan) -> None:
        """No step is jumped, but by a person."""
        assert made.status is not None
        status = self.cluster.resource.status
        if status.canary is None or status.step is None or status.stable is None:
            self.place = None
            return
        place = (status.canary.name, status.canary.since, status.step.index)
        if self.place is not None and self.place[:2] == place[:2]:
            assert place[2] - self.place[2] in {0, 1}
        self.place = place

    def check_route(self) -> None:
        """Weights are all of the requests, none goes to an empty version, none is more than ready pods carry."""
        shares = self.shares((self.cluster.routes or {}).get("car-loan"))
        assert sum(shares.values()) == 100
        ready = {self.revision_of(name): len(self.cluster.ready_pods(name)) for name in self.cluster.deployments}
        status = self.cluster.resource.status
        roles = {item.name for item in (status.stable, status.canary) if item is not None}
        for revision, share in shares.items():
            if any(ready.get(other, 0) for other in roles - {revision}):
                assert ready.get(revision, 0) > 0, (shares, ready)
            if status.canary is not None and revision == status.canary.name and len(shares) == 2:
                assert share <= 100 * ready.get(revision, 0) // REPLICAS_OF_STABLE, (shares, ready)

    def shares(self, route: Manifest | None) -> dict[str, int]:
        """Percent by revision."""
        if route is None:
            return {}
        return {self.revision_of(item["name"]): item["weight"] for item in route["spec"]["rules"][-1]["backendRefs"]}

    def revision_of(self, deployment: str) -> str:
        service = self.cluster.services.get(deployment) or self.cluster.deployments[deployment]
        labels = service["spec"]["selector"]
        return str(labels.get("matchLabels", labels)[Label.REVISION])

    def end(self) -> None:
        """Left alone it arrives, and then writes nothing."""
        self.cluster.startup_of.clear()
        if self.cluster.resource.status.paused is not None:
            ask(self.cluster, "resume", identity="last")
        for _ in range(150):
            self.run(1)
            status = self.cluster.resource.status
            is_over = status.canary is None and not status.draining and self.cluster.is_settled()
            if is_over and self.cluster.answering():  # pods that were lost come back by themselves
                break
        assert self.cluster.is_settled()
        assert self.cluster.resource.status.canary is None
        assert len(self.cluster.deployments) == 1
        assert len(set(self.cluster.answering())) == 1
        assert self.cluster.planned().writes == ()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(happenings, max_size=10))
def test_whatever_happens_requests_go_where_pods_answer_and_it_arrives(history: list[Happening]) -> None:
    life = Life()

    for happening in history:
        life.happen(happening)

    life.end()


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
