"""`leeboard-runtime fingerprint` on models as users log them."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.runtime.serving import Ended, run

pytestmark = pytest.mark.integration

PREFIX = "LEEBOARD-FINGERPRINT "


def fingerprint(model: Path, folder: Path) -> Ended:
    return run(["fingerprint", "--model", str(model)], folder)


def record_of(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.errors
    last = ended.output.splitlines()[-1]
    assert last.startswith(PREFIX)
    record: dict[str, Any] = json.loads(last.removeprefix(PREFIX))
    return record


def test_the_record_says_what_the_model_is(models: Path, tmp_path: Path) -> None:
    ended = fingerprint(models / "linear", tmp_path)
    record = record_of(ended)
    answer = record["example"].pop("answerSHA256")
    size = sum(path.stat().st_size for path in (models / "linear").rglob("*") if path.is_file())
    digest = record.pop("digest")
    assert record.pop("environment")["verdict"] == "Match"
    assert record == {
        "schema": 1,
        "bytes": size,
        "files": len([path for path in (models / "linear").rglob("*") if path.is_file()]),
        "flavor": "sklearn",
        "pythonVersion": record["pythonVersion"],
        "mlflowVersion": "3.17.2",
        "requirements": ["mlflow==3.17.2", "scikit-learn==1.7.2"],
        "signature": {
            "inputs": [
                {"name": "age", "type": "double", "required": True},
                {"name": "income", "type": "double", "required": True},
                {"name": "visits", "type": "long", "required": True},
            ],
            "outputs": [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}],
            "params": [],
        },
        "rowWise": {
            "proven": True,
            "reason": "single rows, subsets, a permuted batch and mixed nulls agree with the batch",
            "tolerance": "1e-09",
        },
        "lean": True,
        "example": {"present": True, "agrees": None},
    }
    line = ended.output.splitlines()[-1].removeprefix(PREFIX)
    assert ended.message == {
        "digest": digest,
        "bytes": size,
        "rowWise": True,
        "recordSHA256": hashlib.sha256(line.encode()).hexdigest(),
    }
    assert len(answer) == 64


@pytest.mark.parametrize(
    ("model", "proven", "reason"),
    [
        ("tree", True, "agree"),
        ("mixed", True, "agree"),
        ("scaled", True, "agree"),
        ("summed", True, "agree"),
        ("ranks", False, "is answered differently than within the batch"),
        ("fragile", False, "x is negative"),
    ],
)
def test_row_wise_models_are_told_from_others(  # noqa: PLR0917 - cases and fixtures
    model: str, proven: bool, reason: str, models: Path, tmp_path: Path  # noqa: FBT001 - cases
) -> None:  # fmt: skip
    finding = record_of(fingerprint(models / model, tmp_path))["rowWise"]
    assert (finding["proven"], reason in finding["reason"]) == (proven, True), finding


def test_the_recorded_answer_to_the_example_is_compared(models: Path, tmp_path: Path) -> None:
    first = record_of(fingerprint(models / "linear", tmp_path))["example"]["answerSHA256"]
    seen = []
    for number, recorded in enumerate((first, "0" * 64)):
        copy = tmp_path / str(number)
        shutil.copytree(models / "linear", copy)
        with (copy / "MLmodel").open("a") as file:
            file.write(f"metadata:\n  leeboard.answerSHA256: '{recorded}'\n")
        seen.append(record_of(fingerprint(copy, tmp_path))["example"]["agrees"])
    assert seen == [True, False]


def test_an_example_that_the_model_does_not_answer_is_a_failure(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(models / "linear", copy)
    example = json.loads((copy / "input_example.json").read_text())
    example["columns"][0] = "years"
    (copy / "input_example.json").write_text(json.dumps(example))
    ended = fingerprint(copy, tmp_path)
    assert (ended.code, ended.message["reason"]) == (2, "ExampleFailed")
    assert "age" in ended.message["message"]


FAILURES = {"unloadable": "LoadFailed", "unsigned": "SignatureMissing"}


@pytest.mark.parametrize("model", FAILURES)
def test_a_model_that_cannot_be_served_is_found_here(model: str, models: Path, tmp_path: Path) -> None:
    ended = fingerprint(models / model, tmp_path)
    assert (ended.code, ended.message["reason"]) == (2, FAILURES[model])
    assert PREFIX not in ended.output


def test_another_python_is_recorded_as_refused(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(models / "linear", copy)
    text = (copy / "MLmodel").read_text()
    version = next(line.split(": ")[1] for line in text.splitlines() if "python_version" in line)
    (copy / "MLmodel").write_text(text.replace(version, "3.8.1"))
    environment = record_of(fingerprint(copy, tmp_path))["environment"]
    assert environment["verdict"] == "Refuse"
    assert environment["differences"][0].startswith("Python 3.8.1 made the model")


def test_a_model_of_other_libraries_that_does_not_load_is_refused_by_this_image_only(
    models: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "model"
    shutil.copytree(models / "unloadable", copy)
    (copy / "requirements.txt").write_text("mlflow==3.17.2\nno-such-library==1.0\n")
    record = record_of(fingerprint(copy, tmp_path))
    assert record["environment"] == {
        "verdict": "Refuse",
        "differences": [
            "the model cannot be loaded: RuntimeError: the weights are gone; does this image hold what it requires?",
            "no-such-library==1.0 is not in this image",
        ],
    }
    assert record["signature"]["inputs"] == [{"name": "x", "type": "double", "required": True}]
    assert (record["rowWise"]["proven"], record["lean"], record["example"]) == (
        False,
        False,
        {"present": False, "answerSHA256": None, "agrees": None},
    )


def test_a_signature_that_the_server_does_not_speak_is_refused_by_it_only(models: Path, tmp_path: Path) -> None:
    record = record_of(fingerprint(models / "open-tensor", tmp_path))
    assert record["environment"]["verdict"] == "Refuse"
    assert record["environment"]["differences"][0].startswith('the signature has tensor "input-0" of type float32')
    assert record["signature"]["inputs"][0]["tensor-spec"] == {"dtype": "float32", "shape": [-1, -1]}
    assert not record["rowWise"]["proven"]


def test_an_unsigned_model_of_other_libraries_is_a_failure_all_the_same(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(models / "unsigned", copy)
    (copy / "requirements.txt").write_text("no-such-library==1.0\n")
    (copy / "python_model.pkl").write_bytes(b"nothing")
    ended = fingerprint(copy, tmp_path)
    assert (ended.code, ended.message["reason"]) == (2, "SignatureMissing")
