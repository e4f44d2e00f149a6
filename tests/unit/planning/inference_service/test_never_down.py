"""Random histories without steps: versions appear, the user changes his mind, pods are slow, die, the operator forgets.

At every second: whoever was served goes on being served, the Service is never turned to a revision without its pods, an
old Deployment is never removed while a request can reach it. In the end the newest version serves, nothing is written.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Label
from leeboard.planning.inference_service.world import available_replicas
from leeboard.planning.plan import Apply, Delete, Write
from tests.unit.planning.inference_service.builders import a_service, a_version
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
    Scale,
    Wait,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster

MAX_TICKS = 200

happenings = st.one_of(
    st.builds(NewVersion, st.integers(1, 6)),
    st.builds(Scale, st.integers(1, 4)),
    st.builds(Pin, st.one_of(st.none(), st.integers(0, 3))),
    st.builds(LoseStatus),
    st.builds(Crash, st.integers(0, 4)),
    st.builds(LoseCanary),
    st.builds(Wait, st.integers(1, 12)),
)


class Switched(History):
    """A service whose requests all go to one version, then to another."""

    def __init__(self, *, lag: int) -> None:
        super().__init__(SimulatedCluster(a_service(), [a_version(1)], lag=lag), replicas=1)
        self.was_serving = False

    def service(self) -> InferenceService:
        return a_service(version=self.pinned, replicas=self.replicas)

    def suffer(self, happening: Ask | LoseCanary | Lose) -> None:
        assert isinstance(happening, LoseCanary)
        canary = self.cluster.resource.status.canary
        if canary is None or self.cluster.resource.status.stable is None:
            return
        if self.cluster.selected() == canary.name:
            self.was_serving = False  # nobody can help that; from the next second on requests go back to stable
        for name in self.cluster.pods:
            if self.cluster.pods[name]["deployment"] == canary.deployment:
                self.cluster.born[name] = self.cluster.tick

    def check_requests(self) -> None:
        """Whoever was served is served."""
        answering = self.cluster.answering()
        assert answering or not self.was_serving, f"nobody answers at second {self.cluster.tick}"
        self.was_serving = bool(answering)

    def check_write(self, write: Write) -> None:
        """The order: capacity, switch, confirmation, removal."""
        match write:
            case Apply(manifest, _) if manifest["kind"] == "Service":
                if (revision := manifest["spec"]["selector"].get(Label.REVISION)) is not None:
                    self.check_switch(revision)
            case Delete(ref, _):
                self.check_removal(ref.name)
            case _:
                pass

    def check_switch(self, revision: str) -> None:
        """Whoever is selected has all the pods that are asked for, or at least more of them than who was."""
        available = {
            item["metadata"]["labels"][Label.REVISION]: available_replicas(item)
            for item in self.cluster.deployments.values()
        }
        before = available.get(self.cluster.selected() or "", 0)
        assert available.get(revision, 0) >= self.replicas or before == 0, (revision, available)

    def check_removal(self, name: str) -> None:
        """No request can reach what is removed: not by the Service, not by an endpoint."""
        labels = self.cluster.deployments[name]["metadata"]["labels"]
        assert self.cluster.selected() != labels[Label.REVISION]
        uids = {item["targetRef"]["uid"] for item in self.cluster.endpoints if item["conditions"]["ready"]}
        mine = {pod["metadata"]["uid"] for pod in self.cluster.pods.values() if pod["deployment"] == name}
        assert not uids & mine

    def end(self) -> None:
        """Left alone it arrives, and then writes nothing."""
        for _ in range(MAX_TICKS):
            self.run(1)
            if self.has_arrived() and self.cluster.is_settled():
                break
        self.run(self.cluster.lag)
        wanted = self.pinned or str(len(self.cluster.versions))
        assert self.cluster.answering() == [f"car-loan-v{wanted}"] * self.replicas
        self.check_arrived()

    def has_arrived(self) -> bool:
        status = self.cluster.resource.status
        ready = status.stable.ready_replicas if status.stable else 0
        return status.canary is None and not status.draining and ready == self.replicas


@settings(max_examples=60, deadline=None)
@given(lag=st.integers(1, 4), history=st.lists(happenings, max_size=12))
def test_no_request_is_lost_whatever_happens_and_the_newest_version_serves_in_the_end(
    lag: int, history: list[Happening]
) -> None:
    life = Switched(lag=lag)
    life.cluster.reconcile()

    for happening in history:
        life.happen(happening)

    life.end()
