"""Watching beside the passes: what is counted is judged, kept, told once; nothing is invented when nobody answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.monitoring.cells import PodCells, PodReport
from leeboard.monitoring.watch import MARK, Watch
from leeboard.planning.monitoring.keeping import memory_writes
from leeboard.planning.plan import Create
from leeboard.ports import Key
from leeboard.reconciler.watching import watcher as module
from leeboard.reconciler.watching.watcher import Surroundings, Watcher
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_measurements import FakeCounters
from tests.support.fake_surroundings import Clock
from tests.support.fake_tracking import FakeTracking
from tests.unit.monitoring.watched import NEXT, PROFILE, REFERENCE, ROWS, rows

UID = "uid-service"
DATA = json.dumps(REFERENCE.document).encode()
DIGEST = f"sha256:{sha256(DATA).hexdigest()}"
KEY = Key(Kind.INFERENCE_SERVICE, "team", "loans")


def a_service(*, runtime: str = "MLflow", **spec: Any) -> Manifest:  # noqa: ANN401
    stable = {"name": "r1", "modelVersion": "loan-v3"}
    return {
        "apiVersion": API_VERSION,
        "kind": "InferenceService",
        "metadata": {"name": "loans", "namespace": "team", "uid": UID},
        "spec": {"model": {"name": "loan"}, "server": {"runtime": runtime}, **spec},
        "status": {"stable": stable},
    }


def a_version(*, has_profile: bool = True) -> Manifest:
    profile = {"profile": {"uri": "runs:/run/leeboard/profile.json", "digest": DIGEST}} if has_profile else {}
    metadata = {"name": "loan-v3", "namespace": "team"}
    return {"apiVersion": API_VERSION, "kind": "ModelVersion", "metadata": metadata, "status": profile}


def a_pod(name: str = "r1-a") -> Manifest:
    labels = {**owner_labels(Kind.INFERENCE_SERVICE, name="loans", uid=UID), "leeboard.dev/revision": "r1"}
    metadata = {"name": name, "namespace": "team", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": {}}


@dataclass
class Scene:
    """One service, its pod, and what the pod counted."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    counters: FakeCounters = field(default_factory=FakeCounters)
    tracking: FakeTracking = field(default_factory=lambda: FakeTracking(profiles={DIGEST: DATA}))
    clock: Clock = field(default_factory=Clock)
    told: list[Key] = field(default_factory=list)
    service: Manifest = field(default_factory=a_service)
    watcher: Watcher = field(init=False)

    def __post_init__(self) -> None:
        self.cluster.put(a_version())
        self.cluster.put(a_pod())
        self.counters.counted["r1-a"] = PodReport(PodCells("r1-a", "r1", "1", PROFILE.digest, PROFILE.empty))
        self.restart()

    def restart(self, *, interval: float = 15.0) -> None:
        """Another operator, which knows nothing."""
        self.watcher = Watcher(
            Surroundings(
                self.cluster,
                self.counters,
                self.tracking,
                self.clock,
                services=lambda: [self.service] if self.service else [],
                changed=self.told.append,
                jitter=lambda: 0.5,
                interval=interval,
            )
        )

    def serve(self, *, seed: int = 3, shift: float = 0.0) -> None:
        cells = self.counters.counted["r1-a"].cells.cells + REFERENCE.window(rows(seed, shift=shift))
        self.counters.counted["r1-a"] = PodReport(PodCells("r1-a", "r1", "1", PROFILE.digest, cells))

    async def look(self, *, hours: float = 0.0) -> Watch | None:
        self.clock.at += timedelta(hours=hours)
        await self.watcher.look(self.service)
        return self.watcher.known(Metadata.model_validate(self.service["metadata"]))

    def keep(self) -> None:
        """A pass writes what has to be written."""
        owner = Metadata.model_validate(self.service["metadata"])
        maps = [item for ref, item in self.cluster.objects.items() if ref.kind == "ConfigMap"]
        for write in memory_writes(owner, maps, self.watcher.known(owner)):
            manifest = {**write.manifest, "kind": "ConfigMap"}  # type: ignore[union-attr]
            if isinstance(write, Create):
                manifest["metadata"]["ownerReferences"] = [controller_reference(Kind.INFERENCE_SERVICE, owner)]
            self.cluster.put(manifest)


async def test_what_a_pod_counts_in_a_day_is_judged_and_told_once() -> None:
    scene = Scene()
    await scene.look()
    scene.serve()
    scene.told.clear()
    for _ in range(3):
        await scene.look(hours=0.1)
    assert scene.told == []
    watch = await scene.look(hours=23.7)
    assert watch is not None
    drift = watch.reports["r1"].drift
    assert drift is not None
    assert (drift.verdict, drift.rows, scene.told) == ("Stable", ROWS, [KEY])


async def test_another_operator_goes_on_where_the_config_map_ends() -> None:
    scene = Scene()
    await scene.look()
    scene.serve()
    await scene.look(hours=0.5)
    scene.keep()
    scene.serve(seed=4)
    scene.restart()
    watch = await scene.look(hours=23.5)
    assert watch is not None
    drift = watch.reports["r1"].drift
    assert drift is not None
    assert drift.rows == 2 * ROWS


async def test_a_new_operator_has_each_watched_service_looked_at_once() -> None:
    scene = Scene()
    await scene.look()
    scene.keep()
    scene.restart()
    scene.told.clear()
    await scene.look()
    await scene.look()
    assert scene.told == [KEY]


async def test_nothing_is_written_while_nothing_ends() -> None:
    scene = Scene()
    await scene.look()
    scene.keep()
    (before,) = [item["data"][MARK] for ref, item in scene.cluster.objects.items() if ref.kind == "ConfigMap"]
    versions = [item["metadata"]["resourceVersion"] for item in scene.cluster.objects.values()]
    scene.serve()
    watch = await scene.look(hours=0.2)
    scene.keep()
    assert watch is not None
    assert watch.mark == before
    assert [item["metadata"]["resourceVersion"] for item in scene.cluster.objects.values()] == versions


async def test_mlflow_that_is_down_delays_the_verdict_and_loses_no_row() -> None:
    scene = Scene()
    await scene.look()
    scene.serve()
    scene.tracking.is_down = True
    watch = await scene.look(hours=24)
    assert watch is not None
    assert "r1" not in watch.reports
    scene.tracking.is_down = False
    watch = await scene.look(hours=0.2)
    assert watch is not None
    assert watch.reports["r1"].drift.rows == ROWS  # type: ignore[union-attr]


async def test_without_its_profile_a_service_is_not_judged_and_nothing_is_forgotten() -> None:
    scene = Scene()
    scene.tracking.is_down = True
    assert await scene.look() is None
    scene.tracking.is_down = False
    watch = await scene.look()
    assert watch is not None
    assert watch.was_stable == ("r1",)


async def test_a_canary_whose_profile_is_lost_does_not_blind_what_serves() -> None:
    scene = Scene()
    other = a_version()
    other["metadata"] = {"name": "loan-v4", "namespace": "team"}
    other["status"]["profile"]["digest"] = f"sha256:{0:064x}"
    scene.cluster.put(other)
    scene.service["status"]["canary"] = {"name": "r2", "modelVersion": "loan-v4"}
    await scene.look()
    scene.serve()
    watch = await scene.look(hours=24)
    assert watch is not None
    assert watch.reports["r1"].drift.rows == ROWS  # type: ignore[union-attr]
    assert watch.reports.keys() == {"r1"}


async def test_a_version_that_was_watched_before_is_waited_for() -> None:
    scene = Scene()
    data = json.dumps(NEXT.document).encode()
    digest = f"sha256:{sha256(data).hexdigest()}"
    scene.tracking.profiles[digest] = data
    other = a_version()
    other["metadata"] = {"name": "loan-v4", "namespace": "team"}
    other["status"]["profile"]["digest"] = digest
    scene.cluster.put(other)
    scene.service["status"]["canary"] = {"name": "r2", "modelVersion": "loan-v4"}
    await scene.look()
    scene.keep()
    scene.restart()
    del scene.tracking.profiles[digest]
    waiting = await scene.look()
    assert waiting is not None
    assert (set(waiting.blind), set(waiting.memory.windows.revisions)) == ({"r2"}, {"r1", "r2"})
    scene.tracking.profiles[digest] = data
    watch = await scene.look()
    assert watch is not None
    assert watch.memory.windows.revisions.keys() == {"r1", "r2"}


async def test_an_operator_without_a_profile_that_was_there_before_forgets_no_row() -> None:
    scene = Scene()
    await scene.look()
    scene.keep()
    scene.serve()
    scene.restart()
    scene.tracking.is_down = True
    assert await scene.look(hours=0.5) is None
    scene.tracking.is_down = False
    watch = await scene.look(hours=23.5)
    assert watch is not None
    assert watch.reports["r1"].drift.rows == ROWS  # type: ignore[union-attr]


async def test_a_profile_that_can_never_be_read_is_told_with_its_fault_until_it_can() -> None:
    scene = Scene()
    scene.tracking.profiles[DIGEST] = b"{}"
    watch = await scene.look()
    await scene.look()
    assert watch is not None
    assert watch.blind.keys() == {"r1"}
    assert "schema" in watch.blind["r1"]
    assert (watch.memory.windows.revisions, scene.told) == ({}, [KEY])
    scene.tracking.profiles[DIGEST] = DATA
    watch = await scene.look()
    assert watch is not None
    assert (watch.blind, watch.was_stable, scene.told) == ({}, ("r1",), [KEY, KEY])


async def test_services_that_count_nothing_are_not_polled() -> None:
    for change in ({"service": a_service(runtime="Seldon")}, {"service": {**a_service(), "status": {}}}):
        scene = Scene()
        scene.service = change["service"]
        watch = await scene.look()
        assert watch == Watch()
        assert scene.told == []
    bare = Scene()
    bare.cluster.put(a_version(has_profile=False))
    assert await bare.look() == Watch()


async def test_the_cache_is_waited_for() -> None:
    scene = Scene()
    scene.cluster.is_complete = False
    assert await scene.look() is None


async def test_all_services_are_polled_for_ever_and_forgotten_when_they_are_gone() -> None:
    scene = Scene()
    scene.restart(interval=0.01)
    owner = Metadata.model_validate(scene.service["metadata"])
    task = asyncio.create_task(scene.watcher.watch_for_ever())
    try:
        async with asyncio.timeout(20):
            while scene.watcher.known(owner) is None:  # noqa: ASYNC110 - polled, with a deadline
                await asyncio.sleep(0.01)
            scene.service = {}
            while scene.watcher.known(owner) is not None:  # noqa: ASYNC110 - polled, with a deadline
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert module.POLL_SECONDS == 15


async def test_a_pod_that_is_told_to_end_is_asked_until_it_has_ended_however_long_the_interval() -> None:
    """The rows come after the news, as the last requests of a server that drains do."""
    scene = Scene()
    await scene.look()
    scene.restart(interval=3600.0)
    owner = Metadata.model_validate(scene.service["metadata"])
    scene.keep()
    task = asyncio.create_task(scene.watcher.watch_for_ever())

    def rows_known() -> int:
        watch = scene.watcher.known(owner)
        return -1 if watch is None else watch.memory.windows.revisions["r1"].season.cells.rows

    async def until(rows: int) -> None:
        async with asyncio.timeout(20):
            while rows_known() != rows:  # noqa: ASYNC110 - polled, with a deadline
                await asyncio.sleep(0.01)

    try:
        await asyncio.sleep(0)
        await scene.watcher.look(scene.service)
        scene.serve()
        leaving = a_pod()
        leaving["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z"
        leaving["status"] = {"phase": "Running"}
        scene.cluster.put(leaving)
        scene.watcher.noticed("Pod", leaving)
        await until(ROWS)
        scene.serve(seed=4)
        await until(2 * ROWS)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
