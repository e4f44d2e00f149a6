"""The work queue: one key at a time, once, and later and later while it fails."""

import asyncio

import pytest

from leeboard.api.names import Kind
from leeboard.ports import Key
from leeboard.reconciler.queue import FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, WorkQueue


def key(name: str) -> Key:
    return Key(Kind.TRAINING_JOB, "team", name)


A, B, C = key("a"), key("b"), key("c")


@pytest.fixture
async def queue() -> WorkQueue:
    return WorkQueue()


async def test_a_key_that_is_added_twice_is_given_out_once(queue: WorkQueue) -> None:
    queue.add(A)
    queue.add(A)

    assert queue.depth() == 1
    assert await queue.get() == A
    assert queue.depth() == 0


async def test_a_change_goes_before_replays_of_the_first_list(queue: WorkQueue) -> None:
    queue.add_replay(A)
    queue.add_replay(B)
    queue.add(C)
    queue.add(B)

    assert [await queue.get() for _ in range(3)] == [C, B, A]


async def test_a_key_in_flight_is_given_to_nobody_else_and_comes_again_when_it_changed_meanwhile(
    queue: WorkQueue,
) -> None:
    queue.add(A)
    assert await queue.get() == A
    queue.add(A)
    other = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not other.done()

    queue.done(A)

    assert await other == A


async def test_a_key_that_did_not_change_meanwhile_is_over_when_it_is_done(queue: WorkQueue) -> None:
    queue.add(A)
    await queue.get()
    queue.done(A)

    assert queue.depth() == 0


async def test_the_back_off_doubles_from_five_milliseconds_to_a_thousand_seconds_and_starts_again_after_a_success(
    queue: WorkQueue,
) -> None:
    seconds = [queue.retry(A) for _ in range(20)]

    assert seconds[:4] == [FIRST_BACKOFF_SECONDS * factor for factor in (1, 2, 4, 8)]
    assert seconds[-1] == MAX_BACKOFF_SECONDS
    queue.succeeded(A)
    assert queue.retry(A) == FIRST_BACKOFF_SECONDS


async def test_a_delayed_key_comes_when_it_is_due_and_the_earlier_appointment_stands(queue: WorkQueue) -> None:
    queue.add_after(A, 60)
    queue.add_after(A, 0.01)
    queue.add_after(A, 60)

    async with asyncio.timeout(5):
        assert await queue.get() == A
    assert queue.depth() == 0


async def test_a_forgotten_key_keeps_no_appointment(queue: WorkQueue) -> None:
    queue.add_after(A, 0.001)
    queue.forget(A)
    queue.add_after(B, 0.002)

    async with asyncio.timeout(5):
        assert await queue.get() == B


async def test_a_closed_queue_wakes_its_workers_and_gives_nothing_out(queue: WorkQueue) -> None:
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.close()
    queue.add(A)

    assert await waiting is None
    assert await queue.get() is None


async def test_the_age_is_that_of_the_key_that_waits_longest(queue: WorkQueue) -> None:
    assert queue.oldest_seconds() == 0
    queue.add(A)
    begun = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - begun < 0.02:  # noqa: ASYNC110 - a clock has no event
        await asyncio.sleep(0.001)
    queue.add(B)

    assert queue.oldest_seconds() >= 0.02
