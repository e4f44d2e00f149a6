"""Triton's public HTTP client against the server: the protocol as others understand it."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import DTypeLike
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from tests.integration.runtime.serving import ModelServer

pytestmark = pytest.mark.integration

Shared = Callable[[str], ModelServer]


@pytest.fixture
def client(shared: Shared) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(f"127.0.0.1:{shared('mixed').port}") as connected:
        yield connected


def given(name: str, datatype: str, values: list[object], *, dtype: DTypeLike) -> InferInput:
    tensor = InferInput(name, [len(values)], datatype)
    tensor.set_data_from_numpy(np.array(values, dtype=dtype), binary_data=False)
    return tensor


def test_the_client_sees_a_live_and_ready_server(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("car-loan")
    assert client.is_model_ready("car-loan", "3")


def test_the_client_reads_the_metadata(client: InferenceServerClient) -> None:
    assert client.get_server_metadata()["name"] == "leeboard-runtime"
    metadata = client.get_model_metadata("car-loan")
    assert [tensor["name"] for tensor in metadata["outputs"]] == ["score", "seen"]
    assert {tensor["name"]: tensor["datatype"] for tensor in metadata["inputs"]} == {
        "amount": "FP64", "ratio": "FP32", "count": "INT64", "small": "INT32",
        "member": "BOOL", "city": "BYTES", "since": "BYTES", "blob": "BYTES",
    }  # fmt: skip


def test_the_client_gets_predictions_for_every_datatype(client: InferenceServerClient) -> None:
    inputs = [
        given("amount", "FP64", [0.1, 2.5], dtype=np.float64),
        given("ratio", "FP32", [0.25, 0.5], dtype=np.float32),
        given("count", "INT64", [7, 2**40], dtype=np.int64),
        given("small", "INT32", [3, 5], dtype=np.int32),
        given("member", "BOOL", [True, False], dtype=np.bool_),
        given("city", "BYTES", ["Bergen", "Tromsø"], dtype=np.object_),
    ]
    outputs = [InferRequestedOutput(name, binary_data=False) for name in ("score", "seen")]
    answer = client.infer("car-loan", inputs, outputs=outputs, request_id="r-1", model_version="3")
    assert answer.get_response()["id"] == "r-1"
    assert answer.as_numpy("score").tolist() == [1.5, 2.5]
    assert [str(value) for value in answer.as_numpy("seen")] == [
        "amount=0.1 ratio=0.25 count=7 small=3 member=True city=Bergen",
        f"amount=2.5 ratio=0.5 count={2**40} small=5 member=False city=Tromsø",
    ]


def test_the_client_may_ask_for_one_output(client: InferenceServerClient) -> None:
    answer = client.infer(
        "car-loan",
        [given("small", "INT32", [3], dtype=np.int32)],
        outputs=[InferRequestedOutput("score", binary_data=False)],
    )
    assert [output["name"] for output in answer.get_response()["outputs"]] == ["score"]


def test_the_client_is_told_that_binary_data_is_not_offered(client: InferenceServerClient) -> None:
    binary = InferInput("small", [1], "INT32")
    binary.set_data_from_numpy(np.array([3], dtype=np.int32), binary_data=True)
    for inputs in ([binary], [given("small", "INT32", [3], dtype=np.int32)]):
        with pytest.raises(InferenceServerException, match="binary tensor data extension is not supported"):
            client.infer("car-loan", inputs)


def test_the_client_gets_the_reason_of_a_refusal(client: InferenceServerClient) -> None:
    outputs = [InferRequestedOutput("score", binary_data=False)]
    with pytest.raises(InferenceServerException, match='required column "small" is missing'):
        client.infer("car-loan", [given("count", "INT64", [7], dtype=np.int64)], outputs=outputs)
