"""The builder of profiles and the server that counts by them: the reference's own rows come to the profile's counts."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from leeboard_runtime.digest import measure
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import run

pytestmark = pytest.mark.integration
ROWS = 400
REQUEST_ROWS = 100
LINEAR = {"age": "FP64", "income": "FP64", "visits": "INT64"}
MIXED = {
    "amount": "FP64", "ratio": "FP32", "count": "INT64", "small": "INT32", "member": "BOOL", "city": "BYTES",
    "since": "BYTES", "blob": "BYTES",
}  # fmt: skip


def people() -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": random.normal(40, 12, ROWS).round(0),
            "income": random.lognormal(3.5, 0.6, ROWS).round(2),
            "visits": random.poisson(2, ROWS),
        }
    )


def things() -> pd.DataFrame:
    """Every kind of column; numbers that single precision has not, nulls, rare values, a text of other alphabets."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "amount": random.normal(0, 3, ROWS).round(1),
            "ratio": random.integers(0, 10, ROWS) / 10,
            "count": random.poisson(3, ROWS),
            "small": random.integers(-2, 3, ROWS),
            "member": random.random(ROWS) < 0.3,
            "city": random.choice(["Bergen", "Oslo", "Ålesund", "Voss"], ROWS, p=[0.5, 0.3, 0.19, 0.01]),
            "since": pd.to_datetime("2026-03-01") + pd.to_timedelta(random.integers(0, 30 * 86400, ROWS), unit="s"),
            "blob": "YQ==",
        }
    )
    frame["since"] = frame["since"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in ("amount", "ratio", "member", "city", "since"):
        frame[name] = frame[name].astype(object).where(random.random(ROWS) > 0.05, None)
    return frame


def sent(frame: pd.DataFrame, datatypes: dict[str, str]) -> list[dict[str, Any]]:
    """The rows as requests."""
    found = []
    for start in range(0, len(frame), REQUEST_ROWS):
        part = frame.iloc[start : start + REQUEST_ROWS]
        found.append(
            {
                "inputs": [
                    {"name": name, "shape": [len(part)], "datatype": datatype, "data": part[name].tolist()}
                    for name, datatype in datatypes.items()
                ]
            }
        )
    return found


@pytest.mark.parametrize(
    ("model", "frame", "datatypes", "redact", "apart"),
    [
        ("linear", people(), LINEAR, [], {"visits"}),
        ("mixed", things(), MIXED, ["city"], {"ratio", "count", "small", "member"}),
    ],
    ids=["numbers with a score and classes", "every kind of column, one of them redacted"],
)
def test_the_rows_of_the_reference_count_as_its_profile_says(
    model: str, frame: pd.DataFrame, *, datatypes: dict[str, str], redact: list[str], apart: set[str],
    models: Path, tmp_path: Path, start: StartServer,
) -> None:  # fmt: skip
    rows, profile = tmp_path / "rows.csv", tmp_path / "profile.json"
    frame.to_csv(rows, index=False)
    built = run(
        [
            *("profile", "--model", str(models / model), "--model-name", "m", "--model-version", "1"),
            *("--model-digest", measure(models / model).digest, "--reference", str(rows)),
            *("--source", "artifact:rows.csv", "--profile", str(profile), "--redact", json.dumps(redact)),
        ],
        tmp_path,
    )
    assert built.code == 0, built.errors
    reference = json.loads(profile.read_bytes())
    declared = [
        {"column": one["column"], "values": [value["value"] for value in one["values"][:8]]}
        for one in reference["slices"][:4]
    ]
    server = start(model, "--profile", str(profile), "--segments", json.dumps(declared))

    for request in sent(frame, datatypes):
        assert httpx.post(server.infer_url, json=request, timeout=60).status_code == 200

    url = f"http://127.0.0.1:{server.metrics_port}/monitoring/counts?cells=1"
    cells = httpx.get(url, timeout=10).json()["cells"]
    names = [one["name"] for one in reference["channels"]]
    assert dict(zip(names, cells["counts"], strict=True)) == dict(zip(names, reference["counts"], strict=True))
    assert cells["quality"] == reference["quality"]
    expected = [{**one, "values": one["values"][:8]} for one in reference["slices"][:4]]
    assert cells["segments"] == expected
    assert {one["column"] for one in expected} == apart
    assert (cells["rows"], cells["skipped"], cells["profile"]) == (ROWS, 0, built.message["digest"])
