"""The containers of the profile Job as the planner asks for them, run in order on what the car-loan example logs."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.mlflow.calls import Calls
from leeboard.adapters.mlflow.tracking import MlflowTracking
from leeboard.api.model_version import Artifact, Profile
from leeboard.api.reference import Reference
from leeboard.metrics import Metrics
from leeboard.planning.model_version.profile_job import Task, profile_job
from leeboard.planning.serving.pod import with_profile
from tests.integration.mlflow_server import MlflowServer
from tests.integration.runtime.serving import ROOT, Ended, command_environment, run
from tests.support.builders_version import DEFAULTS, model_version

pytestmark = pytest.mark.integration

EXAMPLE = ROOT / "examples" / "01-car-loan"
ROWS = 3500
NAMED = Reference(artifact="reference.csv", time_column="timestamp", target="repaid")


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training left in MLflow."""

    tracking_uri: str
    run_id: str
    artifact: Artifact


def loans() -> pd.DataFrame:
    """Rows with the columns of the example's data, the newest first."""
    random = np.random.default_rng(11)
    percent = [f"{share}%" for share in range(0, 101, 10)]
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range("2026-01-01", periods=ROWS, freq="17min").astype(str),
            "car_value": random.normal(30000, 9000, ROWS).round(),
            "salary_range": random.choice(["0 - 20K €", "20K - 40K €", "40K - 60K €", "60K+ €"], ROWS),
            "debt_to_income_ratio": random.uniform(0, 1.2, ROWS).round(3),
            "loan_length": random.integers(12, 25, ROWS).astype(float),
            "repaid_loan_on_prev_car": random.choice(["False", "True"], ROWS),
            "size_of_downpayment": random.choice(percent, ROWS),
            "driver_tenure": random.exponential(3, ROWS).round(2),
        }
    )
    frame["repaid"] = (frame["debt_to_income_ratio"] + random.normal(0, 0.2, ROWS) < 0.7).astype(int)
    return frame[::-1]


@pytest.fixture(scope="module")
def trained(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """One training by the example's own script."""
    folder = tmp_path_factory.mktemp("training")
    loans().to_csv(folder / "loans.csv", index=False)
    environment = command_environment(
        folder,
        MLFLOW_TRACKING_URI=mlflow_server.uri,
        DATASET_URI=str(folder / "loans.csv"),
        MLFLOW_EXPERIMENT_NAME="profile-job",
        PYTHONWARNINGS="ignore",
    )
    command = [sys.executable, str(EXAMPLE / "train.py")]
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    with httpx.Client(base_url=f"{mlflow_server.uri}/api/2.0/mlflow", timeout=60, trust_env=False) as client:
        known = client.get("/experiments/get-by-name", params={"experiment_name": "profile-job"}).raise_for_status()
        wanted = {"experiment_ids": [known.json()["experiment"]["experiment_id"]]}
        (model,) = client.post("/logged-models/search", json=wanted).raise_for_status().json()["models"]
    uri = f"models:/{model['info']['model_id']}"
    fetch = ["fetch", "--model-uri", uri, "--destination", str(folder / "model")]
    fetched = run(fetch, folder, MLFLOW_TRACKING_URI=mlflow_server.uri).message
    artifact = Artifact(uri=uri, digest=str(fetched["digest"]), bytes=int(fetched["bytes"]))
    return Trained(mlflow_server.uri, model["info"]["source_run_id"], artifact)


def run_container(container: dict[str, Any], folder: Path, trained: Trained) -> Ended:
    """A container's command with its mounts below ``folder``; MLflow only where its environment names it."""
    arguments = [argument.replace("=/mnt/", f"={folder}/mnt/") for argument in container["args"]]
    knows_mlflow = any(item["name"] == "MLFLOW_TRACKING_URI" for item in container.get("env", ()))
    environment = {"MLFLOW_TRACKING_URI": trained.tracking_uri} if knows_mlflow else {}
    ended = run(arguments, folder, **environment)
    assert ended.code == 0, f"{container['name']}: {ended.errors}"
    return ended


async def test_the_run_of_the_example_tells_its_reference(trained: Trained) -> None:
    calls = Calls(trained.tracking_uri, Metrics(), steady=steady_seconds)
    found = await MlflowTracking(calls, steady=steady_seconds).logged_reference(trained.run_id)
    calls.close()

    assert found == Reference(artifact="reference.csv")


def test_the_containers_leave_a_profile_that_a_serving_pod_can_fetch(trained: Trained, tmp_path: Path) -> None:
    resource = model_version(model_uri=trained.artifact.uri, run_id=trained.run_id)
    spec = profile_job(Task(resource, trained.artifact, NAMED, DEFAULTS, 1))["spec"]["template"]["spec"]

    endings = [run_container(item, tmp_path, trained) for item in (*spec["initContainers"], *spec["containers"])]

    kept = Profile.model_validate(endings[-1].message)
    assert (kept.rows, kept.features, kept.monitored) == (ROWS // 5, 7, 7)
    fetch = with_profile({"args": ["fetch", "--model-uri=models:/none"], "volumeMounts": []}, kept)
    arguments = [argument.replace("=/mnt/", f"={tmp_path}/mnt/") for argument in fetch["args"]]
    run(arguments, tmp_path, MLFLOW_TRACKING_URI=trained.tracking_uri)
    content = (tmp_path / "mnt" / "model-profile" / "profile.json").read_bytes()
    assert content == (tmp_path / "mnt" / "profile" / "profile.json").read_bytes()
    profile = json.loads(content)
    newest = loans()["timestamp"].max()
    assert profile["reference"]["until"] == f"{newest[:10]}T{newest[11:]}Z"
    assert (profile["task"], profile["classes"], profile["performance"]["target"]) == ("Binary", ["0", "1"], "repaid")
    assert max(profile["features"], key=lambda one: one["importance"])["name"] == "debt_to_income_ratio"
    assert {one["name"]: one["kind"] for one in profile["features"]} == {
        "car_value": "Numeric",
        "debt_to_income_ratio": "Numeric",
        "loan_length": "Numeric",
        "driver_tenure": "Numeric",
        "salary_range": "Category",
        "repaid_loan_on_prev_car": "Category",
        "size_of_downpayment": "Category",
    }
    assert sum(profile["blocks"]["rows"]) == ROWS // 5
