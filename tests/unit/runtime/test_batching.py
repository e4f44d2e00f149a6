"""Natural batching, with a worker that answers when the test says so."""

import asyncio
import json
from array import array
from collections.abc import Sequence
from typing import Any

import pytest

from leeboard_runtime import wire
from leeboard_runtime.batching import Answered, Batcher, BatchLimits
from leeboard_runtime.errors import Refusal
from leeboard_runtime.metrics import ServerMetrics
from leeboard_runtime.packed import EVERYTHING, Key, Packed
from leeboard_runtime.protocol import OutputTensor

OTHER = Key((), b'{"mode":"other"}')


class Worker:
    """Doubles what it is sent; `sent` holds the values of each batch that it was asked."""

    def __init__(self) -> None:
        self.frames: list[wire.Frame] = []
        self.sent: list[list[float]] = []
        self.headers: list[dict[str, Any]] = []
        self.killed = asyncio.Event()
        self.watched: list[tuple[list[int], list[float], int]] = []
        self.batcher: Batcher

    def send(self, frame: bytes) -> None:
        (decoded,) = wire.FrameReader().feed(frame)
        self.frames.append(decoded)
        self.headers.append(json.loads(decoded.header))
        self.sent.append(array("d", bytes(decoded.body)).tolist())

    def kill(self) -> None:
        self.killed.set()

    def watch(self, requests: Sequence[Packed], tensors: Sequence[OutputTensor], size: int) -> list[str]:
        """Take notes; the token of a request is its first value."""
        self.watched.append(([request.rows for request in requests], tensors[0].data, size))
        blocks = [block for request in requests for block in request.blocks if isinstance(block, bytes)]
        return [str(array("d", block)[0]) for block in blocks]

    def answer(self) -> None:
        block = array("d", [2 * value for value in self.sent[-1]]).tobytes()
        header = {
            "outputs": [{"name": "y", "datatype": "FP64", "code": "d", "shape": [len(self.sent[-1])]}],
            "sizes": [len(block)],
        }
        self.batcher.answered(header, memoryview(block))

    def fail(self) -> None:
        self.batcher.answered({"error": {"status": 500, "message": "it raised"}}, memoryview(b""))


def start(*, max_rows: int = 256, queue: int = 100, timeout_seconds: float = 60) -> Worker:
    worker = Worker()
    limits = BatchLimits(max_rows=max_rows, queue=queue, timeout_seconds=timeout_seconds)
    metrics = ServerMetrics("n", "1")
    worker.batcher = Batcher(limits, send=worker.send, metrics=metrics, on_hang=worker.kill, watch=worker.watch)
    worker.batcher.open()
    return worker


def rows(*values: float, key: Key = EVERYTHING) -> Packed:
    return Packed(len(values), key, [array("d", values).tobytes()])


async def settle() -> None:
    """Let everything that is due on the loop happen."""
    for _ in range(5):
        await asyncio.sleep(0)


def data(answers: Sequence[Answered]) -> list[tuple[list[int], list[float]]]:
    return [(answer.tensors[0].shape, answer.tensors[0].data) for answer in answers]


async def test_requests_of_one_turn_of_the_loop_share_a_batch_and_get_their_own_rows() -> None:
    worker = start()
    futures = [worker.batcher.submit(rows(1)), worker.batcher.submit(rows(2, 3)), worker.batcher.submit(rows(4))]
    await settle()
    assert worker.sent == [[1, 2, 3, 4]]
    assert worker.headers[0]["rows"] == [1, 2, 1]
    worker.answer()
    assert data(await asyncio.gather(*futures)) == [([1], [2]), ([2], [4, 6]), ([1], [8])]


async def test_what_waits_while_the_worker_is_busy_goes_in_the_next_call() -> None:
    worker = start()
    first = worker.batcher.submit(rows(1))
    await settle()
    later = [worker.batcher.submit(rows(2)), worker.batcher.submit(rows(3))]
    await settle()
    assert worker.sent == [[1]]
    worker.answer()
    assert worker.sent == [[1], [2, 3]]
    worker.answer()
    assert data([await first, *(await asyncio.gather(*later))]) == [([1], [2]), ([1], [4]), ([1], [6])]


async def test_without_batching_every_request_goes_alone() -> None:
    worker = start(max_rows=0)
    futures = [worker.batcher.submit(rows(1, 2)), worker.batcher.submit(rows(3))]
    await settle()
    worker.answer()
    worker.answer()
    assert worker.sent == [[1, 2], [3]]
    assert data(await asyncio.gather(*futures)) == [([2], [2, 4]), ([1], [6])]


async def test_a_batch_has_at_most_max_rows_and_a_larger_request_goes_alone() -> None:
    worker = start(max_rows=3)
    futures = [worker.batcher.submit(packed) for packed in (rows(1, 2), rows(3), rows(4, 5, 6, 7), rows(8))]
    await settle()
    for _ in range(3):
        worker.answer()
    assert worker.sent == [[1, 2, 3], [4, 5, 6, 7], [8]]
    assert len(await asyncio.gather(*futures)) == 4


async def test_only_equal_keys_share_a_batch() -> None:
    worker = start()
    futures = [
        worker.batcher.submit(rows(1)),
        worker.batcher.submit(rows(2, key=OTHER)),
        worker.batcher.submit(rows(3)),
    ]
    await settle()
    worker.answer()
    worker.answer()
    assert worker.sent == [[1, 3], [2]]
    assert worker.headers[1]["params"] == {"mode": "other"}
    assert data(await asyncio.gather(*futures)) == [([1], [2]), ([1], [4]), ([1], [6])]


async def test_a_batch_that_fails_is_replayed_one_by_one() -> None:
    worker = start()
    futures = [worker.batcher.submit(rows(value)) for value in (1, 2, 3)]
    await settle()
    worker.fail()
    worker.answer()
    worker.fail()
    worker.answer()
    answers = await asyncio.gather(*futures, return_exceptions=True)
    assert worker.sent == [[1, 2, 3], [1], [2], [3]]
    assert isinstance(answers[1], Refusal)
    assert (answers[1].status, answers[1].message) == (500, "it raised")
    assert data([answers[0], answers[2]]) == [([1], [2]), ([1], [6])]  # type: ignore[list-item]


async def test_a_full_queue_is_503() -> None:
    worker = start(queue=1)
    first = worker.batcher.submit(rows(1))
    with pytest.raises(Refusal, match="1 requests wait already") as refused:
        worker.batcher.submit(rows(2))
    assert refused.value.status == 503
    await settle()
    worker.answer()
    await first


async def test_a_request_that_waits_too_long_is_504_and_its_answer_is_dropped() -> None:
    worker = start(timeout_seconds=0)
    sweep = asyncio.create_task(worker.batcher.sweep())
    with pytest.raises(Refusal, match="no answer within 0 s") as refused:
        await worker.batcher.submit(rows(1))
    assert refused.value.status == 504
    worker.answer()
    sweep.cancel()


async def test_a_worker_that_keeps_a_batch_for_twice_the_timeout_is_killed() -> None:
    worker = start(timeout_seconds=0.01)
    sweep = asyncio.create_task(worker.batcher.sweep())
    with pytest.raises(Refusal):
        await worker.batcher.submit(rows(1))
    async with asyncio.timeout(5):
        await worker.killed.wait()
    sweep.cancel()
    assert worker.killed.is_set()


async def test_the_end_of_the_worker_answers_503_to_all_and_the_next_one_starts_empty() -> None:
    worker = start()
    futures = [worker.batcher.submit(rows(1))]
    await settle()
    futures.append(worker.batcher.submit(rows(2)))
    worker.batcher.close("it ended")
    answers = await asyncio.gather(*futures, return_exceptions=True)
    assert [answer.status for answer in answers if isinstance(answer, Refusal)] == [503, 503]
    with pytest.raises(Refusal, match="the model is not ready"):
        worker.batcher.submit(rows(3))
    worker.batcher.open()
    later = worker.batcher.submit(rows(4))
    await settle()
    worker.answer()
    assert data([await later]) == [([1], [8])]


async def test_a_client_that_went_away_is_not_asked_for() -> None:
    worker = start()
    first = worker.batcher.submit(rows(1))
    await settle()
    gone = worker.batcher.submit(rows(2))
    gone.cancel()
    last = worker.batcher.submit(rows(3))
    worker.answer()
    worker.answer()
    assert worker.sent == [[1], [3]]
    assert data([await first, await last]) == [([1], [2]), ([1], [6])]


async def test_an_output_of_the_whole_batch_is_not_cut_for_a_request_that_is_alone() -> None:
    worker = start(max_rows=0)
    future = worker.batcher.submit(rows(1, 2, 3))
    await settle()
    block = array("d", [6]).tobytes()
    output = {"name": "total", "datatype": "FP64", "code": "d", "shape": [1]}
    worker.batcher.answered({"outputs": [output], "sizes": [8]}, memoryview(block))
    assert data([await future]) == [([1], [6])]


async def test_whoever_watches_is_told_of_a_batch_at_once_and_each_request_gets_its_token() -> None:
    worker = start()
    futures = [worker.batcher.submit(rows(1)), worker.batcher.submit(rows(2, 3)), worker.batcher.submit(rows(4))]
    await settle()
    worker.answer()
    assert [answered.tokens for answered in await asyncio.gather(*futures)] == ["1.0", "2.0", "4.0"]
    ((sizes, told, size),) = worker.watched
    assert (sizes, told) == ([1, 2, 1], [2, 4, 6, 8])
    assert 4 * 8 < size < 4 * 8 + 100


async def test_whoever_watches_is_not_told_of_requests_that_have_gone_and_not_of_a_batch_that_failed() -> None:
    worker = start()
    futures = [worker.batcher.submit(rows(value)) for value in (1, 2, 3)]
    await settle()
    futures[1].cancel()
    worker.answer()
    assert [(await futures[place]).tokens for place in (0, 2)] == ["1.0", "3.0"]
    assert [(sizes, told) for sizes, told, _ in worker.watched] == [([1], [2]), ([1], [6])]

    failed = worker.batcher.submit(rows(4))
    await settle()
    worker.fail()
    with pytest.raises(Refusal):
        await failed
    assert len(worker.watched) == 2
