"""What a running server tells of its counters and of its last predictions."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column

pytestmark = pytest.mark.integration
ROW = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))
SAME_ROW = (column("visits", "INT64", 1), column("income", "FP64", 20), column("age", "FP32", 25))
BATCHING = ("--batching", "true", "--lean", "true")


def told(server: ModelServer, *, answers: bool = False) -> dict[str, Any]:
    query = "?answers=1" if answers else ""
    answer = httpx.get(f"http://127.0.0.1:{server.metrics_port}/monitoring/counts{query}", timeout=5)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    document: dict[str, Any] = answer.json()
    return document


def test_every_answered_request_is_counted_once_by_class_and_duration(start: StartServer) -> None:
    server = start("linear", *BATCHING, "--revision", "r3")
    before = told(server)
    for _ in range(3):
        assert server.infer(*ROW).status_code == 200
    assert server.infer(ROW[0]).status_code == 400

    after = told(server)

    assert {name: after[name] for name in ("schema", "name", "version", "revision")} == {
        "schema": 1,
        "name": "car-loan",
        "version": "3",
        "revision": "r3",
    }
    assert before["started"] == after["started"]
    assert (before["requests"], sum(before["durations"]["counts"])) == ({"2xx": 0, "4xx": 0, "5xx": 0}, 0)
    assert (after["requests"], sum(after["durations"]["counts"])) == ({"2xx": 3, "4xx": 1, "5xx": 0}, 4)


def test_a_restart_is_seen_by_another_start(start: StartServer) -> None:
    assert told(start("linear"))["started"] != told(start("linear"))["started"]


def test_two_models_tell_the_same_hash_for_the_same_question_and_each_its_own_answer(start: StartServer) -> None:
    linear, tree = start("linear", *BATCHING), start("tree", *BATCHING)
    for server in (linear, tree):
        assert server.infer(*ROW).status_code == 200
        assert told(server, answers=True)["answers"] == []

    linear.infer(*ROW)
    tree.infer(*SAME_ROW)
    (one,), (other,) = (told(server, answers=True)["answers"] for server in (linear, tree))

    assert one[0] == other[0]
    assert (len(one[1]), other[1]) == (2, [0])
    assert told(linear)["answers"] == []


def test_the_paths_of_the_second_port_are_named(shared: Callable[[str], ModelServer]) -> None:
    server = shared("linear")
    answer = httpx.get(f"http://127.0.0.1:{server.metrics_port}/other", timeout=5)
    assert (answer.status_code, answer.text) == (404, "see /metrics and /monitoring/counts\n")
    assert server.status("/monitoring/counts") == 404
