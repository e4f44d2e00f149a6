"""Constant load from this machine through a gateway: so many requests a second, whatever becomes of them.

    with Load(gateway.address, host="loans.team.test", path="/v2/models/loans/infer", payloads=payloads) as load:
        before = load.tally()
        ...
        load.tally() - before

A request has failed unless it is answered 200; none is sent again.
"""

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp

CONNECTIONS = 64
KEPT_FAILURES = 10
TIMEOUT = aiohttp.ClientTimeout(total=90)
FIRST_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What was sent, what failed and how, which version answered the rest, and the slowest answer."""

    sent: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0
    first_failures: tuple[str, ...] = ()
    """When, and what, of the first few failures: beside the operator's log they tell why."""
    last_answers: Mapping[str, datetime] = field(default_factory=dict)
    """When each version answered for the last time."""

    @property
    def failed(self) -> int:
        """Requests that were not answered 200."""
        return self.errors.total()

    def share(self, version: str) -> float:
        """The part of all answers that a version gave."""
        return self.versions[version] / self.versions.total()

    def __sub__(self, before: "Tally") -> "Tally":
        return Tally(
            self.sent - before.sent,
            self.errors - before.errors,
            self.versions - before.versions,
            self.slowest_seconds,
            self.first_failures,
            self.last_answers,
        )


@dataclass(slots=True)
class Load:
    """A context manager; requests flow inside. At its end it waits for all answers."""

    address: str
    host: str
    path: str
    payloads: Sequence[bytes]
    per_second: float = 50.0
    _sent: int = 0
    _errors: Counter[str] = field(default_factory=Counter)
    _versions: Counter[str] = field(default_factory=Counter)
    _slowest: float = 0.0
    _first_failures: list[str] = field(default_factory=list)
    _last_answers: dict[str, datetime] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._flow()), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        while not (self._versions or self._errors):
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer for {self.host} within {FIRST_ANSWER_SECONDS:.0f} s")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """Send nothing more; what is on its way is still answered."""
        self._stop.set()

    def tally(self) -> Tally:
        """The numbers so far."""
        return Tally(
            self._sent,
            Counter(self._errors),
            Counter(self._versions),
            self._slowest,
            tuple(self._first_failures),
            dict(self._last_answers),
        )

    async def _flow(self) -> None:
        """One request after another at its time, answered or not."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        began, requests = time.monotonic(), set[asyncio.Task[None]]()
        async with aiohttp.ClientSession(f"http://{self.address}", connector=connector, timeout=TIMEOUT) as session:
            for number, payload in enumerate(itertools.cycle(self.payloads)):
                await asyncio.sleep(max(0.0, began + number / self.per_second - time.monotonic()))
                if self._stop.is_set():
                    break
                request = asyncio.create_task(self._ask(session, payload))
                requests.add(request)
                request.add_done_callback(requests.discard)
            await asyncio.gather(*requests)

    async def _ask(self, session: aiohttp.ClientSession, payload: bytes) -> None:
        headers = {"Host": self.host, "Content-Type": "application/json"}
        self._sent += 1
        started = time.monotonic()
        try:
            async with session.post(self.path, data=payload, headers=headers) as response:
                answer = await response.read()
                if response.status == 200:
                    self._answered(str(json.loads(answer)["model_version"]))
                else:
                    self._fail(f"{response.status}: {answer[:200].decode(errors='replace')}")
        except (aiohttp.ClientError, TimeoutError) as error:
            self._fail(repr(error)[:200])
        self._slowest = max(self._slowest, time.monotonic() - started)

    def _answered(self, version: str) -> None:
        self._versions[version] += 1
        self._last_answers[version] = datetime.now(UTC)

    def _fail(self, text: str) -> None:
        self._errors[text] += 1
        if len(self._first_failures) < KEPT_FAILURES:
            self._first_failures.append(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}")
