"""Random histories of rollouts behind a gateway: what must hold at every second, and in the end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.api.rollout import Rollout
from leeboard.planning.plan import Delete, Write
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.histories import (
    Ask,
    Crash,
    Happening,
    History,
    Lose,
    LoseCanary,
    LoseStatus,
    NewVersion,
    Pin,
    Wait,
)
from tests.unit.planning.inference_service.rolling import ERRORS, a_rollout, answer, ask, the_service
from tests.unit.planning.inference_service.simulation import serving

SHORT = a_rollout({"weight": 25, "for": "3s"}, {"weight": 75, "for": "3s"})
COPIED = a_rollout(
    {"weight": 25, "for": "3s"},
    {"weight": 75, "for": "3s"},
    analysis={**ERRORS, "whenUnderpowered": "ShadowFirst", "maxHold": "10m"},
)
REPLICAS_OF_STABLE = 4
MAX_TICKS = 250
VERBS = ("promote", "abort", "pause", "resume", "retry", "skip-step", "rollback", "restart")

happenings = st.one_of(
    st.builds(NewVersion),
    st.builds(Pin, st.integers(0, 2)),
    st.builds(Ask, st.sampled_from(VERBS)),
    st.builds(Lose, st.sampled_from(["stable", "canary"]), st.integers(1, 4), st.integers(1, 8)),
    st.builds(Crash, st.integers(0, 4)),
    st.builds(LoseStatus),
    st.builds(Wait, st.integers(1, 10)),
)


class Split(History):
    """A service whose requests a gateway splits between two versions, step by step."""

    def __init__(self, rollout: Rollout) -> None:
        self.rollout = rollout
        first = the_service(rollout, replicas=REPLICAS_OF_STABLE)
        super().__init__(serving([a_version(1)], first), replicas=REPLICAS_OF_STABLE)
        self.numbers = itertools.count()
        self.place: tuple[str, str, int] | None = None

    def service(self) -> InferenceService:
        return the_service(self.rollout, replicas=self.replicas, version=self.pinned)

    def suffer(self, happening: Ask | LoseCanary | Lose) -> None:
        match happening:
            case Ask(verb):
                ask(self.cluster, verb, identity=f"r{next(self.numbers)}")
                self.place = None
            case Lose(part, pods, ticks):
                self.lose(part, pods, ticks)
            case LoseCanary():
                raise AssertionError("Lose says it")

    def lose(self, part: str, pods: int, ticks: int) -> None:
        revision = getattr(self.cluster.resource.status, part)
        if revision is None:
            return
        mine = self.cluster.ready_pods(revision.deployment)
        for name in mine[:pods]:
            self.cluster.born[name] = self.cluster.tick + ticks

    def lose_status(self) -> None:
        super().lose_status()
        self.place = None

    def check_write(self, write: Write) -> None:
        match write:
            case Delete(ref, _) if ref.kind == "Deployment":
                assert self.revision_of(ref.name) not in self.shares(self.cluster.obeyed), "requests reach it still"
            case _:
                pass

    def check_requests(self) -> None:
        """Clients send theirs, and every one is answered."""
        answer(self.cluster, requests=20)

    def check_progress(self) -> None:
        self.check_step()
        self.check_route()

    def check_step(self) -> None:
        """No step is jumped, but by a person."""
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
        for _ in range(MAX_TICKS):
            self.run(1)
            status = self.cluster.resource.status
            is_over = status.canary is None and not status.draining and self.cluster.is_settled()
            if is_over and self.cluster.answering():  # pods that were lost come back by themselves
                break
        self.check_arrived()
        assert self.cluster.planned().writes == ()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(happenings, max_size=10))
@pytest.mark.parametrize("rollout", [pytest.param(SHORT, id="by time"), pytest.param(COPIED, id="copied first")])
def test_whatever_happens_requests_go_where_pods_answer_and_it_arrives(
    rollout: Rollout, history: list[Happening]
) -> None:
    life = Split(rollout)

    for happening in history:
        life.happen(happening)

    life.end()
