"""A kind that a cluster may lack: absent is certain, doubted is unknown, and who cares is told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from leeboard.adapters.kubernetes.cache import Cache, Presence
from leeboard.adapters.kubernetes.client import ApiClient, NotFoundError, Request
from leeboard.adapters.kubernetes.cluster import KubernetesCluster
from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.adapters.kubernetes.listing import Lister
from leeboard.api.names import Label
from leeboard.api.resource import Manifest, Metadata
from leeboard.errors import TransientError
from leeboard.planning.facts import Children, Unknown

ROUTE = ObjectKind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", is_optional=True)
JOB = ObjectKind("batch/v1", "Job", "jobs")
OWNER = Metadata(name="loans", namespace="team", uid="owner")


def route(name: str = "route", *, version: str = "5") -> Manifest:
    labels = {Label.UID.value: "owner"}
    metadata = {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": version, "labels": labels}
    return {"apiVersion": ROUTE.api_version, "kind": "HTTPRoute", "metadata": metadata}


class Answers(ApiClient):
    """An API server that answers each LIST with the next of ``lists``."""

    def __init__(self, lists: list[Manifest | Exception]) -> None:
        self.lists = lists

    async def send(self, request: Request) -> Manifest:
        assert request.path in {ROUTE.path(), JOB.path()}
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


GONE = NotFoundError("the server could not find the requested resource")


def listed(*items: Manifest, version: str = "10") -> Manifest:
    return {"metadata": {"resourceVersion": version}, "items": list(items)}


@dataclass
class Scene:
    turns: list[str] = field(default_factory=list)
    cache: Cache = field(init=False)
    cluster: KubernetesCluster = field(init=False)

    def __post_init__(self) -> None:
        self.cache = Cache((ROUTE,), on_change=lambda *_: None, on_presence=self._turned, steady=lambda: 0.0)
        gate = WriteGate(steady=lambda: 0.0, renew_deadline=10)
        self.cluster = KubernetesCluster(
            Answers([]), self.cache, gate, now=lambda: datetime(2026, 1, 1, tzinfo=UTC), instance="test"
        )

    def _turned(self, kind: str) -> None:
        self.turns.append(f"{kind} {self.cache.presence(kind)}")

    async def look(self, *answers: Manifest | Exception) -> None:
        lister = Lister(Answers(list(answers)), self.cache, (ROUTE,), steady=lambda: 0.0)
        for _ in answers:
            await lister.look(ROUTE)

    def seen(self) -> list[str] | str | None:
        """What an observation makes of it: names, "unknown", or None."""
        if not self.cluster.serves("HTTPRoute"):
            return None
        children = self.cluster.children(OWNER, "HTTPRoute")
        return "unknown" if isinstance(children, Unknown) else [one["metadata"]["name"] for one in children.items]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_before_the_first_look_it_is_unknown_and_nothing_may_be_processed(scene: Scene) -> None:
    await scene.look(TransientError("no answer"))

    assert scene.seen() == "unknown"
    assert not scene.cache.is_complete


async def test_a_kind_that_was_never_there_is_absent_at_once(scene: Scene) -> None:
    await scene.look(GONE)

    assert scene.seen() is None
    assert scene.cache.is_complete
    assert scene.turns == []


async def test_a_kind_that_comes_is_told_when_its_objects_are_all_known(scene: Scene) -> None:
    await scene.look(GONE, GONE, TransientError("busy"))
    assert scene.turns == []

    await scene.look(listed(route()))

    assert scene.seen() == ["route"]
    assert scene.turns == ["HTTPRoute Listed"]


async def test_one_404_makes_its_objects_unknown_and_a_second_makes_it_absent(scene: Scene) -> None:
    await scene.look(listed(route()), GONE)
    assert scene.seen() == "unknown"
    assert scene.cache.is_complete

    await scene.look(GONE)

    assert scene.seen() is None
    assert scene.turns == ["HTTPRoute Doubted", "HTTPRoute Absent"]
    assert scene.cache.sizes() == {"HTTPRoute": 0}


async def test_a_404_that_was_wrong_costs_nothing(scene: Scene) -> None:
    await scene.look(listed(route()), GONE, listed(route()))

    assert scene.seen() == ["route"]
    assert scene.turns == ["HTTPRoute Doubted", "HTTPRoute Listed"]


async def test_an_error_is_no_absence(scene: Scene) -> None:
    await scene.look(listed(route()), TransientError("503"), TransientError("503"))

    assert scene.seen() == ["route"]


async def test_the_same_name_with_a_new_uid_is_there_after_the_kind_came_back(scene: Scene) -> None:
    again = route(version="30")
    again["metadata"]["uid"] = "uid-again"
    await scene.look(listed(route()), GONE, GONE, listed(again, version="40"))

    assert scene.cluster.children(OWNER, "HTTPRoute") == Children((again,))


async def test_a_kind_that_every_cluster_has_is_never_absent() -> None:
    cache = Cache((JOB,), on_change=lambda *_: None, steady=lambda: 0.0)
    await Lister(Answers([GONE]), cache, (JOB,), steady=lambda: 0.0).look(JOB)

    assert cache.presence("Job") is Presence.UNLISTED
    assert not cache.is_complete
