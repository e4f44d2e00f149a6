"""Natural micro-batching: whatever waits while the model is busy goes in the next call; there is no timer.

    submit ─> waiting ──(worker idle)──> in flight ──> answered, each request its own rows
                 ^                           │
                 └── one by one, at the head ┘  a batch that failed as a whole is replayed

The worker holds at most one batch. Requests share it when their keys are equal, at most `max_rows` rows in all, and
only when batching is on. A request that waits longer than `timeout_seconds` is answered 504; a batch that keeps the
worker busy for twice that time means that the worker hangs.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import orjson

from leeboard_runtime import wire
from leeboard_runtime.errors import Refusal
from leeboard_runtime.metrics import ServerMetrics
from leeboard_runtime.packed import Packed
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.shares import outputs_of, shares_of

SWEEP_SECONDS = 0.1
HANG_FACTOR = 2


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Rows in one batch, requests that may wait, seconds that one may wait; `max_rows` 0 turns batching off."""

    max_rows: int
    queue: int
    timeout_seconds: float


class Answered(NamedTuple):
    """A request's rows of the model's answer, and the tokens by which their labels come back."""

    tensors: list[OutputTensor]
    tokens: str | None


Watch = Callable[[Sequence[Packed], Sequence[OutputTensor], int], Sequence[str | None]]
"""Is told of requests that one call of the model has answered, and of the bytes of that call; gives their tokens."""


def nobody(requests: Sequence[Packed], tensors: Sequence[OutputTensor], size: int) -> Sequence[None]:  # noqa: ARG001
    """Watch nothing: there are no tokens."""
    return [None] * len(requests)


class _Pending:
    __slots__ = ("alone", "deadline", "future", "packed")

    def __init__(self, packed: Packed, future: asyncio.Future[Answered], deadline: float) -> None:
        self.packed = packed
        self.future = future
        self.deadline = deadline
        self.alone = False


class Batcher:
    """The queue in front of one worker; lives on the event loop, nothing in it awaits but `submit` and `sweep`."""

    def __init__(
        self,
        limits: BatchLimits,
        *,
        send: Callable[[bytes], None],
        metrics: ServerMetrics,
        on_hang: Callable[[], None],
        watch: Watch = nobody,
    ) -> None:
        self._limits = limits
        self._send = send
        self._metrics = metrics
        self._on_hang = on_hang
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Pending] = deque()
        self._in_flight: list[_Pending] = []
        self._busy_since = 0.0
        self._bytes_in_flight = 0
        self._scheduled = False
        self._open = False
        metrics.queue_depth = lambda: len(self._waiting)

    def submit(self, packed: Packed) -> asyncio.Future[Answered]:
        """Queue a request; the future holds its answer or a Refusal (500, 503, 504)."""
        if not self._open:
            raise Refusal(503, "the model is not ready")
        if len(self._waiting) >= self._limits.queue:
            raise Refusal(503, f"{self._limits.queue} requests wait already")
        future = self._loop.create_future()
        self._waiting.append(_Pending(packed, future, time.monotonic() + self._limits.timeout_seconds))
        self._schedule()
        return future

    def open(self) -> None:
        """The worker is ready for batches."""
        self._open = True
        self._schedule()

    def close(self, message: str) -> None:
        """The worker is gone: everything in flight or waiting is answered 503."""
        self._open = False
        lost = [*self._in_flight, *self._waiting]
        self._in_flight = []
        self._waiting.clear()
        for pending in lost:
            _fail(pending, Refusal(503, message))

    def answered(self, header: dict[str, Any], body: memoryview) -> None:
        """A frame came from the worker: the answer to the batch in flight."""
        batch, self._in_flight = self._in_flight, []
        fault = header.get("error")
        if fault is None:
            self._share(batch, outputs_of(header, body))
        elif len(batch) == 1:
            _fail(batch[0], Refusal(fault["status"], fault["message"]))
        else:
            for pending in reversed(batch):
                pending.alone = True
                self._waiting.appendleft(pending)
        if self._waiting:
            self._dispatch()

    def _share(self, batch: list[_Pending], outputs: list[OutputTensor]) -> None:
        """Give each request its rows; whoever watches is told of those that still wait, all at once if none is gone."""
        shares = shares_of(outputs, [pending.packed.rows for pending in batch])
        if any(pending.future.done() for pending in batch):
            for pending, tensors in zip(batch, shares, strict=True):
                if not pending.future.done():
                    (tokens,) = self._watch([pending.packed], tensors, self._bytes_in_flight)
                    pending.future.set_result(Answered(tensors, tokens))
            return
        every = self._watch([pending.packed for pending in batch], outputs, self._bytes_in_flight)
        for pending, tensors, tokens in zip(batch, shares, every, strict=True):
            pending.future.set_result(Answered(tensors, tokens))

    async def sweep(self) -> None:
        """Answer what has waited too long, for ever; run it as a task."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._expire(time.monotonic())

    def _expire(self, now: float) -> None:
        late = [p for p in (*self._in_flight, *self._waiting) if p.deadline <= now]
        for pending in late:
            _fail(pending, Refusal(504, f"no answer within {self._limits.timeout_seconds:g} s"))
        if late:
            self._waiting = deque(p for p in self._waiting if p.deadline > now)
        if self._in_flight and now - self._busy_since > HANG_FACTOR * self._limits.timeout_seconds:
            self._on_hang()

    def _schedule(self) -> None:
        # after the requests that this turn of the loop has already read, so that they go together
        if not self._scheduled and not self._in_flight:
            self._scheduled = True
            self._loop.call_soon(self._scheduled_dispatch)

    def _scheduled_dispatch(self) -> None:
        self._scheduled = False
        self._dispatch()

    def _dispatch(self) -> None:
        if self._in_flight or not self._open:
            return
        batch = self._next_batch()
        if not batch:
            return
        self._in_flight = batch
        self._busy_since = time.monotonic()
        rows = [pending.packed.rows for pending in batch]
        self._metrics.batches.observe(sum(rows))
        frame = _frame(rows, [pending.packed for pending in batch])
        self._bytes_in_flight = len(frame)
        self._send(frame)

    def _next_batch(self) -> list[_Pending]:
        waiting, batch, rows, other = self._waiting, list[_Pending](), 0, list[_Pending]()
        while waiting:
            pending = waiting.popleft()
            if pending.future.done():
                continue
            if batch and (pending.alone or pending.packed.key != batch[0].packed.key):
                other.append(pending)
                continue
            if batch and rows + pending.packed.rows > self._limits.max_rows:
                waiting.appendleft(pending)
                break
            batch.append(pending)
            rows += pending.packed.rows
            if pending.alone or rows >= self._limits.max_rows:
                break
        waiting.extendleft(reversed(other))
        return batch


def _frame(rows: list[int], batch: Sequence[Packed]) -> bytes:
    first = batch[0]
    blocks: list[bytes] = []
    for parts in zip(*(packed.blocks for packed in batch), strict=True):
        if isinstance(parts[0], bytes):
            blocks.append(b"".join(parts) if len(parts) > 1 else parts[0])
        else:
            columns = zip(*parts, strict=True)
            blocks.append(orjson.dumps([list(chain.from_iterable(column)) for column in columns]))
    header: dict[str, Any] = {"rows": rows, "sizes": [len(block) for block in blocks]}
    if first.key.absent:
        header["absent"] = first.key.absent
    if first.key.parameters:
        header["params"] = orjson.Fragment(first.key.parameters)
    return wire.encode(orjson.dumps(header), blocks)


def _fail(pending: _Pending, refusal: Refusal) -> None:
    if not pending.future.done():
        pending.future.set_exception(refusal)
