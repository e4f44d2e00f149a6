"""Counting, tokens and late labels of real servers."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column, until
from tests.support.profile_document import channel, classes, encoded, feature, profile, score

pytestmark = pytest.mark.integration
CREDENTIAL = "a credential of some length"
KEYS = ("01" * 16, "02" * 16)
FEATURES = [feature("age", limits=[0, 120]), feature("income"), feature("visits", "Category")]
CHANNELS = [
    channel("age", 0, edges=[30, 50]),
    channel("income", 1, edges=[40]),
    channel("visits", 2, "Category", values=["1", "2"], hashed=2),
    score(0.25, 0.5, 0.75),
    classes("0", "1"),
]
SEGMENTS = json.dumps([{"column": "visits", "values": ["1", "4"]}])


@dataclass(frozen=True, slots=True)
class Monitored:
    """What a server is told of monitoring, as files."""

    folder: Path

    def write(self, document: dict[str, Any]) -> tuple[str, ...]:
        (self.folder / "profile.json").write_bytes(encoded(document))
        (self.folder / "keys").mkdir(exist_ok=True)
        self.put_key("2026-01-01", KEYS[0])
        (self.folder / "credential").write_text(CREDENTIAL)
        return (
            *("--profile", str(self.folder / "profile.json"), "--token-keys", str(self.folder / "keys")),
            *("--feedback-credential", str(self.folder / "credential"), "--batching", "true", "--lean", "true"),
        )

    def put_key(self, name: str, key: str) -> None:
        (self.folder / "keys" / name).write_text(key)

    def remove_key(self, name: str) -> None:
        (self.folder / "keys" / name).unlink()


@pytest.fixture
def monitored(tmp_path: Path) -> Monitored:
    (tmp_path / "monitoring").mkdir()
    return Monitored(tmp_path / "monitoring")


def told(server: ModelServer, query: str = "cells=1&labels=0") -> dict[str, Any]:
    answer = httpx.get(f"http://127.0.0.1:{server.metrics_port}/monitoring/counts?{query}", timeout=5)
    document: dict[str, Any] = answer.raise_for_status().json()
    return document


def rows(*some: tuple[float, float, int]) -> tuple[dict[str, Any], ...]:
    ages, incomes, visits = zip(*some, strict=True)
    return column("age", "FP64", *ages), column("income", "FP64", *incomes), column("visits", "INT64", *visits)


def tokens(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200
    found: str = answer.json()["parameters"]["leeboard_token"]
    return found.split(",")


def label(server: ModelServer, body: object, credential: str = CREDENTIAL) -> httpx.Response:
    headers = {"Authorization": f"Bearer {credential}"}
    return httpx.post(f"{server.url}/feedback", json=body, headers=headers, timeout=10)


def test_answered_rows_are_counted_and_refused_ones_are_not(start: StartServer, monitored: Monitored) -> None:
    options = monitored.write(profile(FEATURES, CHANNELS))
    server = start("linear", *options, "--segments", SEGMENTS, "--groups", SEGMENTS)
    answers = [
        server.infer(*rows((25.0, 20.0, 1), (61.0, 50.0, 4))),
        server.infer(*rows((200.0, 40.0, 2))[::-1]),
        server.infer({"name": "input-0", "shape": [1, 3], "datatype": "FP64", "data": [50.0, 75.0, 1.0]}),
        server.infer(*rows((25.0, 20.0, 1))[:2]),
    ]

    document = told(server)

    assert [answer.status_code for answer in answers] == [200, 200, 400, 400]
    cells = document["cells"]
    assert (cells["rows"], cells["skipped"]) == (3, 0)
    assert cells["counts"][:2] == [[1, 0, 1], [1, 2]]
    assert (cells["counts"][2][:2], sum(cells["counts"][2])) == ([1, 1], 3)
    assert [sum(cells["counts"][3]), sum(cells["counts"][4])] == [3, 3]
    assert cells["quality"] == [[0, 0, 0, 0, 0, 1], [0] * 6, [0] * 6]
    assert [(v["value"], v["rows"]) for v in cells["segments"][0]["values"]] == [("1", 1), ("4", 1)]
    assert [sum(v["class"]) for v in cells["groups"][0]["values"]] == [1, 1]
    scores = [p for answer in answers[:2] for p in answer.json()["outputs"][0]["data"][1::2]]
    assert cells["counts"][3] == [sum(sum(p >= e for e in (0.25, 0.5, 0.75)) == c for p in scores) for c in range(4)]


def test_what_nobody_asks_for_is_not_told_and_a_server_without_a_profile_has_none(
    start: StartServer, monitored: Monitored
) -> None:
    counting = start("linear", *monitored.write(profile(FEATURES, CHANNELS)))
    plain = start("linear")
    assert told(counting, "").keys() == told(plain, "").keys() == told(plain).keys() - {"cells", "labels"}
    assert (told(plain)["cells"], told(plain)["labels"]) == (None, None)
    assert "parameters" not in plain.infer(*rows((25.0, 20.0, 1))).json()
    assert label(plain, {}).status_code == 404
    wrong = httpx.get(f"http://127.0.0.1:{plain.metrics_port}/monitoring/counts?labels=x", timeout=5)
    assert (wrong.status_code, wrong.json()) == (400, {"error": "labels must be a cursor, 0 at first, not 'x'"})


def test_a_label_comes_back_to_any_pod_and_counts_once(start: StartServer, monitored: Monitored) -> None:
    options = monitored.write(profile(FEATURES, CHANNELS))
    one, other = start("linear", *options), start("linear", *options)
    given = tokens(one.infer(*rows((25.0, 20.0, 1), (61.0, 50.0, 4))))

    first = label(one, {"token": given[0], "label": 1})
    both = label(other, [{"token": token, "label": 1} for token in given])
    again = label(other, {"token": given[0], "label": 0})
    forged = label(other, {"token": given[0][::-1], "label": 1})

    assert [answer.status_code for answer in (first, both, again, forged)] == [200, 200, 400, 400]
    assert (first.json(), both.json()) == ({"accepted": 1}, {"accepted": 2})
    assert "the first one stays" in again.json()["refused"][0]["error"]
    labels = told(one)["labels"], told(other)["labels"]
    hashes = [[entry[1] for entry in of["entries"]] for of in labels]
    assert len(set(hashes[0] + hashes[1])) == 2
    assert [of["forged"] for of in labels] == [0, 1]
    assert [sum(c["rows"] for c in of["served"]) for of in labels] == [2, 0]
    entry = labels[0]["entries"][0]
    assert (entry[0], entry[4] in {0, 1}, entry[6:]) == (1, True, [-1, -1, 1])
    assert told(other, f"labels={labels[1]['cursor']}")["labels"]["entries"] == []


def test_feedback_is_refused_without_the_credential(start: StartServer, monitored: Monitored) -> None:
    server = start("linear", *monitored.write(profile(FEATURES, CHANNELS)))
    body = {"token": tokens(server.infer(*rows((25.0, 20.0, 1))))[0], "label": 1}

    assert label(server, body, "another credential").status_code == 401
    assert httpx.post(f"{server.url}/feedback", json=body, timeout=5).status_code == 401
    with_credential = {"Authorization": f"Bearer {CREDENTIAL}"}
    assert httpx.get(f"{server.url}/feedback", headers=with_credential, timeout=5).status_code == 405

    assert told(server)["labels"]["entries"] == []
    assert server.metric("leeboard_monitoring_labels_total", outcome="unauthorized") == 2


def test_keys_are_rotated_while_the_server_runs(start: StartServer, monitored: Monitored) -> None:
    server = start("linear", *monitored.write(profile(FEATURES, CHANNELS)))
    old = tokens(server.infer(*rows((25.0, 20.0, 1))))[0]
    monitored.put_key("2026-02-01", KEYS[1])

    def newer() -> str:
        token = tokens(server.infer(*rows((25.0, 20.0, 1))))[0]
        return token if token[:2] != old[:2] else ""

    new = until(newer, what="a token of the new key", seconds=30)
    assert label(server, [{"token": token, "label": 1} for token in (old, new)]).json() == {"accepted": 2}

    monitored.remove_key("2026-01-01")

    def refused() -> bool:
        return label(server, {"token": old, "label": 1}).status_code == 400

    until(refused, what="the old key forgotten", seconds=30)
    assert label(server, {"token": new, "label": 1}).status_code == 200


def test_counts_are_exact_under_concurrent_requests_and_the_same_on_prometheus_port(
    start: StartServer, monitored: Monitored
) -> None:
    server = start("linear", *monitored.write(profile(FEATURES, CHANNELS)))
    with ThreadPoolExecutor(8) as pool:
        bodies = [rows(*[(float(20 + n % 50), 20.0, n % 5)] * (1 + n % 3)) for n in range(120)]
        answers = list(pool.map(lambda body: server.infer(*body), bodies))

    cells = told(server)["cells"]

    sizes = [1 + n % 3 for n in range(120)]
    ages = [float(20 + n % 50) for n in range(120)]
    assert {answer.status_code for answer in answers} == {200}
    expected = [0, 0, 0]
    for size, age in zip(sizes, ages, strict=True):
        expected[(age >= 30) + (age >= 50)] += size
    assert (cells["rows"], cells["counts"][0]) == (sum(sizes), expected)
    assert [
        server.metric("leeboard_monitoring_cell_rows_total", channel="age", cell=str(cell)) for cell in range(3)
    ] == expected
    given = [token for answer in answers for token in tokens(answer)]
    assert len(set(given)) == len(given) == sum(sizes)


def test_counters_outlive_the_models_process(start: StartServer, monitored: Monitored) -> None:
    document = profile([feature("x")], [channel("x", 0, edges=[10])], task="Regression", names=())
    server = start("fragile", *monitored.write(document))
    assert server.infer(column("x", "FP64", 1.0)).status_code == 200
    assert server.infer(column("x", "FP64", 666.0)).status_code == 503

    server.wait_until_ready()
    assert server.infer(column("x", "FP64", 50.0)).status_code == 200

    assert told(server)["cells"]["counts"] == [[1, 1]]
    assert told(server)["cells"]["rows"] == 2


def test_a_regression_of_tensors_is_counted_by_norm_and_value_and_takes_numbers_as_labels(
    start: StartServer, monitored: Monitored
) -> None:
    document = profile(
        [feature("input-0", "Array")],
        [channel("input-0", 0, "Norm", edges=[1.0, 5.0]), score(2.0)],
        task="Regression",
        names=(),
    )
    server = start("summed", *monitored.write(document))
    tensor = {"name": "input-0", "shape": [2, 2, 3], "datatype": "FP32", "data": [0.0] * 6 + [3.0, 4.0] + [0.0] * 4}
    given = tokens(server.infer(tensor))

    answer = label(server, [{"token": given[1], "label": 6.5}, {"token": given[0], "label": "high"}])

    document = told(server)
    assert document["cells"]["counts"] == [[1, 0, 1], [1, 1]]
    assert answer.json()["refused"] == [{"index": 1, "error": "label 'high' must be a finite number"}]
    assert [entry[3:] for entry in document["labels"]["entries"]] == [[1, -1, 7.0, -1, -1, 6.5]]


def test_a_profile_that_cannot_be_read_ends_the_server_and_names_the_member(
    start: StartServer, monitored: Monitored
) -> None:
    server = start("linear", *monitored.write({**profile(FEATURES, CHANNELS), "schema": 7}), wait=False)
    assert server.ended() == 2
    assert server.message() == {
        "reason": "MonitoringInvalid",
        "message": "--profile: schema is 7, this server reads 1",
    }
