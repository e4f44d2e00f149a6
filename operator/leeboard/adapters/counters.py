"""The port ``Counters``: each pod is asked for itself, at its own address, on the port that no Service shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leeboard.adapters.http_client import HttpClient, Limits
from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.errors import TransientError
from leeboard.metrics import Metrics, PollOutcome
from leeboard.monitoring.cells import Cursor, PodCells, PodReport
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, SCHEMA_VERSION, Answer, PodCounts, RequestCounts
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.reports import ReportInvalidError, cells_of, labels_of, profile_of
from leeboard.planning.facts import Unknown

PORT_NAME = "metrics"
PATH = "/monitoring/counts"
LIMITS = Limits(seconds=2.0, bytes=1024 * 1024)
POLL_SECONDS = 3.0
AT_ONCE = 64
Count = Annotated[int, Field(ge=0)]
Output = bool | float | str | None


class PodCounters:
    """Asks the pods of a service side by side; of all services together at most AT_ONCE."""

    def __init__(self, http: HttpClient, metrics: Metrics, *, steady: Callable[[], float]) -> None:
        self._http = http
        self._metrics = metrics
        self._steady = steady
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def counts(self, pods: Sequence[Manifest], *, answers: bool) -> Mapping[str, PodCounts | Unknown]:
        """By pod; who has not answered after POLL_SECONDS is Unknown, so that a pass is never held up."""
        query = "?answers=1" if answers else ""
        found = await self._poll_all({pod["metadata"]["name"]: (pod, query) for pod in pods})
        return {name: one if isinstance(one, Unknown) else one.counts_of(name) for name, one in found.items()}

    async def cells(
        self, pods: Sequence[Manifest], *, profiles: Mapping[str, Profile], cursors: Mapping[str, Cursor]
    ) -> Mapping[str, PodReport | Unknown]:
        """By pod, see ports.Counters."""
        named = {pod["metadata"]["name"]: pod for pod in pods}
        found = await self._poll_all({name: (pod, _query(cursors.get(name))) for name, pod in named.items()})
        return {
            name: one if isinstance(one, Unknown) else _report(one, name, profiles, cursor=cursors.get(name))
            for name, one in found.items()
        }

    async def _poll_all(self, pods: Mapping[str, tuple[Manifest, str]]) -> dict[str, _Document | Unknown]:
        tasks = {name: asyncio.create_task(self._poll(pod, query)) for name, (pod, query) in pods.items()}
        if not tasks:
            return {}
        try:
            await asyncio.wait(tasks.values(), timeout=POLL_SECONDS)
            return {
                name: task.result() if task.done() else Unknown(f"pod {name}: not asked within {POLL_SECONDS:g} s")
                for name, task in tasks.items()
            }
        finally:
            for task in tasks.values():
                task.cancel()

    async def _poll(self, pod: Manifest, query: str) -> _Document | Unknown:
        async with self._at_once:
            begun = self._steady()
            found, outcome = await self._ask(pod, query)
            self._metrics.polls.labels("pod", outcome.value).observe(self._steady() - begun)
        return found

    async def _ask(self, pod: Manifest, query: str) -> tuple[_Document | Unknown, PollOutcome]:
        name = pod["metadata"]["name"]
        address = _address(pod)
        if isinstance(address, Unknown):
            return address, PollOutcome.NOT_ASKED
        try:
            answer = await self._http.get(f"http://{address}{PATH}{query}", limits=LIMITS)
        except TransientError as error:
            return Unknown(f"pod {name}: {error}"), PollOutcome.NO_ANSWER
        if not answer.is_ok:
            return Unknown(f"pod {name}: it answered {answer.status}"), PollOutcome.REFUSED
        try:
            document = _Document.model_validate_json(answer.body)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "the document"
            return Unknown(f"pod {name}: its counts cannot be read at {where}"), PollOutcome.UNREADABLE
        fault = _fault(document, pod)
        if fault is not None:
            return Unknown(f"pod {name}: {fault}"), PollOutcome.UNREADABLE
        return document, PollOutcome.ANSWERED


def _address(pod: Manifest) -> str | Unknown:
    """IP and port of a pod that runs and has such counters."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    containers = (pod.get("spec") or {}).get("containers") or ()
    ports = [port for container in containers for port in container.get("ports") or ()]
    port = next((port["containerPort"] for port in ports if port.get("name") == PORT_NAME), None)
    if port is None:
        return Unknown(f"pod {name}: it has no port {PORT_NAME}")
    if status.get("phase") != "Running" or not status.get("podIP"):
        return Unknown(f"pod {name}: it does not run")
    ip = str(status["podIP"])
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


class _Requests(BaseModel):
    model_config = ConfigDict(strict=True)

    good: Count = Field(alias="2xx")
    client_errors: Count = Field(alias="4xx")
    errors: Count = Field(alias="5xx")


class _Durations(BaseModel):
    model_config = ConfigDict(strict=True)

    bounds: list[float]
    counts: list[Count]


class _Document(BaseModel):
    """What a model server tells."""

    model_config = ConfigDict(strict=True)

    schema_: Literal[1] = Field(alias="schema")
    name: str
    revision: str
    started: str = Field(min_length=1, max_length=64)
    requests: _Requests
    durations: _Durations
    answers: list[tuple[Annotated[str, Field(min_length=1, max_length=64)], list[Output]]] = Field(max_length=4096)
    cells: dict[str, Any] | None = None
    labels: dict[str, Any] | None = None

    @property
    def total(self) -> int:
        """All answered requests."""
        return self.requests.good + self.requests.client_errors + self.requests.errors

    def counts_of(self, pod: str) -> PodCounts:
        """The same as the operator's own value."""
        counts = RequestCounts(
            self.total, self.requests.client_errors, self.requests.errors, tuple(self.durations.counts)
        )
        answers = tuple(Answer(hash_, tuple(outputs)) for hash_, outputs in self.answers)
        return PodCounts(pod, self.revision, self.started, counts, answers)


assert SCHEMA_VERSION == 1, "another schema needs another reader"  # noqa: S101 - both stand in this repository


def _query(cursor: Cursor | None) -> str:
    return "?cells=1" if cursor is None else f"?cells=1&labels={cursor.position}"


def _report(
    document: _Document, pod: str, profiles: Mapping[str, Profile], *, cursor: Cursor | None
) -> PodReport | Unknown:
    """Cells and labels of a server that counts by the profile of its revision."""
    profile = profiles.get(document.revision)
    if profile is None:
        return Unknown(f"pod {pod}: its revision has no profile")
    try:
        digest = profile_of(document.cells)
        if digest != profile.digest:
            why = "it has no profile" if digest is None else "it counts by another profile"
            return Unknown(f"pod {pod}: {why}")
        cells = PodCells(pod, document.revision, document.started, digest, cells_of(document.cells, profile))
        if document.labels is None or cursor is None or (cursor.position and cursor.started != document.started):
            return PodReport(cells)
        labels = labels_of(
            document.labels, document.cells, pod=pod, revision=document.revision, started=document.started
        )
        return PodReport(cells, labels)
    except ReportInvalidError as error:
        return Unknown(f"pod {pod}: its counts cannot be read: {error}")


def _fault(document: _Document, pod: Manifest) -> str | None:
    """What the document says of itself must be true of the pod: an address may have passed to another one."""
    labels, durations = pod["metadata"].get("labels") or {}, document.durations
    if document.name != labels.get(Label.OWNER) or document.revision != labels.get(Label.REVISION):
        return "another server answers at its address"
    if tuple(durations.bounds) != DURATION_BOUNDS_SECONDS or len(durations.counts) != len(durations.bounds) + 1:
        return "its durations are in other buckets"
    if sum(durations.counts) != document.total:
        return "its durations and its requests differ in number"
    return None
