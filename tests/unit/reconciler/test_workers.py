"""Workers: verdicts become places in the queue, and a defect stops nobody else."""

import asyncio
from datetime import datetime

import pytest

from leeboard.api.training_job import TrainingJob
from leeboard.metrics import Metrics
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import Create, Plan
from leeboard.reconciler.queue import WorkQueue
from leeboard.reconciler.workers import MAX_CHANGES_IN_A_ROW, Workers
from tests.unit.reconciler.passes import KEY, Stage, TinyKind, job, stage


def count(metrics: Metrics, outcome: str) -> float:
    value = metrics.registry.get_sample_value(
        "leeboard_reconcile_seconds_count", {"kind": "TrainingJob", "outcome": outcome}
    )
    return value or 0.0


async def until(metrics: Metrics, outcome: str, *, passes: int) -> None:
    async with asyncio.timeout(5):
        while count(metrics, outcome) < passes:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.001)


async def test_a_change_is_looked_at_again_until_it_settles() -> None:
    scene, queue, metrics = stage(Plan(writes=(Create(job()),)), Plan()), WorkQueue(), Metrics()
    workers = Workers(queue, scene.world, metrics, count=2)
    queue.add(KEY)
    workers.start()

    await until(metrics, "settled", passes=1)
    await workers.stop(seconds=1)

    assert count(metrics, "changed") == 1
    assert scene.cluster.written == [Create(job())]


async def test_a_defect_is_counted_and_the_key_comes_back() -> None:
    class Broken(TinyKind):
        def plan(
            self, resource: TrainingJob, facts: tuple[Rejection, ...], /, *, defaults: Defaults, now: datetime
        ) -> Plan:
            if len(self.seen) == 1:
                raise ZeroDivisionError
            return super().plan(resource, facts, defaults=defaults, now=now)

    scene, queue, metrics = Stage(Broken([Plan()])), WorkQueue(), Metrics()
    workers = Workers(queue, scene.world, metrics, count=1)
    queue.add(KEY)
    workers.start()

    await until(metrics, "settled", passes=1)
    await workers.stop(seconds=1)

    assert count(metrics, "failed") == 1


async def test_a_planner_that_always_changes_something_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, queue, metrics = stage(Plan(writes=(Create(job()),))), WorkQueue(), Metrics()
    retried: list[object] = []
    monkeypatch.setattr(queue, "retry", retried.append)
    workers = Workers(queue, scene.world, metrics, count=1)
    queue.add(KEY)
    scene.cluster.put({**job(), "metadata": {**job()["metadata"], "ownerReferences": [_controller(scene)]}})
    workers.start()

    await until(metrics, "changed", passes=MAX_CHANGES_IN_A_ROW)
    await workers.stop(seconds=1)

    assert retried == [KEY]


async def test_stopping_waits_for_the_pass_in_flight_and_cancels_one_that_takes_too_long() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    class Slow(TinyKind):
        async def observe(self, *_: object, **__: object) -> tuple[()]:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return ()

    queue = WorkQueue()
    workers = Workers(queue, Stage(Slow([Plan()])).world, Metrics(), count=1)
    queue.add(KEY)
    workers.start()
    await begun.wait()

    await workers.stop(seconds=0.05)

    assert ended.is_set()


def _controller(scene: Stage) -> dict[str, object]:
    return {"controller": True, "uid": scene.stored["metadata"]["uid"]}
