"""The component that seldon-core's wrapper runs, in a process of its own as there, with models as users log them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.runtime.serving import command_environment

pytestmark = pytest.mark.integration

COMPONENT = """
import json, sys, time
from leeboard_seldon.model import MLflowModel
component = MLflowModel()
if sys.argv[1] == "load":
    component.load()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            assert component.health_status() == "healthy"
            break
        except RuntimeError:
            time.sleep(0.01)
for line in sys.stdin:
    print(json.dumps(component.predict_raw(json.loads(line))))
"""
LABELS = {"name": "loans", "version": "3", "revision": "abc"}


def answers(model: Path, folder: Path, *requests: list[Any], load: str = "load") -> list[dict[str, Any]]:
    """Answers of the component to rows; of their metrics only the code that was counted."""
    done = _asked(model, folder, *requests, load=load)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for answer in found:
        metrics = answer.pop("meta")["metrics"]
        counted = [item for item in metrics if item["key"] == "leeboard_server_requests" and item["value"] == 1]
        assert [{**item["tags"], "code": ""} for item in counted] == [{**LABELS, "code": ""}]
        answer["counted"] = counted[0]["tags"]["code"]
    return found


def _asked(model: Path, folder: Path, *requests: list[Any], load: str) -> subprocess.CompletedProcess[str]:
    named = {"MODEL_PATH": str(model), "MODEL_VERSION": "3", "SELDON_DEPLOYMENT_ID": "loans", "PREDICTOR_ID": "abc"}
    return subprocess.run(
        [sys.executable, "-c", COMPONENT, load],
        env=command_environment(folder, **named),
        input="".join(json.dumps({"data": {"ndarray": rows}}) + "\n" for rows in requests),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_request_is_answered_and_counted_by_version(models: Path, tmp_path: Path) -> None:
    whole, fractions = [[25, 20, 1], [61, 50, 2]], [[25.0, 20.0, 1.0], [61.0, 50.0, 2.0]]

    first, second = answers(models / "linear", tmp_path, whole, fractions)

    scores = first["data"]["ndarray"]
    assert first == {"data": {"names": ["t:0", "t:1"], "ndarray": scores}, "counted": "2xx"}
    assert [round(sum(row), 9) for row in scores] == [1.0, 1.0]
    assert second == first


def test_a_request_that_does_not_fit_is_400_and_says_why(models: Path, tmp_path: Path) -> None:
    short, wrong = answers(models / "linear", tmp_path, [[25, 20]], [["old", 20, 1]])

    assert short == {
        "status": {
            "code": 400,
            "reason": "MICROSERVICE_BAD_DATA",
            "info": "each row needs 3 values, in the order of age, income, visits",
            "status": "FAILURE",
        },
        "counted": "4xx",
    }
    assert (wrong["status"]["code"], wrong["counted"]) == (400, "4xx")
    assert "age" in wrong["status"]["info"]


def test_a_model_that_raises_is_500_and_the_next_request_is_answered(models: Path, tmp_path: Path) -> None:
    failed, after = answers(models / "fragile", tmp_path, [[-1]], [[2]])

    assert failed == {
        "status": {
            "code": 500,
            "reason": "MICROSERVICE_INTERNAL_ERROR",
            "info": "the model raised ValueError: x is negative",
            "status": "FAILURE",
        },
        "counted": "5xx",
    }
    assert after["data"]["ndarray"] == [4.0]


def test_nothing_is_answered_before_the_model_is_loaded(models: Path, tmp_path: Path) -> None:
    (early,) = answers(models / "linear", tmp_path, [[25, 20, 1]], load="no")

    assert early["status"]["code"] == 503


def test_a_model_that_cannot_be_loaded_ends_the_server_and_says_why(models: Path, tmp_path: Path) -> None:
    done = _asked(models / "unloadable", tmp_path, load="load")

    said = json.loads((tmp_path / "termination").read_text())
    assert (done.returncode, said["reason"]) == (3, "LoadFailed")
    assert "RuntimeError: the weights are gone" in said["message"]


def test_a_model_that_does_not_answer_its_own_example_ends_the_server(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    copy.symlink_to(models / "linear")
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in copy.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    example = json.loads((broken / "input_example.json").read_text())
    example["columns"][0] = "years"
    (broken / "input_example.json").write_text(json.dumps(example))

    done = _asked(broken, tmp_path, load="load")

    assert done.returncode == 3
    assert json.loads((tmp_path / "termination").read_text())["reason"] == "LoadFailed"
