"""Asking Prometheus over real sockets: one finite, fresh number, or the reason why there is none."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from leeboard.adapters.http_client import HttpClient
from leeboard.adapters.prometheus import REST_SECONDS, Clocks, PrometheusQueries
from leeboard.metrics import Metrics
from leeboard.planning.facts import Unknown
from leeboard_runtime.metrics import ServerMetrics
from tests.support.little_server import serving

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
AT = NOW.timestamp()


def success(type_: str, result: object, **more: object) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": type_, "result": result}, **more}


def sample(value: str, *, at: float = AT, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"metric": dict(labels or {}), "value": [at, value]}


@dataclass
class Scene:
    """One server by the name of ``main``, whose answers and whose clock the test sets."""

    queries: PrometheusQueries = field(init=False)
    metrics: Metrics = field(default_factory=Metrics)
    answer: web.Response = field(default_factory=web.Response)
    forms: list[dict[str, str]] = field(default_factory=list)
    slowness: float = 0.0
    steady: float = 0.0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert (request.method, request.path) == ("POST", "/base/api/v1/query")
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        await asyncio.sleep(self.slowness)
        return web.Response(status=self.answer.status, body=self.answer.body, headers=self.answer.headers)

    def says(self, document: object, *, status: int = 200) -> None:
        self.answer = web.json_response(document, status=status)

    async def number(self, provider: str = "main") -> float | Unknown:
        return await self.queries.number(provider, "up")


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene, http = Scene(), HttpClient(connections=10)
    clocks = Clocks(now=lambda: NOW, steady=lambda: scene.steady)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = f"http://user:secret@127.0.0.1:{closed.getsockname()[1]}"
        async with serving(scene.handle) as port:
            providers = {"main": f"http://127.0.0.1:{port}/base/", "gone": gone}
            scene.queries = PrometheusQueries(http, providers, scene.metrics, clocks=clocks)
            yield scene
            await http.close()


NUMBERS = {
    "a vector of one sample": (success("vector", [sample("0.25", labels={"job": "x"})]), 0.25),
    "a scalar": (success("scalar", [AT, "-3"]), -3.0),
    "a sample of a minute ago": (success("vector", [sample("1", at=AT - 60)]), 1.0),
    "with information that is no warning": (success("vector", [sample("1e3")], infos=["may not be a counter"]), 1000.0),
}


@pytest.mark.parametrize(("document", "number"), NUMBERS.values(), ids=NUMBERS.keys())
async def test_the_number_is(scene: Scene, document: dict[str, Any], number: float) -> None:
    scene.says(document)

    assert await scene.number() == number
    assert scene.forms == [{"query": "up", "timeout": "5s", "lookback_delta": "60s"}]


UNKNOWN = {
    "nothing": (success("vector", []), "the query has no result of the last 60 s"),
    "two samples": (
        success("vector", [sample("1", labels={"a": "1"}), sample("1", labels={"a": "2"})]),
        "the query has 2 results instead of one",
    ),
    "NaN": (success("vector", [sample("NaN")]), "the result is nan"),
    "infinity": (success("scalar", [AT, "+Inf"]), "the result is inf"),
    "a word": (success("scalar", [AT, "many"]), "the result is no number"),
    "an old sample": (success("vector", [sample("1", at=AT - 61)]), "the result is 61 s old"),
    "a sample of tomorrow": (success("vector", [sample("1", at=AT + 90)]), "the result is -90 s old"),
    "a matrix": (success("matrix", []), "the query has a matrix as its result instead of one number"),
    "a string": (success("string", [AT, "x"]), "the query has a string as its result instead of one number"),
    "a warning": (
        success("vector", [sample("1")], warnings=["a store did not answer"]),
        "its answer is not complete, by its own warning",
    ),
    "another document": ({"status": "error"}, "its answer cannot be read at status"),
    "a sample without a time": (
        success("vector", [{"metric": {}, "value": ["1"]}]),
        "its answer cannot be read at data.vector.result.0.value.0",
    ),
}


@pytest.mark.parametrize(("document", "why"), UNKNOWN.values(), ids=UNKNOWN.keys())
async def test_there_is_no_number_for(scene: Scene, document: dict[str, Any], why: str) -> None:
    scene.says(document)

    assert await scene.number() == Unknown(f"main: {why}")


REFUSALS = {
    "a query that is wrong": (
        web.json_response({"status": "error", "errorType": "bad_data", "error": "parse error"}, status=400),
        "it answered 400 (bad_data)",
    ),
    "an error of another kind": (web.json_response({"errorType": "<b>"}, status=503), "it answered 503"),
    "a page": (web.Response(status=401, text="log in"), "it answered 401"),
    "a redirect": (web.Response(status=307, headers={"Location": "http://169.254.169.254/"}), "it answered 307"),
    "no JSON": (web.Response(text="<html>"), "its answer cannot be read at the document"),
    "a body without end": (web.Response(body=b"x" * (5 << 20)), "an answer over 4194304 bytes"),
}


@pytest.mark.parametrize(("answer", "why"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_what_is_no_answer_is_unknown_and_not_followed(scene: Scene, answer: web.Response, why: str) -> None:
    scene.answer = answer

    assert await scene.number() == Unknown(f"main: {why}")
    assert len(scene.forms) == 1


async def test_a_name_that_nobody_gave_is_unknown_and_asks_nobody(scene: Scene) -> None:
    assert await scene.number("http://127.0.0.1") == Unknown(
        "http://127.0.0.1: the administrator has named no Prometheus server so"
    )
    assert scene.forms == []


async def test_a_server_that_is_gone_is_unknown_without_its_password(scene: Scene) -> None:
    assert await scene.number("gone") == Unknown("gone: no connection")


async def test_a_server_that_does_not_answer_is_left_alone_for_a_while_and_then_asked_again(scene: Scene) -> None:
    scene.says(success("scalar", [AT, "1"]))
    scene.slowness = 60.0
    assert await scene.number() == Unknown("main: no answer within 5 s")
    scene.slowness = 0.0

    assert await scene.number() == Unknown("main: no answer within 5 s")
    assert len(scene.forms) == 1

    scene.steady = REST_SECONDS
    assert await scene.number() == 1.0


async def test_queries_go_side_by_side_and_are_counted(scene: Scene) -> None:
    scene.says(success("scalar", [AT, "1"]))
    scene.slowness = 0.5
    begun = asyncio.get_running_loop().time()

    found = await asyncio.gather(*(scene.number() for _ in range(8)))

    assert asyncio.get_running_loop().time() - begun < 2
    assert found == [1.0] * 8
    labels = {"source": "prometheus", "outcome": "answered"}
    assert scene.metrics.registry.get_sample_value("leeboard_poll_seconds_count", labels) == 8


def scraped(pod: str, *, good: int = 5, revision: str = "r3", job: str = "pods") -> list[dict[str, Any]]:
    """What Prometheus has of a pod that answered ``good`` requests, the slowest in 100 s, and refused two."""
    server = ServerMetrics("loans", "3", revision)
    for number in range(good):
        server.finished(200, 0.004 if number else 100.0)
    for _ in range(2):
        server.finished(404, 0.0001)
    scrape = {"namespace": "team", "pod": pod, "job": job}
    return [
        sample(str(one.value), labels={"__name__": one.name, **scrape, **one.labels})
        for family in server.collect()
        for one in family.samples
    ]


def a_pod(name: str, revision: str = "r3") -> dict[str, Any]:
    labels = {"leeboard.dev/owner": "loans", "leeboard.dev/revision": revision}
    return {"metadata": {"name": name, "namespace": "team", "labels": labels}}


async def test_counters_of_every_pod_are_those_that_it_would_tell_itself(scene: Scene) -> None:
    scene.says(success("vector", [*scraped("one"), *scraped("two", good=1, revision="r4")]))

    found = await scene.queries.counts("main", [a_pod("one"), a_pod("two", "r4")])

    one, two = found["one"], found["two"]
    assert not isinstance(one, Unknown)
    assert not isinstance(two, Unknown)
    assert (one.pod, one.revision, one.counts.requests, one.counts.client_errors, one.counts.errors) == (
        "one",
        "r3",
        7,
        2,
        0,
    )
    assert [(at, count) for at, count in enumerate(one.counts.durations) if count] == [(0, 2), (4, 4), (22, 1)]
    assert (two.revision, two.counts.requests) == ("r4", 3)
    assert one.started.startswith("prometheus/")
    (form,) = scene.forms
    chosen = ',namespace="team",name="loans",revision=~"r3|r4"}'
    assert form["query"].startswith('{__name__=~"leeboard_server_requests_total|')
    assert form["query"].endswith(chosen)


BROKEN = {
    "a pod without series": ([], "has series that are missing or do not fit together"),
    "a pod of another revision": (scraped("one", revision="r2"), "has series that are missing or do not fit together"),
    "a pod with a bucket missing": (
        [one for one in scraped("one") if one["metric"].get("le") != "0.5"],
        "has series that are missing or do not fit together",
    ),
    "a pod that is scraped by two jobs": (
        [*scraped("one"), *scraped("one", job="again")],
        "is scraped more than once",
    ),
}


@pytest.mark.parametrize(("series", "why"), BROKEN.values(), ids=BROKEN.keys())
async def test_counters_are_unknown_of(scene: Scene, series: list[dict[str, Any]], why: str) -> None:
    scene.says(success("vector", series))

    assert await scene.queries.counts("main", [a_pod("one")]) == {"one": Unknown(f"main: pod one {why}")}


async def test_without_an_answer_the_counters_of_every_pod_are_unknown(scene: Scene) -> None:
    found = await scene.queries.counts("gone", [a_pod("one"), a_pod("two")])

    assert found == {"one": Unknown("gone: no connection"), "two": Unknown("gone: no connection")}
    assert await scene.queries.counts("gone", []) == {}
