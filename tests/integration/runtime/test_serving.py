"""What clients of a served model get, over real sockets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column, until

pytestmark = pytest.mark.integration

Shared = Callable[[str], ModelServer]
ROW = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))


def test_health_and_metadata_say_what_is_served(shared: Shared) -> None:
    server = shared("linear")
    base = "/v2/models/car-loan"
    paths = ["/v2/health/live", "/v2/health/ready", f"{base}/ready", f"{base}/versions/3/ready"]
    assert [server.status(path) for path in paths] == [200] * 4
    assert httpx.get(f"{server.url}/v2").json()["extensions"] == []
    assert httpx.get(f"{server.url}{base}/versions/3").json() == {
        "name": "car-loan",
        "versions": ["3"],
        "platform": "mlflow_sklearn",
        "inputs": [
            {"name": "age", "datatype": "FP64", "shape": [-1]},
            {"name": "income", "datatype": "FP64", "shape": [-1]},
            {"name": "visits", "datatype": "INT64", "shape": [-1]},
        ],
        "outputs": [{"name": "output-0", "datatype": "FP64", "shape": [-1, 2]}],
    }


def test_the_recorded_predict_proba_is_what_answers(shared: Shared) -> None:
    answer = shared("linear").infer(*ROW, id="a")
    document = answer.json()
    (output,) = document.pop("outputs")
    assert answer.status_code == 200
    assert document == {"model_name": "car-loan", "model_version": "3", "id": "a"}
    assert (output["name"], output["datatype"], output["shape"]) == ("output-0", "FP64", [1, 2])
    assert sum(output["data"]) == pytest.approx(1.0)


def test_the_version_may_be_part_of_the_path(shared: Shared) -> None:
    server = shared("linear")
    answer = httpx.post(f"{server.url}/v2/models/car-loan/versions/3/infer", json={"inputs": ROW})
    assert answer.json() == server.infer(*ROW).json()


def test_a_tree_answers_with_labels(shared: Shared) -> None:
    rows = (column("age", "FP64", 25, 40), column("income", "FP64", 20, 75), column("visits", "INT64", 1, 4))
    assert shared("tree").infer(*rows).json()["outputs"] == [
        {"name": "output-0", "shape": [2], "datatype": "INT64", "data": [0, 1]}
    ]


def test_every_type_reaches_the_model_as_the_table_says(shared: Shared) -> None:
    answer = shared("mixed").infer(
        column("amount", "FP64", 1.5, None),
        column("ratio", "FP32", None, 0.25),
        column("small", "INT32", 3, 4),
        column("member", "BOOL", *[True, None]),
        column("city", "BYTES", None, "Tromsø"),
        column("since", "BYTES", "2026-11-21T12:00:00+01:00", None),
        column("blob", "BYTES", "AAE=", None),
    )
    outputs = {output["name"]: output["data"] for output in answer.json()["outputs"]}
    assert outputs == {
        "score": [1.5, 2.0],
        "seen": [
            "amount=1.5 ratio=null small=3 member=True city=null since=2026-11-21T11:00:00 blob=b'\\x00\\x01'",
            "amount=null ratio=0.25 small=4 member=null city=Tromsø since=null blob=null",
        ],
    }


def test_the_lean_path_and_mlflows_own_agree_on_every_type(shared: Shared, start: StartServer) -> None:
    enforced = start("mixed")
    inputs = (
        column("small", "INT32", 3, 4),
        column("amount", "INT64", 5, 6),
        column("member", "BOOL", *[None, False]),
        column("since", "BYTES", None, "2026-01-01"),
        column("count", "UINT32", 7, 8),
    )
    assert enforced.infer(*inputs).json() == shared("mixed").infer(*inputs).json()


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [({}, 20.0), ({"factor": 3.5}, 7.0), ({"factor": 3}, 6.0)],
    ids=["default", "set", "an integer"],
)
def test_parameters_reach_the_model(shared: Shared, parameters: dict[str, Any], expected: float) -> None:
    answer = shared("scaled").infer(column("x", "FP64", 2.0), parameters=parameters)
    assert answer.json()["outputs"][0]["data"] == [expected]


def test_a_tensor_model_takes_its_shape(shared: Shared) -> None:
    tensor = {"name": "input-0", "shape": [2, 2, 3], "datatype": "FP32", "data": list(range(12))}
    assert shared("summed").infer(tensor).json()["outputs"] == [
        {"name": "output-0", "shape": [2], "datatype": "FP32", "data": [15.0, 51.0]}
    ]


BODIES = {
    "a missing column": ({"inputs": ROW[:2]}, 'required column "visits" is missing'),
    "an unknown parameter": ({"inputs": ROW, "parameters": {"a": 1}}, "unknown parameter 'a'; the signature has none"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_wrong_request_is_400_with_its_reason(case: str, shared: Shared) -> None:
    body, sentence = BODIES[case]
    answer = httpx.post(shared("linear").infer_url, json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})


def test_what_is_not_served_is_told(shared: Shared) -> None:
    server = shared("linear")
    unknown = httpx.post(f"{server.url}/v2/models/other/infer", json={"inputs": ROW})
    assert (unknown.status_code, httpx.get(server.infer_url).status_code) == (404, 405)
    compressed = httpx.post(server.infer_url, content=b"x", headers={"Content-Encoding": "gzip"})
    binary = httpx.post(server.infer_url, content=b"x", headers={"Inference-Header-Content-Length": "1"})
    assert (compressed.status_code, binary.status_code) == (415, 400)


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_over_the_limit_is_413(chunked: bool, start: StartServer) -> None:  # noqa: FBT001 - a case
    server = start("linear", "--max-body-bytes", "1000")
    body = b"x" * 2000
    answer = httpx.post(server.infer_url, content=iter([body]) if chunked else body)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert server.infer(*ROW).status_code == 200


def test_rows_that_share_a_batch_get_their_own_answers(start: StartServer) -> None:
    server = start("fragile", "--batching", "true", "--lean", "true")
    with httpx.Client(limits=httpx.Limits(max_connections=40)) as client:
        answers = ask_together(client, server, [777.0, *map(float, range(1, 31))])
    assert answers == [(200, [1554.0]), *((200, [2.0 * value]) for value in range(1, 31))]
    assert server.metric("leeboard_server_batch_rows_count") <= 3
    assert server.metric("leeboard_server_batch_rows_sum") == 31


def test_one_bad_row_does_not_fail_its_neighbours(start: StartServer) -> None:
    server = start("fragile", "--batching", "true", "--lean", "true")
    with httpx.Client(limits=httpx.Limits(max_connections=40)) as client:
        answers = ask_together(client, server, [777.0, 1.0, -1.0, 2.0])
    assert answers == [(200, [1554.0]), (200, [2.0]), (500, None), (200, [4.0])]
    assert "x is negative" in server.infer(column("x", "FP64", -1.0)).json()["error"]


def test_without_batching_every_request_is_a_call_of_its_own(start: StartServer) -> None:
    server = start("ranks")
    with httpx.Client(limits=httpx.Limits(max_connections=40)) as client:
        answers = ask_together(client, server, [5.0, 1.0, 3.0])
    assert answers == [(200, [1.0])] * 3
    assert server.metric("leeboard_server_batch_rows_count") == 3


def ask_together(
    client: httpx.Client, server: ModelServer, values: list[float]
) -> list[tuple[int, list[float] | None]]:
    """One request a value; the first keeps the worker busy while the others arrive."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    def ask(value: float) -> tuple[int, list[float] | None]:
        answer = client.post(server.infer_url, json={"inputs": [column("x", "FP64", value)]}, timeout=30)
        outputs = answer.json().get("outputs")
        return answer.status_code, outputs[0]["data"] if outputs else None

    with ThreadPoolExecutor(len(values)) as pool:
        first = pool.submit(ask, values[0])
        until(lambda: server.metric("leeboard_server_requests_in_flight") or first.done(), what="the first request")
        rest = list(pool.map(ask, values[1:]))
        return [first.result(), *rest]


def test_a_request_that_waits_too_long_is_504_and_the_next_is_served(start: StartServer) -> None:
    server = start("fragile", "--request-timeout", "1.5")
    late = server.infer(column("x", "FP64", 777.0))
    assert (late.status_code, late.json()) == (504, {"error": "no answer within 1.5 s"})
    assert server.infer(column("x", "FP64", 1.0)).json()["outputs"][0]["data"] == [2.0]


def test_a_full_queue_is_503_with_retry_after(start: StartServer) -> None:
    server = start("fragile", "--queue", "1")
    with httpx.Client(limits=httpx.Limits(max_connections=40)) as client:
        answers = ask_together(client, server, [777.0, *([1.0] * 6)])
    codes = [code for code, _ in answers]
    assert codes[0] == 200
    assert set(codes) == {200, 503}
    assert server.metric("leeboard_server_requests_total", code="5xx") == codes.count(503)


def test_requests_are_counted_with_service_and_version(start: StartServer) -> None:
    server = start("linear")
    server.infer(*ROW)
    server.infer(ROW[0])
    labels = {"name": "car-loan", "version": "3"}
    assert server.metric("leeboard_server_requests_total", code="2xx", **labels) == 1
    assert server.metric("leeboard_server_requests_total", code="4xx", **labels) == 1
    assert server.metric("leeboard_server_request_duration_seconds_count", **labels) == 2
    assert server.metric("leeboard_server_ready", **labels) == 1
    assert server.status("/metrics") == 404


def test_metrics_are_not_on_the_protocols_port_nor_the_protocol_on_theirs(shared: Shared) -> None:
    server = shared("linear")
    assert server.status("/metrics") == 404
    assert httpx.get(f"http://127.0.0.1:{server.metrics_port}/v2").status_code == 404


UNSERVABLE = {
    "unsigned": ("SignatureMissing", "the model has no signature"),
    "open-tensor": ("SignatureUnsupported", "only the first dimension may be open"),
    "unloadable": ("LoadFailed", "the weights are gone"),
}


@pytest.mark.parametrize("model", UNSERVABLE)
def test_a_model_that_cannot_be_served_ends_the_server_with_the_reason(model: str, start: StartServer) -> None:
    reason, words = UNSERVABLE[model]
    server = start(model, wait=False)
    assert server.ended(90) == 2
    assert server.message()["reason"] == reason
    assert words in server.message()["message"]


def test_a_port_that_is_taken_ends_the_server_with_the_reason(shared: Shared, start: StartServer) -> None:
    server = start("linear", "--port", str(shared("linear").port), wait=False)
    assert server.ended() == 2
    assert server.message()["reason"] == "PortUnavailable"


def test_it_is_live_but_not_ready_before_the_model_is_loaded(start: StartServer) -> None:
    server = start("linear", wait=False)
    until(lambda: server.status("/v2/health/live") == 200, what="live")
    assert server.status("/v2/health/ready") == 503
    early = server.infer(*ROW)
    assert (early.status_code, early.headers["retry-after"]) == (503, "1")
    server.wait_until_ready()
    assert server.infer(*ROW).status_code == 200


def test_a_model_directory_that_is_not_there_is_a_load_failure(start: StartServer, tmp_path: Path) -> None:
    server = start("linear", "--model", str(tmp_path / "nothing"), wait=False)
    assert server.ended(60) == 2
    assert server.message()["reason"] == "LoadFailed"
