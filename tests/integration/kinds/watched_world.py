"""A watched service on a real API server with a real MLflow, and pods that speak the counters' format."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import numpy as np

from leeboard.monitoring.cells import LabelEntry, PodLabels, Served
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS
from leeboard.monitoring.profile import Profile
from tests.integration.conftest import Api, eventually
from tests.integration.kinds.serving_world import MODEL, SERVICE, ServingWorld
from tests.integration.mlflow_server import MlflowServer
from tests.support.profiles import Reference
from tests.unit.monitoring.test_cohorts import token
from tests.unit.monitoring.test_watch_labels import lent
from tests.unit.monitoring.watched import rows

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

    def __init__(self, api: Api, namespace: str, *, mlflow: MlflowServer, profile: bytes) -> None:
        super().__init__(api, namespace)
        self.profile = self._uploaded(mlflow, profile)

    def _uploaded(self, mlflow: MlflowServer, data: bytes) -> dict[str, Any]:
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

    @property
    def revision(self) -> str:
        """The one that serves."""
        return str(self.status()["stable"]["name"])

    def answer_at(self, port: int) -> None:
        """The pod that serves has its counters at this port."""
        path = self.path("pods", "v1-0", api="v1")
        self.api.rest.delete(path)
        eventually(lambda: self.api.find(path) is None, what="the end of the pod")
        deployment = self.made_deployment(1)
        metadata = {"name": "v1-0", "namespace": self.namespace, **deployment["spec"]["template"]["metadata"]}
        ports = [{"name": "metrics", "containerPort": port}]
        spec = {"containers": [{"name": "server", "image": "server", "ports": ports}]}
        pod = self.api.create(
            self.path("pods", api="v1"), {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        )
        ready = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "conditions": [ready]}
        self.api.rest.replace(f"{path}/status", {**pod, "status": status})

    def drift(self) -> dict[str, Any]:
        return dict(self.status().get("drift") or {})

    def judged(self, serve: Callable[[], None]) -> str:
        """The verdict on the next window, in which the pod answered rows."""
        before = self.drift().get("until")
        serve()
        eventually(lambda: self.drift().get("until") != before, what="the end of a window", seconds=60)
        return str(self.drift()["verdict"])

    def trainings(self) -> list[dict[str, Any]]:
        """TrainingJobs that the operator made."""
        found = self.api.items(self.path("trainingjobs"))
        return [job for job in found if job["metadata"]["name"] != TEMPLATE]

    def trigger(self) -> dict[str, Any]:
        return dict((self.status().get("retraining") or {}).get("trigger") or {})
