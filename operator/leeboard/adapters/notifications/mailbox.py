"""One endpoint: what waits for it, how fast it may be told, and how often a message is tried."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path

import structlog

from leeboard.adapters.http_client import Answer, HttpClient, Limits
from leeboard.adapters.notifications.bodies import Message, body_of
from leeboard.adapters.notifications.buckets import Buckets, TokenBucket
from leeboard.errors import LeeboardError, PermanentError, TransientError
from leeboard.metrics import Metrics, NotificationOutcome
from leeboard.planning.topics import Endpoint

MAX_URL = 2048
LIMITS = Limits(seconds=5.0, bytes=64 * 1024)
_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Terms:
    """Bounds of one endpoint. An object has a bucket of its own, so that one that flaps does not hide the others."""

    queue: int = 100
    attempts: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    limits: Limits = LIMITS
    object_burst: int = 5
    object_per_minute: float = 1.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What every mailbox needs of the operator; ``may_send`` says whether this process leads."""

    http: HttpClient
    metrics: Metrics
    steady: Callable[[], float]
    now: Callable[[], datetime]
    may_send: Callable[[], bool]
    terms: Terms = Terms()


class AgainError(TransientError):
    """A later attempt may bring it; ``after_seconds`` is when the endpoint wants to be asked."""

    def __init__(self, why: str, after_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.after_seconds = after_seconds


class Mailbox:
    """Messages of one endpoint, in order. Offering never waits and never raises."""

    def __init__(self, name: str, endpoint: Endpoint, desk: Desk) -> None:
        self.endpoint = endpoint
        self._name = name
        self._desk = desk
        terms = desk.terms
        self._queue: asyncio.Queue[Message] = asyncio.Queue(terms.queue)
        self._bucket = TokenBucket(burst=endpoint.per_minute, per_minute=endpoint.per_minute, steady=desk.steady)
        self._objects = Buckets(
            lambda: TokenBucket(burst=terms.object_burst, per_minute=terms.object_per_minute, steady=desk.steady)
        )
        self._missed = 0
        for outcome in NotificationOutcome:
            desk.metrics.notifications.labels(name, outcome.value)

    def offer(self, message: Message) -> None:
        """Let it wait, or count it as missed."""
        of_object = self._objects.of(message.subject.uid)
        if not (self._bucket.has_one and of_object.has_one):
            self._miss(NotificationOutcome.LIMITED)
        elif self._queue.full():
            self._miss(NotificationOutcome.DROPPED)
        else:
            self._bucket.take()
            of_object.take()
            self._queue.put_nowait(message)

    async def deliver_for_ever(self) -> None:
        """Post what waits, one after the other."""
        while True:
            message = await self._queue.get()
            try:
                await self._deliver(message)
            except Exception:  # noqa: BLE001 - a defect met by one message must not stop the others
                _log.exception("a notification failed by a defect", endpoint=self._name)
                self._miss(NotificationOutcome.FAILED)
            finally:
                self._queue.task_done()

    async def emptied(self) -> None:
        """Return when nothing waits and nothing is under way."""
        await self._queue.join()

    async def _deliver(self, message: Message) -> None:
        missed = self._missed
        body = body_of(message, self.endpoint.format, missed=missed)
        try:
            await self._post(body)
        except LeeboardError as error:
            _log.warning("notification not sent", endpoint=self._name, reason=message.notice.reason, error=str(error))
            self._miss(NotificationOutcome.FAILED)
            return
        self._missed -= missed
        self._count(NotificationOutcome.SENT)

    async def _post(self, body: object) -> None:
        """Raises what the last attempt came to."""
        terms = self._desk.terms
        for attempt in range(1, terms.attempts + 1):
            try:
                return await self._try(body)
            except AgainError as error:
                if attempt == terms.attempts:
                    raise
                wait = terms.first_wait_seconds * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
                await asyncio.sleep(min(max(wait, error.after_seconds), terms.longest_wait_seconds))
        return None

    async def _try(self, body: object) -> None:
        if not self._desk.may_send():
            raise PermanentError("this process does not lead")
        url = await asyncio.to_thread(read_url, Path(self.endpoint.url_file))
        try:
            answer = await self._desk.http.post_json(url, body, limits=self._desk.terms.limits)
        except TransientError as error:
            raise AgainError(str(error)) from error
        self._judge(answer)

    def _judge(self, answer: Answer) -> None:
        status = answer.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wait = retry_after(answer.headers.get("retry-after", ""), now=self._desk.now())
            raise AgainError(f"it answered {status}", wait)
        moved = ", and redirects are not followed" if status < HTTPStatus.BAD_REQUEST else ""
        raise PermanentError(f"it answered {status}{moved}")

    def _miss(self, outcome: NotificationOutcome) -> None:
        self._missed += 1
        self._count(outcome)

    def _count(self, outcome: NotificationOutcome) -> None:
        self._desk.metrics.notifications.labels(self._name, outcome.value).inc()


def read_url(path: Path) -> str:
    """The URL in a file; raises PermanentError, which never quotes it."""
    try:
        url = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise PermanentError(f"its URL cannot be read: {type(error).__name__}") from None
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL or any(char.isspace() for char in url):
        raise PermanentError("its Secret holds no http or https URL")
    return url


def retry_after(header: str, *, now: datetime) -> float:
    """Seconds of the header Retry-After (RFC 9110, 10.2.3), 0 where it says none."""
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
