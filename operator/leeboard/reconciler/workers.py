"""N workers that take keys out of the queue and put them back as the verdict says."""

from __future__ import annotations

import asyncio

import structlog

from leeboard.metrics import Metrics
from leeboard.ports import Key
from leeboard.reconciler.loop import Outcome, Verdict, World, reconcile
from leeboard.reconciler.queue import WorkQueue

MAX_CHANGES_IN_A_ROW = 20
_log = structlog.get_logger()


class Workers:
    """Runs passes until stopped; at most ``count`` at a time, and one for each key."""

    def __init__(self, queue: WorkQueue, world: World, metrics: Metrics, *, count: int) -> None:
        self._queue = queue
        self._world = world
        self._metrics = metrics
        self._count = count
        self._tasks: list[asyncio.Task[None]] = []
        self._changes: dict[Key, int] = {}

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._work(), name=f"worker-{number}") for number in range(self._count)]

    async def stop(self, *, seconds: float) -> None:
        """Take no new key; let passes in flight end within ``seconds``, then cancel them."""
        self._queue.close()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> None:
        while (key := await self._queue.get()) is not None:
            try:
                await self._one(key)
            finally:
                self._queue.done(key)

    async def _one(self, key: Key) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        with structlog.contextvars.bound_contextvars(kind=key.kind.value, namespace=key.namespace, name=key.name):
            try:
                verdict = await reconcile(key, self._world)
            except Exception:  # noqa: BLE001 - a defect met by one resource must not stop the others
                _log.exception("a pass failed by a defect")
                verdict = Verdict(Outcome.FAILED, back_off=True)
            self._put_back(key, verdict)
            structlog.contextvars.unbind_contextvars("generation")
        self._metrics.reconcile.labels(key.kind.value, verdict.outcome.value).observe(clock() - begun)

    def _put_back(self, key: Key, verdict: Verdict) -> None:
        if verdict.outcome is Outcome.GONE:
            self._queue.forget(key)
            self._changes.pop(key, None)
            return
        if verdict.back_off or self._is_restless(key, verdict):
            self._queue.retry(key)
            return
        self._queue.succeeded(key)
        if verdict.at_once:
            self._queue.add(key)
        if verdict.after_seconds is not None:
            self._queue.add_after(key, verdict.after_seconds)

    def _is_restless(self, key: Key, verdict: Verdict) -> bool:
        """Whether every pass changes something again: somebody undoes it, or a planner does not see what it did."""
        if not verdict.at_once:
            self._changes.pop(key, None)
            return False
        self._changes[key] = self._changes.get(key, 0) + 1
        if self._changes[key] == MAX_CHANGES_IN_A_ROW:
            _log.error("every pass changes something; slowing down", passes=MAX_CHANGES_IN_A_ROW)
        return self._changes[key] >= MAX_CHANGES_IN_A_ROW
