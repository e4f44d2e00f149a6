"""From rows to a TrainingJob: the profile that a pod builds, the model server that counts, the operator that acts."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import SERVICE
from tests.integration.kinds.watched_world import SECONDS, World
from tests.integration.mlflow_server import MlflowServer
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column
from tests.integration.runtime.test_profile import people, profile

pytestmark = pytest.mark.integration


def send(server: ModelServer, rows: pd.DataFrame) -> None:
    """Hundred rows a request."""
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        inputs = [
            column("age", "FP64", *part["age"].tolist()),
            column("income", "FP64", *part["income"].tolist()),
            column("visits", "INT64", *part["visits"].tolist()),
        ]
        url = f"{server.url}/v2/models/{SERVICE}/infer"
        assert httpx.post(url, json={"inputs": inputs}, timeout=60).status_code == 200


def served_until(server: ModelServer, rows: pd.DataFrame, look: Callable[[], object], *, what: str) -> None:
    """Some of the rows, again and again, until ``look`` is true."""
    turns = itertools.count()

    def served() -> object:
        found = look()
        if not found:
            send(server, rows.sample(600, random_state=next(turns)))
        return found

    eventually(served, what=what, seconds=90)


def test_rows_that_drift_have_the_model_trained_again(
    api: Api, namespace: str, mlflow_server: MlflowServer, *,
    models: Path, tmp_path: Path, start: StartServer, start_operator: StartOperator,
) -> None:  # fmt: skip
    rows = people(4000)
    built = profile(models / "linear", rows, tmp_path, "--time-column", "seen", "--target", "repaid")
    assert built.code == 0, built.errors
    data = (tmp_path / "profile.json").read_bytes()
    world = World(api, namespace, mlflow=mlflow_server, profile=data)
    world.approve(1)
    start_operator(**SECONDS).wait_until_leading()
    world.prepare(triggers=[{"drift": {"mode": "DriftOnly"}}])
    options = ("--name", SERVICE, "--revision", world.revision, "--profile", str(tmp_path / "profile.json"))
    server = start("linear", *options)
    world.answer_at(server.metrics_port)
    eventually(lambda: world.condition("DriftDetected") == "Unknown/NoWindowYet", what="the first look")

    # What a pod counted before it was first asked may be from before its operator.
    send(server, rows[:600])
    served_until(server, rows, world.drift, what="a window")
    random = np.random.default_rng(1)
    older = rows.assign(age=lambda frame: frame["age"] + 12 + random.normal(0, 1, len(frame)).round(1))
    served_until(server, older, world.trigger, what="a trigger")

    assert world.drift()["features"][0]["name"] == "age"
    assert "age" in world.trigger()["evidence"]
    eventually(lambda: world.trigger().get("seen") is True, what="the TrainingJob")
    assert len(world.trainings()) == 1
