"""`leeboard-runtime profile` on models as users log them: what it says is what the model and the rows are."""

import bisect
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leeboard_runtime.digest import measure
from tests.integration.runtime.serving import Ended, run

pytestmark = pytest.mark.integration

ROWS = 1300


def people(rows: int = ROWS) -> pd.DataFrame:
    """What the model `linear` takes, a time and a label."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 12, rows).round(1),
            "income": random.lognormal(3.5, 0.6, rows).round(2),
            "visits": random.poisson(2, rows),
        }
    )
    frame["seen"] = pd.date_range("2026-03-01", periods=rows, freq="min").strftime("%Y-%m-%dT%H:%M:%SZ")
    frame["repaid"] = (frame["income"] + random.normal(0, 15, rows) > 40).astype(int)
    return frame


def profile(model: Path, rows: pd.DataFrame, folder: Path, *options: str) -> Ended:
    """Build a profile of the model from these rows."""
    rows.to_csv(folder / "rows", index=False)
    return run(
        [
            "profile",
            *("--model", str(model), "--model-name", "car-loan", "--model-version", "3"),
            *("--model-digest", measure(model).digest, "--reference", str(folder / "rows")),
            *("--source", "artifact:reference.csv", "--profile", str(folder / "profile.json"), *options),
        ],
        folder,
    )


def content(ended: Ended, folder: Path) -> dict[str, Any]:
    assert ended.code == 0, ended.errors
    found: dict[str, Any] = json.loads((folder / "profile.json").read_bytes())
    return found


def test_the_profile_says_what_rows_and_answers_look_like(models: Path, tmp_path: Path) -> None:
    rows = people()
    shuffled = rows.sample(frac=1, random_state=1)
    ended = profile(models / "linear", shuffled, tmp_path, "--time-column", "seen", "--target", "repaid")

    found = content(ended, tmp_path)

    assert found["model"] == {"name": "car-loan", "version": "3", "digest": measure(models / "linear").digest}
    assert found["reference"] == {
        "source": "artifact:reference.csv",
        "digest": f"sha256:{hashlib.sha256((tmp_path / 'rows').read_bytes()).hexdigest()}",
        "rows": ROWS,
        "timeColumn": "seen",
        "from": "2026-03-01T00:00:00Z",
        "until": "2026-03-01T21:39:00Z",
    }
    assert (found["schema"], found["task"], found["classes"]) == (1, "Binary", ["0", "1"])
    assert [(one["name"], one["kind"]) for one in found["features"]] == [
        ("age", "Numeric"),
        ("income", "Numeric"),
        ("visits", "Numeric"),
    ]
    assert [(one["name"], one["role"], one["feature"]) for one in found["channels"]] == [
        ("age", "Feature", 0),
        ("income", "Feature", 1),
        ("visits", "Feature", 2),
        ("score", "Score", None),
        ("class", "Class", None),
    ]
    income = [bisect.bisect_right(found["channels"][1]["edges"], value) for value in rows["income"]]
    assert found["counts"][1] == [count for _, count in sorted(Counter(income).items())]
    assert found["blocks"]["counts"][0][1] == [income[: found["blocks"]["rows"][0]].count(cell) for cell in range(10)]
    assert sum(map(sum, found["performance"]["confusion"])) == ROWS
    assert found["performance"]["target"] == "repaid"
    predicted = [sum(row) for row in found["performance"]["confusion"]]
    assert found["counts"][4] == predicted
    assert [sum(row) for row in found["performance"]["deciles"]] == found["counts"][3]
    assert sum(one["importance"] for one in found["features"]) == pytest.approx(1, abs=1e-5)
    assert ended.message == {
        "digest": f"sha256:{hashlib.sha256((tmp_path / 'profile.json').read_bytes()).hexdigest()}",
        "bytes": (tmp_path / "profile.json").stat().st_size,
        "rows": ROWS,
    }


def test_the_same_rows_give_the_same_bytes(models: Path, tmp_path: Path) -> None:
    first = profile(models / "linear", people(), tmp_path).message["digest"]

    assert profile(models / "linear", people(), tmp_path).message["digest"] == first
    assert profile(models / "linear", people(ROWS - 1), tmp_path).message["digest"] != first


def test_a_model_of_labels_has_classes_and_no_score(models: Path, tmp_path: Path) -> None:
    found = content(profile(models / "tree", people(), tmp_path), tmp_path)

    assert (found["task"], found["classes"]) == ("Binary", ["0", "1"])
    assert [one["role"] for one in found["channels"]] == ["Feature"] * 3 + ["Class"]
    assert found["reference"]["timeColumn"] is None


def test_a_regression_is_judged_by_its_errors(models: Path, tmp_path: Path) -> None:
    rows = pd.DataFrame({"x": np.arange(300.0)})
    rows["y"] = rows["x"] * 2 + 1

    found = content(profile(models / "fragile", rows, tmp_path, "--target", "y"), tmp_path)

    assert (found["task"], found["channels"][1]["role"]) == ("Regression", "Score")
    assert found["performance"]["errors"] == {"count": 300, "absolute": 300.0, "squared": 300.0}


def test_every_kind_of_column_has_its_channels(models: Path, tmp_path: Path) -> None:
    rows = pd.DataFrame({"amount": np.arange(400) % 50 / 4, "small": 1, "city": ["Oslo", "Bergen"] * 200})
    rows["member"], rows["since"], rows["blob"] = "true", "2026-01-05T10:00:00Z", "AAEC"

    found = content(profile(models / "mixed", rows, tmp_path, "--redact", '["city"]'), tmp_path)

    assert {one["name"]: one["kind"] for one in found["features"]} == {
        "amount": "Numeric",
        "ratio": "NotMonitored",
        "count": "NotMonitored",
        "small": "Numeric",
        "member": "Boolean",
        "redacted-79634ae6": "Category",
        "since": "Datetime",
        "blob": "NotMonitored",
    }
    assert [one["reason"] for one in found["features"] if one["reason"]] == [
        "NotInReference",
        "NotInReference",
        "Binary",
    ]
    assert b"Bergen" not in (tmp_path / "profile.json").read_bytes()
    assert found["quality"][1] == [400, 0, 0, 0, 0, 0]
    assert (found["task"], found["performance"]) == ("Unknown", None)


def test_a_tensor_is_one_feature(models: Path, tmp_path: Path) -> None:
    rows = pd.DataFrame(np.random.default_rng(2).normal(size=(300, 6)))

    found = content(profile(models / "summed", rows, tmp_path), tmp_path)

    assert [(one["name"], one["kind"], one["importance"]) for one in found["features"]] == [("input-0", "Array", 1.0)]
    assert len(found["channels"]) == 1 + 8 + 1


FAULTS = {
    "rows that the model raises on": ("fragile", pd.DataFrame({"x": [-1.0] * 300}), "ScoringFailed", "x is negative"),
    "too few rows": ("linear", people(199), "ReferenceTooSmall", "199 rows"),
    "a column that is missing": ("linear", people().drop(columns="age"), "ReferenceInvalid", 'lacks "age"'),
    "a model that does not load": ("unloadable", people(), "LoadFailed", "the weights are gone"),
}


@pytest.mark.parametrize(("model", "rows", "reason", "message"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_is_named(  # noqa: PLR0917 - cases and fixtures
    model: str, rows: pd.DataFrame, reason: str, message: str, models: Path, tmp_path: Path
) -> None:
    ended = profile(models / model, rows, tmp_path)

    assert (ended.code, ended.message["reason"]) == (2, reason)
    assert message in ended.message["message"]


def test_a_name_to_redact_that_no_input_has_is_refused(models: Path, tmp_path: Path) -> None:
    ended = profile(models / "linear", people(), tmp_path, "--redact", '["salary"]')

    assert ended.message["message"] == (
        'redact names "salary", which is no input of the model; its inputs are age, income, visits'
    )


def test_files_of_another_model_are_refused(models: Path, tmp_path: Path) -> None:
    ended = profile(models / "linear", people(), tmp_path, "--model-digest", f"sha256:{'0' * 64}")

    assert (ended.code, ended.message["reason"]) == (2, "DigestMismatch")
