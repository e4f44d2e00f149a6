"""Requests to a model with tensor inputs."""

import struct
from typing import Any

import pytest

from leeboard_runtime.errors import Refusal
from leeboard_runtime.packed import EVERYTHING, Packed
from leeboard_runtime.signature import Tensor
from leeboard_runtime.tensors import TensorsValidator

IMAGE = TensorsValidator([Tensor("input-0", "float32", (2, 2), named=False)])
PAIR = TensorsValidator([Tensor("ids", "int64", (2,), named=True), Tensor("words", "str", (), named=True)])


def tensor(  # noqa: PLR0917 - the four fields of an input, in the order of the specification's examples
    name: str, datatype: str, data: list[Any], shape: list[int]
) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[[1, 2], [3, 4]]]], ids=["flat", "nested"])
def test_elements_travel_in_row_major_order(data: list[Any]) -> None:
    packed = IMAGE.pack([tensor("input-0", "FP32", data, [1, 2, 2])], b"")
    assert packed == Packed(1, EVERYTHING, [struct.pack("=4f", 1, 2, 3, 4)])


def test_tensors_travel_in_the_order_of_the_signature() -> None:
    packed = PAIR.pack([tensor("words", "BYTES", ["x"], [1]), tensor("ids", "INT64", [1, 2], [1, 2])], b"")
    assert packed.blocks == [struct.pack("=2q", 1, 2), [["x"]]]


REFUSED: dict[str, tuple[list[Any], str]] = {
    "another shape": (
        [tensor("input-0", "FP32", [1, 2, 3], [1, 3])],
        'input "input-0": shape [1, 3] must be [rows, 2, 2]',
    ),
    "too few elements": (
        [tensor("input-0", "FP32", [1, 2, 3], [1, 2, 2])],
        'input "input-0": shape [1, 2, 2] wants 4 elements, data has 3',
    ),
    "ragged data": (
        [tensor("input-0", "FP32", [[[1, 2], [3]]], [1, 2, 2])],
        'input "input-0": data is not nested as shape [1, 2, 2] says',
    ),
    "another datatype": (
        [tensor("input-0", "FP64", [1, 2, 3, 4], [1, 2, 2])],
        "input \"input-0\": datatype 'FP64' does not fit float32; send FP32",
    ),
    "null": (
        [tensor("input-0", "FP32", [1, 2, 3, None], [1, 2, 2])],
        'input "input-0": FP32 takes numbers, but element 3 is null',
    ),
    "another name": (
        [tensor("image", "FP32", [1, 2, 3, 4], [1, 2, 2])],
        "unknown input 'image'; the signature has \"input-0\"",
    ),
    "no rows": ([tensor("input-0", "FP32", [], [0, 2, 2])], 'input "input-0": shape [0, 2, 2] must be [rows, 2, 2]'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    inputs, sentence = REFUSED[case]
    with pytest.raises(Refusal) as refused:
        IMAGE.pack(inputs, b"")
    assert refused.value.message == sentence


def test_a_missing_tensor_is_named() -> None:
    with pytest.raises(Refusal, match='required input "words" is missing'):
        PAIR.pack([tensor("ids", "INT64", [1, 2], [1, 2])], b"")


def test_tensors_of_different_length_are_refused() -> None:
    with pytest.raises(Refusal, match='input "words" has 2 rows, the inputs before it have 1'):
        PAIR.pack([tensor("ids", "INT64", [1, 2], [1, 2]), tensor("words", "BYTES", ["x", "y"], [2])], b"")
