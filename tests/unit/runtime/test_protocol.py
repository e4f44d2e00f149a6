"""Request and response bodies of the Open Inference Protocol."""

import json
from typing import Any

import orjson
import pytest

from leeboard_runtime.errors import Refusal
from leeboard_runtime.packed import EVERYTHING, Packed
from leeboard_runtime.protocol import Call, OutputTensor, Replies, RequestParser
from leeboard_runtime.signature import Column, Description, Json, Output, Parameter

DESCRIPTION = Description(
    columns=(Column("a", "double", required=True),),
    tensors=(),
    parameters=(
        Parameter("depth", "long", 3, is_list=False),
        Parameter("mode", "string", "x", is_list=False),
        Parameter("weights", "double", [1.0], is_list=True),
        Parameter("at", "datetime", "2026-01-01", is_list=False),
    ),
    outputs=(Output("score", "FP64", (-1,)), Output("label", "BYTES", (-1,))),
    platform="mlflow_sklearn",
    lean=True,
)
PARSER = RequestParser(DESCRIPTION)
REPLIES = Replies("car", "3")
INPUTS = [{"name": "a", "shape": [1], "datatype": "FP64", "data": [1.0]}]


def parse(**fields: Json) -> Call:
    return PARSER.parse(orjson.dumps({"inputs": INPUTS, **fields}))


def test_a_description_survives_its_way_through_json() -> None:
    assert Description.from_json(json.loads(json.dumps(DESCRIPTION.as_json()))) == DESCRIPTION


def test_equal_parameters_give_equal_keys_in_any_order() -> None:
    one = parse(parameters={"mode": "y", "depth": 4})
    other = parse(parameters={"depth": 4, "mode": "y"})
    assert one.packed.key == other.packed.key
    assert json.loads(one.packed.key.parameters) == {"depth": 4, "mode": "y"}


def test_parameters_that_say_nothing_are_not_sent_to_the_model() -> None:
    assert parse(parameters={"content_type": "pd", "binary_data_output": False}).packed.key == EVERYTHING


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown parameter": (
        {"parameters": {"dept": 1}},
        "unknown parameter 'dept'; the signature has depth, mode, weights, at",
    ),
    "a parameter of another type": ({"parameters": {"depth": "4"}}, "parameter \"depth\" must be long, not '4'"),
    "true for an integer parameter": ({"parameters": {"depth": True}}, 'parameter "depth" must be long, not True'),
    "a parameter out of range": (
        {"parameters": {"depth": 2**63}},
        'parameter "depth": 9223372036854775808 is outside the range of long',
    ),
    "a scalar for a list": ({"parameters": {"weights": 1.0}}, 'parameter "weights" must be a list of double'),
    "a list of other values": ({"parameters": {"weights": ["x"]}}, "parameter \"weights\" must be double, not 'x'"),
    "no date": ({"parameters": {"at": "soon"}}, "parameter \"at\": 'soon' is no ISO 8601 date or time"),
    "binary output": (
        {"parameters": {"binary_data_output": True}},
        (
            "parameter binary_data_output: the binary tensor data extension is not supported; "
            "ask for each output with binary_data false"
        ),
    ),
    "an unknown output": (
        {"outputs": [{"name": "scores"}]},
        'unknown output \'scores\'; the model has "score", "label"',
    ),
    "a binary output": (
        {"outputs": [{"name": "score", "parameters": {"binary_data": True}}]},
        'output "score": binary_data: the binary tensor data extension is not supported',
    ),
    "classification of an output": (
        {"outputs": [{"name": "score", "parameters": {"classification": 3}}]},
        "output \"score\": unknown parameter 'classification'",
    ),
    "an id that is no string": ({"id": 5}, "id must be a string"),
    "no inputs": ({"inputs": []}, "inputs must be a list of at least one tensor"),
    "inputs that are no list": ({"inputs": {"a": [1.0]}}, "inputs must be a list of at least one tensor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_cannot_be_meant_is_refused(case: str) -> None:
    fields, sentence = REFUSED[case]
    with pytest.raises(Refusal) as refused:
        parse(**fields)
    assert (refused.value.status, refused.value.message) == (400, sentence)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinity_are_refused_by_name(literal: str) -> None:
    body = json.dumps({"inputs": INPUTS}).replace("1.0", literal)
    with pytest.raises(Refusal, match="NaN and Infinity are not JSON"):
        PARSER.parse(body.encode())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"\xff", b'{"inputs": [{"data": [1e999]}]}'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        PARSER.parse(body)
    assert refused.value.status == 400


def test_an_answer_echoes_the_id_and_holds_the_wanted_outputs() -> None:
    call = parse(id="7", outputs=[{"name": "label", "parameters": {"binary_data": False}}])
    tensors = [OutputTensor("score", "FP64", [1], [0.5]), OutputTensor("label", "BYTES", [1], ["yes"])]
    assert json.loads(REPLIES.infer(call, tensors)) == {
        "model_name": "car",
        "model_version": "3",
        "id": "7",
        "outputs": [{"name": "label", "shape": [1], "datatype": "BYTES", "data": ["yes"]}],
    }


def test_an_answer_without_id_has_none_and_nan_is_null() -> None:
    call = Call(None, Packed(1, EVERYTHING, []), None)
    answer = json.loads(REPLIES.infer(call, [OutputTensor("score", "FP64", [1], [float("nan")])]))
    assert answer["outputs"][0]["data"] == [None]
    assert "id" not in answer


def test_the_metadata_names_inputs_and_outputs_with_their_datatypes() -> None:
    assert json.loads(REPLIES.model(DESCRIPTION)) == {
        "name": "car",
        "versions": ["3"],
        "platform": "mlflow_sklearn",
        "inputs": [{"name": "a", "datatype": "FP64", "shape": [-1]}],
        "outputs": [
            {"name": "score", "datatype": "FP64", "shape": [-1]},
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
        ],
    }
