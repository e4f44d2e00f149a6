"""The work queue: a key waits once, runs once at a time, and comes back later and later while it fails.

    add / add_replay ──> waiting ──get──> in flight ──done──> out
                            ^                 │ added meanwhile
                            └── delayed <─────┘ add_after, retry

Changes go before replays of the first LIST, so that a new resource does not wait behind five thousand old ones.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from leeboard.ports import Key

FIRST_BACKOFF_SECONDS = 0.005
MAX_BACKOFF_SECONDS = 1000.0
_DOUBLINGS = 24


@dataclass(slots=True)
class _Delayed:
    due: float
    timer: asyncio.TimerHandle


class WorkQueue:
    """De-duplicated keys for N workers; every method but ``get`` is immediate. Lives in one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._fresh: dict[Key, float] = {}
        self._replays: dict[Key, float] = {}
        self._in_flight: set[Key] = set()
        self._again: dict[Key, float] = {}
        self._delayed: dict[Key, _Delayed] = {}
        self._failures: dict[Key, int] = {}
        self._wake = asyncio.Event()
        self._is_closed = False
        self.added = 0

    def add(self, key: Key) -> None:
        """Something changed: look at ``key`` soon."""
        self._put(self._fresh, key)

    def add_replay(self, key: Key) -> None:
        """``key`` was there when we started: look at it when nothing fresh waits."""
        if key not in self._fresh:
            self._put(self._replays, key)

    def add_after(self, key: Key, seconds: float) -> None:
        """Look at ``key`` in ``seconds`` at the latest; an earlier appointment stands."""
        due = self._loop.time() + seconds
        delayed = self._delayed.get(key)
        if delayed is not None:
            if delayed.due <= due:
                return
            delayed.timer.cancel()
        self._delayed[key] = _Delayed(due, self._loop.call_later(seconds, self._due, key))

    def retry(self, key: Key) -> float:
        """Look again after this key's back-off, 5 ms doubling to 1000 s; returns the seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = min(FIRST_BACKOFF_SECONDS * float(1 << min(failures, _DOUBLINGS)), MAX_BACKOFF_SECONDS)
        self.add_after(key, seconds)
        return seconds

    def succeeded(self, key: Key) -> None:
        """Start its back-off from the beginning again."""
        self._failures.pop(key, None)

    def forget(self, key: Key) -> None:
        """The resource is gone: drop its appointment and back-off."""
        self._failures.pop(key, None)
        delayed = self._delayed.pop(key, None)
        if delayed is not None:
            delayed.timer.cancel()

    async def get(self) -> Key | None:
        """The next key, which is in flight until ``done``; None when the queue is closed."""
        while not self._is_closed:
            for waiting in (self._fresh, self._replays):
                if waiting:
                    key = next(iter(waiting))
                    del waiting[key]
                    self._in_flight.add(key)
                    return key
            self._wake.clear()
            await self._wake.wait()
        return None

    def done(self, key: Key) -> None:
        """The pass is over; what was added meanwhile waits now."""
        self._in_flight.discard(key)
        added_at = self._again.pop(key, None)
        if added_at is not None:
            self._fresh[key] = added_at
            self._wake.set()

    def close(self) -> None:
        """Give no key out any more and wake the workers."""
        self._is_closed = True
        for delayed in self._delayed.values():
            delayed.timer.cancel()
        self._delayed.clear()
        self._wake.set()

    def depth(self) -> int:
        """Keys that wait, without the delayed ones."""
        return len(self._fresh) + len(self._replays) + len(self._again)

    def oldest_seconds(self) -> float:
        """How long the oldest waiting key has waited."""
        heads = [next(iter(waiting.values())) for waiting in (self._fresh, self._replays, self._again) if waiting]
        return self._loop.time() - min(heads) if heads else 0.0

    def _due(self, key: Key) -> None:
        del self._delayed[key]
        self.add(key)

    def _put(self, waiting: dict[Key, float], key: Key) -> None:
        if self._is_closed:
            return
        self.added += 1
        if key in self._in_flight:
            self._again.setdefault(key, self._loop.time())
            return
        waiting.setdefault(key, self._replays.pop(key, self._loop.time()))
        self._wake.set()
