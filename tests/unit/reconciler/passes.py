"""A world in memory with one tiny kind: its plan is whatever the test says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from leeboard.api.names import API_VERSION, Kind
from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import ObjectRef, Plan
from leeboard.ports import Key, Sources
from leeboard.reconciler.kind import KindEntry
from leeboard.reconciler.loop import World
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_surroundings import sources
from tests.support.fake_tracking import FakeTracking

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Key(Kind.TRAINING_JOB, "team", "train")
REF = ObjectRef(API_VERSION, "TrainingJob", "team", "train")
DEFAULTS = Defaults(cluster="test", runtime_image="runtime", tracking_uri="http://mlflow")


class StoppedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class TinyKind:
    """Plans what ``plans`` says, one a pass and the last one for ever, and records what it was shown."""

    plans: list[Plan]
    seen: list[tuple[Rejection, ...]] = field(default_factory=list)

    async def observe(
        self, resource: TrainingJob, /, *, sources: Sources, rejections: tuple[Rejection, ...]
    ) -> tuple[Rejection, ...]:
        del resource, sources
        self.seen.append(rejections)
        return rejections

    def plan(
        self, resource: TrainingJob, facts: tuple[Rejection, ...], /, *, defaults: Defaults, now: datetime
    ) -> Plan:
        del resource, facts
        assert (defaults, now) == (DEFAULTS, NOW)
        return self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]


@dataclass
class Stage:
    """World and fakes of one test."""

    kind: TinyKind
    cluster: FakeCluster = field(default_factory=FakeCluster)
    tracking: FakeTracking = field(default_factory=FakeTracking)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        entry = KindEntry(TrainingJob.model_validate, self.kind.observe, self.kind.plan)
        self.world = World(sources(self.cluster, self.tracking), StoppedClock(), DEFAULTS, {Kind.TRAINING_JOB: entry})
        self.cluster.put(training_job())

    @property
    def stored(self) -> Manifest:
        return self.cluster.objects[REF]


def stage(*plans: Plan) -> Stage:
    return Stage(TinyKind(list(plans)))


def training_job() -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "TrainingJob",
        "metadata": {"name": "train", "namespace": "team", "generation": 1},
        "spec": {"model": "loan", "template": {}},
    }


def job(name: str = "job", **metadata: object) -> Manifest:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "team", **metadata}}
