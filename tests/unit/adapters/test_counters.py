"""Reading pods' counters over real sockets: what is told is told exactly, what is odd is unknown and names its pod."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from leeboard.adapters import counters as adapter
from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.api.resource import Manifest
from leeboard.metrics import Metrics
from leeboard.monitoring.cells import Cursor, PodCells, PodLabels, PodReport
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, Answer, PodCounts, RequestCounts
from leeboard.monitoring.profile import Profile
from leeboard.planning.facts import Unknown
from tests.support.little_server import serving
from tests.unit.monitoring.watched import PROFILE, REFERENCE, rows


def a_document(**changes: object) -> dict[str, Any]:
    """What a server tells that answered seven requests, one of them badly and two of them wrongly asked."""
    counts = [0] * (len(DURATION_BOUNDS_SECONDS) + 1)
    counts[3], counts[-1] = 6, 1
    document: dict[str, Any] = {
        "schema": 1,
        "name": "loans",
        "version": "3",
        "revision": "r3",
        "started": "abc",
        "requests": {"2xx": 4, "4xx": 2, "5xx": 1},
        "durations": {"bounds": list(DURATION_BOUNDS_SECONDS), "counts": counts},
        "answers": [],
    }
    return {**document, **changes}


def a_pod(port: int, *, name: str = "one", phase: str = "Running", ip: str | None = "127.0.0.1") -> Manifest:
    labels = {"leeboard.dev/owner": "loans", "leeboard.dev/revision": "r3"}
    ports = [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": port}]
    status = {"phase": phase} | ({"podIP": ip} if ip else {})
    metadata = {"name": name, "namespace": "team", "labels": labels}
    return {"metadata": metadata, "spec": {"containers": [{"name": "server", "ports": ports}]}, "status": status}


DURATIONS = (*(0, 0, 0, 6), *(0 for _ in range(len(DURATION_BOUNDS_SECONDS) - 4)), 1)
COUNTS = PodCounts("one", "r3", "abc", RequestCounts(7, 2, 1, DURATIONS))


@dataclass
class Scene:
    """Counters, and one server that answers ``answer`` after ``slowness`` seconds."""

    counters: PodCounters
    metrics: Metrics
    port: int = 0
    answer: web.Response | None = None
    asked: list[str] = field(default_factory=list)
    slowness: float = 0.0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        await asyncio.sleep(self.slowness)
        return self.answer or web.json_response(a_document())

    async def counted(self, *pods: Manifest, answers: bool = False) -> dict[str, PodCounts | Unknown]:
        return dict(await self.counters.counts(pods or (a_pod(self.port),), answers=answers))

    def polls(self, outcome: str) -> float:
        labels = {"source": "pod", "outcome": outcome}
        return self.metrics.registry.get_sample_value("leeboard_poll_seconds_count", labels) or 0.0


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    metrics = Metrics()
    http = HttpClient(connections=100)
    scene = Scene(PodCounters(http, metrics, steady=steady_seconds), metrics)
    async with serving(scene.handle) as scene.port:
        yield scene
        await http.close()


async def test_what_a_pod_counted_is_told(scene: Scene) -> None:
    assert await scene.counted() == {"one": COUNTS}
    assert scene.asked == ["/monitoring/counts"]
    assert scene.polls("answered") == 1


async def test_predictions_are_asked_for_only_when_they_are_needed(scene: Scene) -> None:
    entries = [["ab", [0.25, "yes", True, None, 1]], ["cd", []]]
    scene.answer = web.json_response(a_document(answers=entries))

    found = (await scene.counted(answers=True))["one"]

    assert scene.asked == ["/monitoring/counts?answers=1"]
    assert isinstance(found, PodCounts)
    assert found.answers == (Answer("ab", (0.25, "yes", True, None, 1.0)), Answer("cd", ()))
    assert [type(value) for value in found.answers[0].outputs] == [float, str, bool, type(None), float]


NO_TOTAL = {"2xx": 4, "4xx": 2, "5xx": 0}
UNREADABLE = "its counts cannot be read at"
ODD: dict[str, tuple[web.Response | dict[str, Any], str]] = {
    "no JSON": (web.Response(text="<html>"), f"{UNREADABLE} the document"),
    "another schema": (a_document(schema=2), f"{UNREADABLE} schema"),
    "a negative count": (a_document(requests={**NO_TOTAL, "5xx": -1}), f"{UNREADABLE} requests.5xx"),
    "a count that is a text": (a_document(requests={**NO_TOTAL, "5xx": "1"}), f"{UNREADABLE} requests.5xx"),
    "a count that is left out": (a_document(requests={"2xx": 4, "5xx": 0}), f"{UNREADABLE} requests.4xx"),
    "no start": (a_document(started=""), f"{UNREADABLE} started"),
    "requests without a duration": (a_document(requests=NO_TOTAL), "its durations and its requests differ in number"),
    "other buckets": (a_document(durations={"bounds": [1.0], "counts": [6, 1]}), "its durations are in other buckets"),
    "another service": (a_document(name="other"), "another server answers at its address"),
    "another revision": (a_document(revision="r2"), "another server answers at its address"),
    "an error": (web.Response(status=503), "it answered 503"),
    "a redirect": (web.Response(status=302, headers={"Location": "/elsewhere"}), "it answered 302"),
    "a body without end": (web.Response(body=b"x" * (2 << 20)), "an answer over 1048576 bytes"),
    "a compressed body": (
        web.Response(body=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}),
        f"{UNREADABLE} the document",
    ),
}


@pytest.mark.parametrize(("answer", "why"), ODD.values(), ids=ODD.keys())
async def test_what_is_odd_is_unknown(scene: Scene, answer: web.Response | dict[str, Any], why: str) -> None:
    scene.answer = web.json_response(answer) if isinstance(answer, dict) else answer

    assert await scene.counted() == {"one": Unknown(f"pod one: {why}")}
    assert len(scene.asked) == 1
    assert scene.polls("answered") == 0


async def test_a_closed_port_and_a_pod_that_does_not_run_are_unknown_and_hide_nobody_else(scene: Scene) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = a_pod(closed.getsockname()[1], name="gone")
        pending = a_pod(scene.port, name="pending", phase="Pending", ip=None)
        other = a_pod(scene.port, name="other")
        del other["spec"]["containers"][0]["ports"][1]

        found = await scene.counted(a_pod(scene.port), gone, pending, other)

    assert found == {
        "one": COUNTS,
        "gone": Unknown("pod gone: no connection"),
        "pending": Unknown("pod pending: it does not run"),
        "other": Unknown("pod other: it has no port metrics"),
    }


async def test_a_slow_pod_is_unknown_after_two_seconds(scene: Scene) -> None:
    scene.slowness = 10.0
    begun = steady_seconds()

    found = await scene.counted()

    assert found == {"one": Unknown("pod one: no answer within 2 s")}
    assert steady_seconds() - begun < 2.9


async def test_of_many_slow_pods_none_holds_the_pass_up(scene: Scene) -> None:
    scene.slowness = 10.0
    pods = [a_pod(scene.port, name=f"pod-{number}") for number in range(2 * adapter.AT_ONCE)]
    begun = steady_seconds()

    found = await scene.counted(*pods)

    assert steady_seconds() - begun < 5
    assert {type(one) for one in found.values()} == {Unknown}
    assert found["pod-0"] == Unknown("pod pod-0: no answer within 2 s")
    assert found[f"pod-{2 * adapter.AT_ONCE - 1}"] == Unknown(
        f"pod pod-{2 * adapter.AT_ONCE - 1}: not asked within 3 s"
    )


async def test_pods_are_asked_side_by_side(scene: Scene) -> None:
    scene.slowness = 0.5
    pods = [a_pod(scene.port, name=f"pod-{number}") for number in range(20)]
    begun = steady_seconds()

    found = await scene.counted(*pods)

    assert steady_seconds() - begun < 2
    assert {type(one) for one in found.values()} == {PodCounts}


async def test_nobody_is_asked_when_there_are_no_pods(scene: Scene) -> None:
    assert await scene.counters.counts((), answers=True) == {}


def watched_cells() -> dict[str, Any]:
    """Member ``cells`` after some rows, as JSON."""
    window = REFERENCE.window(rows(3, count=50))
    counts = [row[:width].tolist() for row, width in zip(window.counts, PROFILE.widths, strict=True)]
    return {"profile": PROFILE.digest, "rows": 50, "counts": counts, "quality": window.quality.tolist(), "skipped": 0}


async def test_cells_are_asked_for_and_read_by_the_profile_of_the_revision(scene: Scene) -> None:
    scene.answer = web.json_response(a_document(cells=watched_cells()))

    found = await scene.counters.cells([a_pod(scene.port)], profiles={"r3": PROFILE}, cursors={})

    expected = PodReport(PodCells("one", "r3", "abc", PROFILE.digest, REFERENCE.window(rows(3, count=50))))
    assert (found, scene.asked) == ({"one": expected}, ["/monitoring/counts?cells=1"])


@pytest.mark.parametrize(
    ("cells", "profiles", "why"),
    [
        (None, {"r3": PROFILE}, "pod one: it has no profile"),
        ({**watched_cells(), "profile": "sha256:other"}, {"r3": PROFILE}, "pod one: it counts by another profile"),
        (
            {**watched_cells(), "rows": -1},
            {"r3": PROFILE},
            "pod one: its counts cannot be read: cells.rows: -1 is not a count",
        ),
        (watched_cells(), {"r9": PROFILE}, "pod one: its revision has no profile"),
    ],
)
async def test_cells_that_cannot_be_compared_are_unknown(
    scene: Scene, cells: dict[str, Any] | None, *, profiles: dict[str, Profile], why: str
) -> None:
    scene.answer = web.json_response(a_document(cells=cells))

    assert await scene.counters.cells([a_pod(scene.port)], profiles=profiles, cursors={}) == {"one": Unknown(why)}


@pytest.mark.parametrize(
    ("cursor", "expected"),
    [
        (Cursor("abc", 7), PodLabels("one", "r3", "abc", 9)),
        (Cursor("before", 0), PodLabels("one", "r3", "abc", 9)),
        (Cursor("before", 7), None),
    ],
    ids=["the same process", "another process from the start", "another process, of which the first were not asked"],
)
async def test_labels_are_asked_for_from_a_cursor_of_the_same_process(
    scene: Scene, cursor: Cursor, expected: PodLabels | None
) -> None:
    labels = {"cursor": 9, "forged": 0, "expired": 0, "served": [], "entries": []}
    scene.answer = web.json_response(a_document(cells=watched_cells(), labels=labels))

    found = await scene.counters.cells([a_pod(scene.port)], profiles={"r3": PROFILE}, cursors={"one": cursor})

    report = found["one"]
    assert isinstance(report, PodReport)
    assert (report.labels, scene.asked) == (expected, [f"/monitoring/counts?cells=1&labels={cursor.position}"])
