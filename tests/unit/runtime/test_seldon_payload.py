"""Seldon's messages to rows and back."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

from leeboard_seldon.payload import ModelAnswer, PayloadError, is_tensor, message_of, model_input

COLUMNS = Schema(
    [
        ColSpec(DataType.double, "amount"),
        ColSpec(DataType.long, "months"),
        ColSpec(DataType.string, "purpose", required=False),
    ]
)
NARROW = Schema([ColSpec(DataType.integer, "age"), ColSpec(DataType.float, "rate")])
TENSOR = Schema([TensorSpec(np.dtype("float32"), (-1, 2))])


def ndarray(rows: list[Any], names: list[str] | None = None) -> dict[str, Any]:
    return {"data": {"ndarray": rows} | ({"names": names} if names else {})}


def frame(columns: list[str], *rows: list[Any]) -> pd.DataFrame:
    return pd.DataFrame([list(row) for row in rows], columns=columns)


def test_rows_of_mixed_types_get_the_schemas_types() -> None:
    found = model_input(ndarray([[1, 12.0, "car"], [2, 24, None]]), COLUMNS)

    expected = frame(["amount", "months", "purpose"], [1.0, 12, "car"], [2.0, 24, None])
    pd.testing.assert_frame_equal(found, expected)


def test_names_say_the_order_of_the_columns() -> None:
    found = model_input(ndarray([[12, 1.5]], ["months", "amount"]), COLUMNS)

    pd.testing.assert_frame_equal(found, frame(["months", "amount"], [12, 1.5]))


def test_a_fraction_is_never_cut_to_a_whole_number() -> None:
    found = model_input(ndarray([[1.0, 12.5, "car"]]), COLUMNS)

    assert found["months"].tolist() == [12.5]


def test_numbers_are_narrowed_where_nothing_is_lost() -> None:
    found = model_input(ndarray([[41, 0.5]]), NARROW)
    large = model_input(ndarray([[2**40, 1]]), NARROW)

    assert [str(found[name].dtype) for name in ("age", "rate")] == ["int32", "float32"]
    assert large["age"].tolist() == [2**40]


def test_a_flat_tensor_is_rows_of_its_shape() -> None:
    message = {"data": {"names": ["amount", "months"], "tensor": {"shape": [2, 2], "values": [1.5, 12, 2, 24]}}}

    pd.testing.assert_frame_equal(model_input(message, COLUMNS), frame(["amount", "months"], [1.5, 12], [2.0, 24]))
    assert is_tensor(message)
    assert not is_tensor(ndarray([[1]]))


def test_a_tensor_model_gets_an_array_of_its_type() -> None:
    found = model_input(ndarray([[1, 2], [3, 4]]), TENSOR)

    assert (found.dtype, found.tolist()) == (np.dtype("float32"), [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("schema", [None, COLUMNS], ids=["without a schema", "with one"])
def test_names_alone_make_a_frame(schema: Schema | None) -> None:
    found = model_input(ndarray([[1.5, "car"]], ["amount", "purpose"]), schema)

    pd.testing.assert_frame_equal(found, frame(["amount", "purpose"], [1.5, "car"]))


def test_without_a_schema_and_names_rows_are_an_array() -> None:
    assert model_input(ndarray([[1, 2]]), None).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        pytest.param([], "the message holds no data", id="no message"),
        pytest.param({}, "the message holds no data", id="no data"),
        pytest.param({"strData": "x"}, "the message holds no data", id="another payload"),
        pytest.param({"data": {}}, "data holds no rows", id="no rows"),
        pytest.param({"data": {"tensor": {"values": [1, 2, 3], "shape": [2, 2]}}}, "data.tensor", id="a bad shape"),
        pytest.param({"data": {"tensor": {"values": [1]}}}, "data.tensor", id="no shape"),
        pytest.param(ndarray([[1, 2]]), "each row needs 3 values, in the order of amount, months", id="a short row"),
        pytest.param(ndarray(["abc"]), "each row needs 3 values", id="a string for a row"),
        pytest.param(ndarray([1, 2, 3]), "each row needs 3 values", id="numbers for rows"),
        pytest.param(ndarray([[1, 2, 3]], ["a", "b", "a"]), "data.names", id="a name twice"),
        pytest.param({"data": {"ndarray": [[1]], "names": "a"}}, "data.names", id="names that are no list"),
    ],
)
def test_a_message_is_refused_with(message: object, fault: str) -> None:
    with pytest.raises(PayloadError, match=fault):
        model_input(message, COLUMNS)


def test_rows_that_are_no_tensor_are_refused() -> None:
    with pytest.raises(PayloadError, match="no tensor of float32"):
        model_input(ndarray([["x", "y"]]), TENSOR)


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        pytest.param(np.array([[0.25, 0.75]]), {"names": ["t:0", "t:1"], "ndarray": [[0.25, 0.75]]}, id="scores"),
        pytest.param(np.array(["yes", "no"]), {"names": [], "ndarray": ["yes", "no"]}, id="labels"),
        pytest.param([1, 2], {"names": [], "ndarray": [1, 2]}, id="a list"),
        pytest.param(pd.Series([1.5], name="rate"), {"names": ["rate"], "ndarray": [[1.5]]}, id="a series"),
        pytest.param(
            pd.DataFrame({"label": ["a"], "score": [0.5], "sure": [True]}),
            {"names": ["label", "score", "sure"], "ndarray": [["a", 0.5, True]]},
            id="a frame",
        ),
        pytest.param(
            np.array([[np.nan, np.inf]]), {"names": ["t:0", "t:1"], "ndarray": [[None, None]]}, id="no number"
        ),
        pytest.param(
            pd.DataFrame({"at": [pd.Timestamp("2026-03-01")]}),
            {"names": ["at"], "ndarray": [["2026-03-01 00:00:00"]]},
            id="a time",
        ),
    ],
)
def test_an_answer_becomes(answer: ModelAnswer, data: dict[str, Any]) -> None:
    message = message_of(answer, as_tensor=False)

    assert message == {"data": data, "meta": {}}
    json.dumps(message, allow_nan=False)


def test_an_answer_to_a_tensor_is_a_tensor() -> None:
    message = message_of(np.array([[0.25, 0.75], [0.5, np.nan]]), as_tensor=True)

    tensor = {"shape": [2, 2], "values": [0.25, 0.75, 0.5, None]}
    assert message == {"data": {"names": ["t:0", "t:1"], "tensor": tensor}, "meta": {}}
