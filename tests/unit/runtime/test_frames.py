"""Blocks to frames and answers to blocks."""

import json
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leeboard_runtime.columns import ColumnsValidator
from leeboard_runtime.frames import Batch, UnsupportedOutputError, input_frame, input_tensors, output_tensors
from leeboard_runtime.packed import groups_of
from leeboard_runtime.signature import Column, Tensor

COLUMNS = [
    Column("amount", "double", required=False),
    Column("count", "long", required=False),
    Column("member", "boolean", required=False),
    Column("city", "string", required=False),
    Column("since", "datetime", required=False),
    Column("blob", "binary", required=False),
    Column("other", "double", required=True),
]


def tensor(name: str, datatype: str, data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data}


def frame_of(*requests: list[dict[str, Any]]) -> pd.DataFrame:
    """The way of requests to the model, without the socket."""
    packed = [ColumnsValidator(COLUMNS).pack(inputs, b"") for inputs in requests]
    blocks = []
    for parts in zip(*(p.blocks for p in packed), strict=True):
        if isinstance(parts[0], bytes):
            blocks.append(b"".join(parts))
        else:
            columns = [list(chain.from_iterable(column)) for column in zip(*parts, strict=True)]
            blocks.append(json.dumps(columns).encode())
    batch = Batch([p.rows for p in packed], packed[0].key.absent, [memoryview(block) for block in blocks])
    return input_frame(COLUMNS, groups_of(COLUMNS), batch)


def test_requests_of_different_length_keep_their_rows() -> None:
    frame = frame_of(
        [
            tensor("amount", "FP64", [1.0, 2.0]),
            tensor("other", "FP64", [10.0, 20.0]),
            tensor("city", "BYTES", ["a", None]),
        ],
        [tensor("amount", "FP64", [3.0]), tensor("other", "FP64", [30.0]), tensor("city", "BYTES", ["c"])],
    )
    expected = pd.DataFrame(
        {"amount": [1.0, 2.0, 3.0], "city": np.array(["a", None, "c"], dtype=object), "other": [10.0, 20.0, 30.0]}
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_every_type_arrives_as_mlflow_would_hand_it_over() -> None:
    frame = frame_of(
        [
            tensor("other", "FP64", [1.0, 2.0]),
            tensor("since", "BYTES", ["2026-11-21T12:00:00+01:00", None]),
            tensor("member", "BOOL", [True, False]),
            tensor("count", "INT64", [2**62, -1]),
            tensor("blob", "BYTES", ["AAE=", None]),
        ]
    )
    expected = pd.DataFrame(
        {
            "count": [2**62, -1],
            "member": [True, False],
            "since": np.array(["2026-11-21T11:00:00", "NaT"], dtype="datetime64[ns]"),
            "blob": np.array([b"\0\1", None], dtype=object),
            "other": [1.0, 2.0],
        }
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_a_null_boolean_is_none() -> None:
    frame = frame_of([tensor("other", "FP64", [1.0, 2.0]), tensor("member", "BOOL", [True, None])])
    assert frame["member"].tolist() == [True, None]


def test_tensors_have_the_shape_of_the_signature() -> None:
    image = Tensor("input-0", "float32", (2, 2), named=False)
    block = np.arange(8, dtype=np.float32).tobytes()
    array = input_tensors([image], Batch([1, 1], (), [memoryview(block)]))
    np.testing.assert_array_equal(array, np.arange(8, dtype=np.float32).reshape(2, 2, 2))
    named = input_tensors([Tensor("image", "float32", (2, 2), named=True)], Batch([2], (), [memoryview(block)]))
    np.testing.assert_array_equal(named["image"], array)


ANSWERS: dict[str, tuple[Any, list[tuple[str, str, tuple[int, ...]]]]] = {
    "an array": (np.array([1.0, 2.0]), [("output-0", "FP64", (2,))]),
    "probabilities": (np.array([[0.1, 0.9], [0.5, 0.5]], dtype=np.float32), [("output-0", "FP32", (2, 2))]),
    "labels": (np.array([1, 0]), [("output-0", "INT64", (2,))]),
    "booleans": (np.array([True, False]), [("output-0", "BOOL", (2,))]),
    "words": (np.array(["a", "b"]), [("output-0", "BYTES", (2,))]),
    "a list": ([1, 2], [("output-0", "INT64", (2,))]),
    "a list of words": (["a", "b"], [("output-0", "BYTES", (2,))]),
    "a series": (pd.Series([1.0, 2.0]), [("output-0", "FP64", (2,))]),
    "a series with a name": (pd.Series([1.0], name="score"), [("score", "FP64", (1,))]),
    "a frame": (
        pd.DataFrame({"score": [0.5], "label": ["a"], "at": [pd.Timestamp("2026-11-21")]}),
        [("score", "FP64", (1,)), ("label", "BYTES", (1,)), ("at", "BYTES", (1,))],
    ),
    "a dictionary": ({"a": [1.0], "b": np.array([[1, 2]])}, [("a", "FP64", (1,)), ("b", "INT64", (1, 2))]),
    "numbers and None": (pd.DataFrame({"x": pd.Series([1, None], dtype=object)}), [("x", "FP64", (2,))]),
    "half floats": (np.array([1.5], dtype=np.float16), [("output-0", "FP16", (1,))]),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_becomes_named_tensors(case: str) -> None:
    answer, expected = ANSWERS[case]
    assert [(named.name, named.datatype, named.shape) for named in output_tensors(answer)] == expected


REFUSED: dict[str, Any] = {
    "a tuple": (np.array([1.0]), np.array([1.0])),
    "a single number": 1.0,
    "complex numbers": np.array([1j]),
    "dictionaries": pd.DataFrame({"x": [{"a": 1}]}),
    "words and numbers": pd.DataFrame({"x": ["a", 1]}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_answer_without_a_place_in_the_protocol_is_refused(case: str) -> None:
    with pytest.raises(UnsupportedOutputError):
        output_tensors(REFUSED[case])
