"""From counted rows to one TrainingJob: a real API server, a real MLflow, and pods that speak the counters' format."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import numpy as np
import pytest

from leeboard.monitoring.cells import LabelEntry, PodLabels, Served
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS
from leeboard.monitoring.profile import Profile
from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import MODEL, SERVICE, ServingWorld
from tests.integration.mlflow_server import MlflowServer
from tests.support.profiles import Reference
from tests.unit.monitoring.test_cohorts import token
from tests.unit.monitoring.test_watch_labels import REFERENCE as LABELLED
from tests.unit.monitoring.test_watch_labels import lent
from tests.unit.monitoring.watched import REFERENCE, rows

pytestmark = pytest.mark.integration
TEMPLATE = "train-car-loan"
MONITORING = {"window": {"period": "2s", "longest": "1h", "minSamples": 500, "qualityPeriod": "1s"}}
SECONDS = {"watch_seconds": "0.4"}


class Pod(ThreadingHTTPServer):
    """A model server that has counted what it is told to, on a port of its own."""

    daemon_threads = True

    def __init__(self, reference: Reference) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reference, self.labels, self.asked = reference, PodLabels("", "", "", 0), 0
        self.revision, self.cells = "", reference.profile.empty
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def serve(self, seed: int, *, shift: float = 0.0) -> None:
        """Answer two thousand rows."""
        self.cells += self.reference.window(rows(seed, shift=shift))

    def answer(self, *, wrong: float, hours: int) -> None:
        """Six hundred labelled rows in each of the last hours, so many of them predicted wrongly."""
        now = int(time.time()) // 3600 * 3600
        for hour in range(1, hours + 1):
            told = labels_of_an_hour(self.labels, now - hour * 3600, wrong=wrong)
            self.labels = told

    def document(self, query: str) -> dict[str, Any]:
        widths = self.reference.profile.widths
        cells = {
            "profile": self.reference.profile.digest,
            "rows": self.cells.rows,
            "counts": [row[:width].tolist() for row, width in zip(self.cells.counts, widths, strict=True)],
            "quality": self.cells.quality.tolist(),
            "skipped": 0,
        }
        return {
            "schema": 1,
            "name": SERVICE,
            "version": "1",
            "revision": self.revision,
            "started": "once",
            "requests": {"2xx": 0, "4xx": 0, "5xx": 0},
            "durations": {"bounds": DURATION_BOUNDS_SECONDS, "counts": [0] * (len(DURATION_BOUNDS_SECONDS) + 1)},
            "answers": [],
            "cells": cells,
            **({"labels": labels_document(self.labels, int(query.rpartition("=")[2]))} if "labels" in query else {}),
        }


def labels_of_an_hour(before: PodLabels, start: int, *, wrong: float) -> PodLabels:
    """What was told before, and an hour that began at ``start``."""
    rows = lent(start, 600, wrong=wrong)
    assert rows.labels is not None
    assert rows.predicted is not None
    known = before.cursor
    entries = tuple(
        LabelEntry(known + place + 1, token(known + place), start + 5, 0, int(predicted), None, float(label))
        for place, (predicted, label) in enumerate(zip(rows.predicted, rows.labels, strict=True))
    )
    served = {start: Served(600, tuple(np.bincount(rows.predicted, minlength=2).tolist()))}
    return PodLabels("", "", "", known + 600, (*before.entries, *entries), {**before.served, **served})


def labels_document(labels: PodLabels, cursor: int) -> dict[str, Any]:
    """Member ``labels`` from a cursor on, as a server tells it: 4,096 at most."""
    entries = [one for one in labels.entries if one.sequence > cursor][:4096]
    return {
        "cursor": entries[-1].sequence if entries else cursor,
        "forged": 0,
        "expired": 0,
        "served": [
            {"cohort": start, "rows": one.rows, "classes": list(one.classes)} for start, one in labels.served.items()
        ],
        "entries": [[one.sequence, one.token, one.at, 0, one.predicted, None, -1, -1, one.label] for one in entries],
    }


class _Handler(BaseHTTPRequestHandler):
    server: Pod

    def do_GET(self) -> None:
        body = json.dumps(self.server.document(self.path)).encode()
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class World(ServingWorld):
    """A service whose version has a profile in MLflow, and the TrainingJob that it is trained again by."""

    def __init__(self, api: Api, namespace: str, *, mlflow: MlflowServer, pod: Pod) -> None:
        super().__init__(api, namespace)
        self.pod = pod
        self.profile = self._uploaded(mlflow)

    def _uploaded(self, mlflow: MlflowServer) -> dict[str, Any]:
        data = json.dumps(self.pod.reference.document).encode()
        with httpx.Client(base_url=f"{mlflow.uri}/api/2.0/", timeout=30, trust_env=False) as client:
            experiment = client.post("mlflow/experiments/create", json={"name": self.namespace}).json()["experiment_id"]
            made = client.post("mlflow/runs/create", json={"experiment_id": experiment}).raise_for_status().json()
            info = made["run"]["info"]
            path = f"{info['artifact_uri'].partition('mlflow-artifacts:/')[2]}/leeboard/profile-1.json"
            client.put(f"mlflow-artifacts/artifacts/{path}", content=data).raise_for_status()
        assert Profile.from_json(data).digest == f"sha256:{sha256(data).hexdigest()}"
        return {
            "uri": f"runs:/{info['run_id']}/leeboard/profile-1.json",
            "digest": f"sha256:{sha256(data).hexdigest()}",
            "bytes": len(data),
            "rows": 8000,
            "features": 3,
            "monitored": 3,
        }

    def approve(self, number: int) -> None:
        super().approve(number)
        path = f"{self.path('modelversions', f'{MODEL}-v{number}')}/status"
        live = self.api.get(self.path("modelversions", f"{MODEL}-v{number}"))
        self.api.rest.replace(path, {**live, "status": {**live["status"], "profile": self.profile}})

    def prepare(self, **retraining: object) -> None:
        """The template, and the service on one pod that answers."""
        template = {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}
        job = {
            "apiVersion": "leeboard.dev/v1alpha1",
            "kind": "TrainingJob",
            "metadata": {"name": TEMPLATE, "namespace": self.namespace},
            "spec": {"model": MODEL, "template": template},
        }
        self.api.create(self.path("trainingjobs"), job)
        self.serve(replicas=1)
        monitoring = {**MONITORING, "labels": {"tokenKeysSecret": "keys", "feedbackSecret": "feedback"}}
        spec = {"retraining": {"trainingJobRef": {"name": TEMPLATE}, **retraining}, "monitoring": monitoring}
        self.edit(self.path("inferenceservices", SERVICE), {"spec": spec})
        self.made_deployment(1)
        self.playing_until(lambda: self.condition("Progressing") == "False/Settled", 1, what="version 1")
        self._listen()

    def _listen(self) -> None:
        """The pod that runs answers at its own address."""
        self.pod.revision = self.status()["stable"]["name"]
        path = self.path("pods", "v1-0", api="v1")
        self.api.rest.delete(path)
        eventually(lambda: self.api.find(path) is None, what="the end of the pod")
        deployment = self.made_deployment(1)
        metadata = {"name": "v1-0", "namespace": self.namespace, **deployment["spec"]["template"]["metadata"]}
        ports = [{"name": "metrics", "containerPort": self.pod.server_port}]
        spec = {"containers": [{"name": "server", "image": "server", "ports": ports}]}
        pod = self.api.create(
            self.path("pods", api="v1"), {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        )
        ready = {"type": "Ready", "status": "True"}
        # What a pod counted before it was first asked may be from before its operator.
        status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "conditions": [ready]}
        self.api.rest.replace(f"{path}/status", {**pod, "status": status})
        eventually(lambda: self.pod.asked > 1, what="the first questions")

    def drift(self) -> dict[str, Any]:
        return dict(self.status().get("drift") or {})

    def judged(self, seed: int, *, shift: float = 0.0) -> str:
        """The verdict on the next window, in which the pod answered these rows."""
        before = self.drift().get("until")
        self.pod.serve(seed, shift=shift)
        eventually(lambda: self.drift().get("until") != before, what="the end of a window", seconds=60)
        return str(self.drift()["verdict"])

    def trainings(self) -> list[dict[str, Any]]:
        """TrainingJobs that the operator made."""
        found = self.api.items(self.path("trainingjobs"))
        return [job for job in found if job["metadata"]["name"] != TEMPLATE]

    def trigger(self) -> dict[str, Any]:
        return dict((self.status().get("retraining") or {}).get("trigger") or {})


@pytest.fixture
def reference() -> Reference:
    """What the version was built from, without labels."""
    return REFERENCE


@pytest.fixture
def pod(reference: Reference) -> Iterator[Pod]:
    """One server."""
    server = Pod(reference)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(api: Api, namespace: str, *, mlflow_server: MlflowServer, pod: Pod) -> World:
    world = World(api, namespace, mlflow=mlflow_server, pod=pod)
    world.approve(1)
    return world


def test_drift_makes_one_training_job_also_when_the_operator_is_killed_in_between(
    world: World, start_operator: StartOperator
) -> None:
    first = start_operator(**SECONDS)
    first.wait_until_leading()
    world.prepare(triggers=[{"drift": {"mode": "DriftOnly"}}])
    eventually(lambda: world.condition("DriftDetected") == "Unknown/NoWindowYet", what="the first look")
    assert [world.judged(seed) for seed in (10, 11)] == ["Stable", "Stable"]
    assert world.condition("Monitored") == "True/Counted"
    world.judged(12, shift=1.5)
    world.judged(13, shift=1.5)
    world.pod.serve(14, shift=1.5)
    eventually(lambda: bool(world.trigger()), what="a trigger", seconds=60)
    first.process.kill()
    first.process.wait()

    start_operator(**SECONDS).wait_until_leading()
    eventually(lambda: world.trigger().get("seen") is True, what="the TrainingJob", seconds=60)

    (job,) = world.trainings()
    trigger = world.trigger()
    assert job["metadata"]["name"] == trigger["trainingJob"]
    assert job["metadata"]["annotations"]["leeboard.dev/trigger"] == trigger["id"]
    assert job["spec"]["modelVersion"]["approval"] == "Manual"
    assert "car_value" in trigger["evidence"]
    assert world.drift()["drifted"] == ["car_value"]
    assert world.condition("Retraining") == "True/Training"
    assert world.condition("DriftDetected") == "True/Drift"


def test_a_person_is_answered_with_the_training_job_or_with_the_guard(
    world: World, start_operator: StartOperator
) -> None:
    start_operator(**SECONDS).wait_until_leading()
    world.prepare()
    assert world.ask("retrain", identity="first") == "Done"
    eventually(lambda: len(world.trainings()) == 1, what="the TrainingJob")
    assert world.status()["request"]["message"] == f"TrainingJob {world.trainings()[0]['metadata']['name']}"
    eventually(lambda: world.trigger().get("seen") is True, what="that it was seen")
    assert world.ask("retrain", identity="second") == "Refused"
    assert "is under way" in world.status()["request"]["message"]
    assert len(world.trainings()) == 1


@pytest.mark.parametrize("reference", [LABELLED], ids=["a reference with labels"])
def test_labels_that_show_a_loss_make_one_training_job(world: World, start_operator: StartOperator) -> None:
    start_operator(**SECONDS).wait_until_leading()
    world.prepare(triggers=[{"drift": {"mode": "PerformanceOnly"}}])
    eventually(lambda: world.condition("PerformanceLost") == "Unknown/LabelsNeeded", what="that labels are taken")

    world.pod.answer(wrong=0.2, hours=6)

    eventually(lambda: world.trigger().get("seen") is True, what="the TrainingJob", seconds=60)
    assert (world.trigger()["kind"], len(world.trainings())) == ("Performance", 1)
    assert "BalancedAccuracy" in world.trigger()["evidence"]
    assert world.condition("PerformanceLost") == "True/Worse"
    assert world.status()["performance"]["labels"] == 3600
