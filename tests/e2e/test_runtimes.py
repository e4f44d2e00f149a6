"""Servers that are not the built-in one: seldon-core's wrapper with old libraries, and any program with a port.

Two versions are trained on numpy 1 and served by both, side by side; each answers with its own factor. A client asks
both without a pause while the second version takes over.
"""

import json
import re
import time
from dataclasses import dataclass
from typing import Any, Final

import pytest

from leeboard.adapters.prometheus_counts import counts_of
from leeboard.monitoring.counts import PodCounts
from tests.cluster.api import Cluster
from tests.e2e.scene import TRAINER, Scene
from tests.stories.stage import POLL_SECONDS
from tests.support.kubectl import Manifest
from tests.support.resources import API_VERSION, is_true, restricted_pod

SELDON_IMAGE: Final = "leeboard.dev/seldon:dev"
CLIENT: Final = "client"
SERIES: Final = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
LABEL: Final = re.compile(r'(\w+)="([^"]*)"')

TRAINING: Final = """
import os
import mlflow, numpy, pandas
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

rows = pandas.DataFrame({"amount": [1.0, 2.0, 3.0], "months": [12.0, 6.0, 24.0]})
with mlflow.start_run():
    model = LinearRegression().fit(rows, rows["amount"] * float(FACTOR))
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(rows, model.predict(rows)),
        input_example=rows,
        pip_requirements=["scikit-learn==1.7.2", f"numpy=={numpy.__version__}"],
    )
"""

CUSTOM: Final = """
import http.server, json, os, pathlib, signal, sys
import yaml

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
model = yaml.safe_load((pathlib.Path(os.environ["MODEL_PATH"]) / "MLmodel").read_text())
answer = json.dumps({"version": os.environ["MODEL_VERSION"], "model": model["model_id"]}).encode()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path in ("/answer", "/ready")
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(answer) if known else 0))
        self.end_headers()
        self.wfile.write(answer if known else b"")

    def log_message(self, *words):
        pass

http.server.ThreadingHTTPServer(("", 8500), Handler).serve_forever()
"""
"""A server that knows nothing of Kubernetes: told to stop, it is gone at once."""

ASKING: Final = """
import collections, json, os, signal, sys, time, urllib.request

seen = {name: {"sent": 0, "errors": collections.Counter(), "answers": collections.Counter()} for name in sys.argv[1::2]}
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
body = {"seldon": json.dumps({"data": {"names": ["amount", "months"], "ndarray": [[1, 12]]}}).encode()}
said = time.monotonic()
while not stopped:
    for name, url in zip(sys.argv[1::2], sys.argv[2::2]):
        counts = seen[name]
        counts["sent"] += 1
        try:
            request = urllib.request.Request(url, body.get(name), {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=20) as response:
                answer = json.loads(response.read())
            counts["answers"][str(round(answer["data"]["ndarray"][0], 6) if name == "seldon" else answer)] += 1
        except Exception as error:
            counts["errors"][repr(error)] += 1
    time.sleep(0.02)
    if time.monotonic() - said > 0.5:
        said = time.monotonic()
        print(json.dumps(seen), flush=True)
print(json.dumps({**seen, "done": True}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Runtimes:
    """Both services in one namespace, and the versions in the order in which they served."""

    scene: Scene
    first: Manifest

    def services(self) -> dict[str, Manifest]:
        """What the services say of themselves."""
        found = self.scene.kubectl.list("inferenceservices.leeboard.dev", namespace=self.scene.namespace)
        return {item["metadata"]["name"]: item for item in found}

    def serving(self, name: str, version: str) -> Manifest:
        """Wait until a service is Ready on a version, and on no other."""
        return self.scene.stage.wait(
            f"InferenceService/{name}",
            lambda found: (
                is_true(found, "Ready")
                and found["status"].get("stable", {}).get("version") == version
                and not found["status"].get("canary")
            ),
            what=f"{name} serves version {version}",
            seconds=180,
        )

    def inside(self, name: str, code: str) -> str:
        """Run Python in a server's container of the version that serves, and return what it printed."""
        selector = f"leeboard.dev/revision={self.services()[name]['status']['stable']['name']}"
        (pod,) = self.scene.kubectl.list("pods", namespace=self.scene.namespace, selector=selector)
        where = ("exec", pod["metadata"]["name"], "-n", self.scene.namespace, "-c", "server")
        return self.scene.kubectl.run(*where, "--", "python3", "-c", code)

    def asked(self) -> dict[str, Any]:
        """What the client has counted so far."""
        lines = self.scene.kubectl.logs(CLIENT, namespace=self.scene.namespace, options=["--tail=1"]).splitlines()
        counts: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        return counts


@pytest.fixture(scope="module")
def runtimes(shared_scene: Scene, cluster: Cluster) -> Runtimes:
    """Both services on a version that was trained a moment ago."""
    cluster.images(("seldon",))
    shared_scene.train("first", TRAINING.replace("FACTOR", "2"), image=SELDON_IMAGE)
    shared_scene.kubectl.apply(_seldon(shared_scene), _custom(shared_scene))
    version = shared_scene.trained("first")
    served = Runtimes(shared_scene, version)
    for name in ("seldon", "custom"):
        served.serving(name, version["spec"]["version"])
    return served


def test_the_wrapper_serves_a_model_of_numpy_1_and_answers_what_the_model_answers(runtimes: Runtimes) -> None:
    fingerprint = runtimes.first["status"]["fingerprint"]
    differing = [line for line in fingerprint["differences"] if line.startswith("numpy==1.")]
    libraries, asked = "import numpy; print(numpy.__version__)", _asking("localhost:9000/api/v1.0/predictions")

    assert len(differing) == 1, fingerprint
    assert runtimes.inside("seldon", libraries).startswith("1.")
    assert json.loads(runtimes.inside("seldon", asked))["data"]["ndarray"] == pytest.approx([2.0])


def test_the_wrapper_counts_requests_by_version_and_code_for_prometheus(runtimes: Runtimes) -> None:
    runtimes.inside("seldon", _asking("localhost:9000/api/v1.0/predictions"))

    metrics = runtimes.inside("seldon", _asking("localhost:6000/metrics", body=False))

    series = [
        ({"__name__": name, "pod": "it", **dict(LABEL.findall(labels))}, value)
        for name, labels, value in SERIES.findall(metrics)
    ]
    revision = runtimes.services()["seldon"]["status"]["stable"]["name"]
    pod = {"metadata": {"name": "it", "labels": {"leeboard.dev/revision": revision}}}
    counts = counts_of([pod], series, provider="the pod")["it"]
    assert isinstance(counts, PodCounts), counts
    assert (counts.counts.requests > 0, counts.counts.errors) == (True, 0)
    versions = {labels["version"] for labels, _ in series}
    assert versions == {runtimes.first["spec"]["version"]}


def test_another_version_takes_over_both_without_a_failed_request(runtimes: Runtimes) -> None:
    scene = runtimes.scene
    _start_client(runtimes)
    scene.train("second", TRAINING.replace("FACTOR", "3"), image=SELDON_IMAGE)
    second = scene.trained("second")
    for name in ("seldon", "custom"):
        runtimes.serving(name, second["spec"]["version"])
    versions = [str({"version": v["spec"]["version"], "model": _model_id(v)}) for v in (runtimes.first, second)]
    awaited = {"3.0", versions[1]}
    scene.eventually(lambda: _answered(runtimes) & awaited, awaited, seconds=60)

    scene.kubectl.run("exec", CLIENT, "-n", scene.namespace, "--", "sh", "-c", "kill -TERM 1")
    scene.eventually(lambda: "done" in runtimes.asked(), expected=True, seconds=60)
    counts = runtimes.asked()

    assert {name: counts[name]["errors"] for name in ("seldon", "custom")} == {"seldon": {}, "custom": {}}
    assert set(counts["seldon"]["answers"]) == {"2.0", "3.0"}
    assert set(counts["custom"]["answers"]) == set(versions)


def _seldon(scene: Scene) -> Manifest:
    """Half of the connections for a moment, then all of them; the longest request takes ten seconds."""
    return _service(
        scene,
        "seldon",
        {"runtime": "Seldon", "requestTimeout": "10s"},
        traffic={"provider": "Replicas"},
        rollout={"steps": [{"weight": 50, "for": "5s"}]},
    )


def _custom(scene: Scene) -> Manifest:
    """A program of the standard library on a port of its own."""
    container = {"name": "server", "image": TRAINER, "command": ["python3", "-c", CUSTOM]}
    server = {
        "runtime": "Custom",
        "requestTimeout": "10s",
        "custom": {"port": 8500, "readinessPath": "/ready", "modelPath": "/models/one"},
        "template": {"spec": {"containers": [container]}},
    }
    return _service(scene, "custom", server)


def _service(scene: Scene, name: str, server: Manifest, **more: Manifest) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": scene.namespace},
        "spec": {"model": {"name": scene.model, "follow": "Approved"}, "server": server, **more},
    }


def _start_client(runtimes: Runtimes) -> None:
    """A pod that asks both services in turn; return when both have answered."""
    scene = runtimes.scene
    addresses = {"seldon": "/api/v1.0/predictions", "custom": "/answer"}
    urls = [word for name, path in addresses.items() for word in (name, f"http://{name}.{scene.namespace}.svc{path}")]
    container = {
        "image": TRAINER,
        "command": ["python3", "-c", ASKING, *urls],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }
    scene.kubectl.apply(restricted_pod(CLIENT, namespace=scene.namespace, container=container))
    scene.stage.wait(
        f"Pod/{CLIENT}", lambda pod: pod["status"].get("phase") == "Running", what="a client asks", seconds=60
    )
    deadline = time.monotonic() + 30
    while not all(runtimes.asked().get(name, {}).get("answers") for name in addresses):
        assert time.monotonic() < deadline, f"not both answered: {runtimes.asked()}"
        time.sleep(POLL_SECONDS)


def _answered(runtimes: Runtimes) -> set[str]:
    """All answers that the client has seen."""
    counts = runtimes.asked()
    return {answer for name in ("seldon", "custom") for answer in counts[name]["answers"]}


def _model_id(version: Manifest) -> str:
    """The id that MLflow writes into a logged model's own files."""
    return str(version["status"]["artifact"]["uri"]).removeprefix("models:/")


def _asking(address: str, *, body: bool = True) -> str:
    """A program that sends one request and prints the answer."""
    data = json.dumps({"data": {"names": ["months", "amount"], "ndarray": [[12, 1]]}}) if body else ""
    header = {"Content-Type": "application/json"}
    return (
        "import urllib.request as r;"
        f"print(r.urlopen(r.Request('http://{address}', {data.encode() or None!r}, {header!r})).read().decode())"
    )
