"""Random histories of one service: what may happen to it, and how a test lives through it second by second.

A test derives from ``History`` and says what the user's service is and what must hold at every second; what must hold
of every write, whatever splits the requests, is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService
from leeboard.planning.plan import Create, Plan, Write
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.simulation import SimulatedCluster


@dataclass(frozen=True)
class NewVersion:
    """A version is approved; its pods take so long to start, or as long as others."""

    startup: int | None = None


@dataclass(frozen=True)
class Scale:
    """The user asks for so many pods."""

    replicas: int


@dataclass(frozen=True)
class Pin:
    """The user pins one of the versions, counted from the newest; None follows the newest again."""

    back: int | None


@dataclass(frozen=True)
class Ask:
    """A person asks for something."""

    verb: str


@dataclass(frozen=True)
class LoseStatus:
    """The status is gone, as after a restore."""


@dataclass(frozen=True)
class Crash:
    """The operator writes so many objects of its plan, and not its status."""

    writes: int


@dataclass(frozen=True)
class LoseCanary:
    """The pods of what comes up die and start anew."""


@dataclass(frozen=True)
class Lose:
    """So many pods of a part stop answering, for so long."""

    part: str
    pods: int
    ticks: int


@dataclass(frozen=True)
class Wait:
    """Nothing happens for a while."""

    ticks: int


Happening = NewVersion | Scale | Pin | Ask | LoseStatus | Crash | LoseCanary | Lose | Wait


class History(ABC):
    """A simulated cluster, what happens to it, and what must hold at every second."""

    def __init__(self, cluster: SimulatedCluster, *, replicas: int) -> None:
        self.cluster = cluster
        self.replicas = replicas
        self.pinned: str | None = None

    def happen(self, happening: Happening) -> None:
        """One happening, and the second after it."""
        cluster = self.cluster
        match happening:
            case NewVersion(startup):
                number = len(cluster.versions) + 1
                if startup is not None:
                    cluster.startup_of[str(number)] = startup
                cluster.versions.append(a_version(number))
            case Scale(replicas):
                self.replicas = replicas
                cluster.change(self.service())
            case Pin(back):
                self.pinned = None if back is None else str(max(1, len(cluster.versions) - back))
                cluster.change(self.service())
            case LoseStatus():
                self.lose_status()
            case Crash(writes):
                made = cluster.planned()
                self.check_writes(made)
                for write in made.writes[:writes]:
                    cluster.carry_out(write)
            case Wait(ticks):
                self.run(ticks)
            case Ask() | LoseCanary() | Lose():
                self.suffer(happening)
        self.run(1)

    def lose_status(self) -> None:
        """Nothing is left of the status."""
        empty = type(self.cluster.resource.status)()
        self.cluster.resource = self.cluster.resource.model_copy(update={"status": empty})

    def run(self, ticks: int) -> None:
        """Time passes, and the operator looks every second."""
        for _ in range(ticks):
            self.cluster.step()
            self.check_requests()
            made = self.cluster.planned()
            self.check_writes(made)
            self.cluster.carry_through(made)
            self.check_progress()

    def check_writes(self, made: Plan) -> None:
        """A plan says how things stand, and each of its writes is checked before it is carried out."""
        assert made.status is not None
        for write in made.writes:
            if isinstance(write, Create):
                assert write.manifest["metadata"]["name"] not in self.cluster.store(write.manifest["kind"])
            self.check_write(write)

    def check_arrived(self) -> None:
        """Nothing is on its way, and one version is left."""
        assert self.cluster.is_settled()
        assert self.cluster.resource.status.canary is None
        assert len(self.cluster.deployments) == 1
        assert len(set(self.cluster.answering())) == 1

    @abstractmethod
    def service(self) -> InferenceService:
        """The service as the user wants it now."""

    @abstractmethod
    def suffer(self, happening: Ask | LoseCanary | Lose) -> None:
        """What only some histories have."""

    @abstractmethod
    def check_write(self, write: Write) -> None:
        """What must hold of one write."""

    def check_requests(self) -> None:  # noqa: B027 - nothing is asked of what a second brings
        """What must hold of requests before the operator looks."""

    def check_progress(self) -> None:  # noqa: B027
        """What must hold after it looked."""
