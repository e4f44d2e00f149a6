"""The numbers of a rollout: whom they are asked of, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from leeboard.api.inference_service import InferenceService, InferenceServiceStatus, Revision
from leeboard.api.names import Kind, owner_labels
from leeboard.api.resource import Manifest
from leeboard.api.rollout import Analysis, Check, ErrorRate, PrometheusSource, Rollout
from leeboard.monitoring.counts import Answer, PodCounts, RequestCounts
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service import Needs
from leeboard.reconciler.measurements import Answers, Counts, measurements
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_measurements import FakeCounters, FakeQueries
from tests.support.fake_surroundings import sources
from tests.unit.planning.inference_service.builders import a_service


def a_revision(name: str) -> Revision:
    return Revision(
        name=name,
        model_version=f"loan-{name}",
        version="1",
        digest=f"sha256:{1:064x}",
        deployment=name,
        image="runtime:1",
        template_hash="t",
        since="2026-03-01T12:00:00Z",
    )


def in_rollout(*, source: str | None = None) -> InferenceService:
    """Revision ``new`` beside ``old``, analysed by the pods' counters or by those of a Prometheus server."""
    status = InferenceServiceStatus(stable=a_revision("old"), canary=a_revision("new"))
    check = Check(name="errors", error_rate=ErrorRate(margin="0.01"))
    analysis = Analysis(checks=(check,), source=PrometheusSource(provider=source) if source else None)
    service = a_service(status=status)
    spec = service.spec.model_copy(update={"rollout": Rollout(analysis=analysis)})
    return service.model_copy(update={"spec": spec})


def a_pod(name: str, revision: str) -> Manifest:
    labels = owner_labels(Kind.INFERENCE_SERVICE, name="car-loan", uid="uid-service")
    metadata = {"name": name, "namespace": "team", "labels": {**labels, "leeboard.dev/revision": revision}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def counted(pod: str, revision: str, requests: int, *answers: Answer) -> PodCounts:
    return PodCounts(pod, revision, "started", RequestCounts(requests), answers)


ANSWER = Answer("hash", (1.0,))
BY_POD = {"old-0": counted("old-0", "old", 90, ANSWER), "new-0": counted("new-0", "new", 10, ANSWER)}
BY_PROMETHEUS = {"old-0": counted("old-0", "old", 80), "new-0": counted("new-0", "new", 8)}


@dataclass
class Scene:
    """A service with pods of its two revisions and of one before them."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    counters: FakeCounters = field(default_factory=lambda: FakeCounters(dict(BY_POD)))
    queries: FakeQueries = field(
        default_factory=lambda: FakeQueries({("main", "up"): 1.0}, {"main": dict(BY_PROMETHEUS)})
    )

    def __post_init__(self) -> None:
        for name, revision in (("old-0", "old"), ("new-0", "new"), ("older-0", "older")):
            self.cluster.put(a_pod(name, revision))

    async def measured(
        self, *, counts: bool = False, answers: bool = False, source: str | None = None, **queries: tuple[str, str]
    ) -> tuple[Counts, Answers]:
        needs = Needs(children=True, model_versions=True, counts=counts, answers=answers, queries=queries)
        found = sources(self.cluster, counters=self.counters, queries=self.queries)
        return await measurements(in_rollout(source=source), needs=needs, sources=found)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def without_answers(counts: PodCounts) -> PodCounts:
    return counted(counts.pod, counts.revision, counts.counts.requests)


async def test_nobody_is_asked_while_nothing_is_needed(scene: Scene) -> None:
    assert await scene.measured() == ({}, {})
    assert await scene.measured(source="main") == ({}, {})
    assert scene.queries.asked == []
    assert [pods for pods, _ in scene.counters.asked if pods] == []


async def test_the_pods_of_both_revisions_are_asked_and_no_others(scene: Scene) -> None:
    counts, _ = await scene.measured(counts=True)

    assert counts == {name: without_answers(found) for name, found in BY_POD.items()}
    assert scene.counters.asked == [(("new-0", "old-0"), False)]


async def test_predictions_come_with_the_counts_when_they_are_needed(scene: Scene) -> None:
    counts, _ = await scene.measured(counts=True, answers=True)

    assert counts == BY_POD


async def test_a_pod_that_does_not_answer_is_unknown_beside_the_others(scene: Scene) -> None:
    del scene.counters.pods["new-0"]

    counts, _ = await scene.measured(counts=True)

    assert counts == {"old-0": without_answers(BY_POD["old-0"]), "new-0": Unknown("pod new-0: no connection")}


async def test_counts_come_from_prometheus_where_the_analysis_says_so(scene: Scene) -> None:
    counts, _ = await scene.measured(counts=True, source="main")

    assert counts == BY_PROMETHEUS
    assert scene.counters.asked == []


async def test_predictions_are_those_of_the_pods_whoever_counts(scene: Scene) -> None:
    del scene.counters.pods["new-0"]

    counts, _ = await scene.measured(counts=True, answers=True, source="main")

    assert counts == {"old-0": counted("old-0", "old", 80, ANSWER), "new-0": counted("new-0", "new", 8)}


async def test_every_query_is_answered_by_the_name_of_its_check(scene: Scene) -> None:
    _, answers = await scene.measured(one=("main", "up"), other=("main", "down"))

    assert answers == {"one": 1.0, "other": Unknown("main: the query has no result of the last 60 s")}


async def test_without_a_complete_cache_no_pod_is_asked(scene: Scene) -> None:
    scene.cluster.is_complete = False

    counts, _ = await scene.measured(counts=True)

    assert counts == {}
