"""Two services, their model servers, an operator that tells of them, a model server and an operator in trouble, all
scraped by a real Prometheus with the chart's rules.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from prometheus_client import generate_latest

from leeboard.api.inference_service import InferenceServiceStatus
from leeboard.metrics import Metrics, PollOutcome
from tests.integration.conftest import Api, OperatorProcess
from tests.integration.runtime.serving import ModelServer, column
from tests.integration.runtime.test_monitoring import label, rows, tokens

AT = "2026-03-01T12:00:00Z"
API_VERSION = "leeboard.dev/v1alpha1"
VERSION, REVISION, DIGEST = "3", "loans-r3", f"sha256:{'0' * 64}"
WINDOW = {"revision": REVISION, "version": VERSION, "profile": DIGEST, "since": AT, "until": AT, "rows": 2400}
LOANS, FRAUD = "car-loan", "fraud"
NEW = "new"


@dataclass(frozen=True, slots=True)
class Said:
    """What a service says of itself; as it is by default nothing is wrong, though nothing is far from it."""

    phase: str = "Updating"
    serving: tuple[str, str] = ("True", "Serving")
    stalled: tuple[str, str] = ("False", "NotStalled")
    drift: str = "Suspected"
    quality: str = "Suspicious"
    performance: str = "Unproven"
    retraining: tuple[str, str] = ("False", "CoolingDown")

    def status(self) -> dict[str, Any]:
        """The status as the operator would write it."""
        told = {"Serving": self.serving, "Stalled": self.stalled, "Retraining": self.retraining}
        labels = {"until": AT, "metric": "Precision", "value": "0.81", "reference": "0.9", "labels": 900}
        known = {"revision": REVISION, "version": VERSION}
        feature = {"name": "income", "standing": "Drifted", "psi": "0.41"}
        fault = {"feature": "income", "fault": "null", "share": "0.3", "usual": "0.0"}
        part = {"column": "region", "value": "north", "rows": 800}
        segment = {**part, "standing": "Warned", "psi": "0.15"}
        group = {**part, "standing": "Differs", "rate": ["0.4", "0.36", "0.44"], "ratio": ["0.8", "0.7", "0.9"]}
        document = {
            "phase": self.phase,
            "observedGeneration": 1,
            "conditions": [_condition(type_, *said) for type_, said in told.items()],
            "drift": {
                **WINDOW,
                "verdict": self.drift,
                "prediction": "Stable",
                "features": [feature],
                "segments": [segment],
                "groups": [group],
            },
            "quality": {**WINDOW, "verdict": self.quality, "faults": [fault]},
            "performance": {**known, **labels, "verdict": self.performance},
        }
        return InferenceServiceStatus.model_validate(document).to_json()


def _condition(type_: str, status: str, reason: str) -> dict[str, Any]:
    said = {"type": type_, "status": status, "reason": reason}
    return {**said, "observedGeneration": 1, "lastTransitionTime": AT}


@dataclass(frozen=True)
class Team:
    """The namespace of the services, on the API server."""

    api: Api
    namespace: str

    def path(self, plural: str, name: str = "") -> str:
        return f"/apis/{API_VERSION}/namespaces/{self.namespace}/{plural}{f'/{name}' if name else ''}"

    def make(self, kind: str, name: str, spec: Mapping[str, object]) -> None:
        """Create one object."""
        metadata = {"name": name, "namespace": self.namespace}
        manifest = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": dict(spec)}
        self.api.create(self.path(f"{kind.lower()}s"), manifest)

    def say(self, plural: str, name: str, status: Mapping[str, object]) -> None:
        """Write the status of one object, as only the operator may."""
        path = self.path(plural, name)
        kind = {"inferenceservices": "InferenceService", "modelversions": "ModelVersion"}[plural]
        live = {"apiVersion": API_VERSION, "kind": kind, **self.api.get(path)}
        self.api.rest.replace(f"{path}/status", {**live, "status": dict(status)})


@dataclass
class Page:
    """A ``/metrics`` of the test's own, and a hook that takes notifications; both real HTTP."""

    text: Callable[[], bytes]
    bodies: list[bytes] = field(default_factory=list)
    port: int = 0


@contextmanager
def page(text: Callable[[], bytes] = bytes) -> Iterator[Page]:
    """A server on a port of its own."""
    shown = Page(text)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, shown.text())

        def do_POST(self) -> None:
            shown.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(404 if self.path == "/gone" else 200, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shown.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield shown
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Standby:
    """The numbers of an operator that does not lead: real ones, set by hand."""

    metrics: Metrics = field(default_factory=Metrics)

    def text(self) -> bytes:
        return generate_latest(self.metrics.registry)

    def is_well(self) -> None:
        """What it counts while all goes well."""
        self._count(tracking="ok", poll=PollOutcome.ANSWERED, outcome="settled")

    def is_in_trouble(self) -> None:
        """It falls behind, MLflow and pods do not answer, passes fail."""
        self.metrics.queue_age.set(400)
        for _ in range(1000):
            self._count(tracking="unavailable", poll=PollOutcome.NO_ANSWER, outcome="transient")

    def _count(self, *, tracking: str, poll: PollOutcome, outcome: str) -> None:
        self.metrics.tracking.labels("find_runs", tracking).observe(0.01)
        self.metrics.polls.labels("pod", poll.value).observe(0.01)
        self.metrics.reconcile.labels("InferenceService", outcome).observe(0.01)


class Recorded:
    """What a real model server told, with other numbers where a test says so."""

    def __init__(self, server: ModelServer) -> None:
        self._text = httpx.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=5).text
        self._values: dict[str, float] = {}

    def change(self, name: str, value: float) -> None:
        """Every series of that name has this value from now on; it has to be there."""
        assert f"\n{name}{{" in self._text, name
        self._values[name] = value

    def text(self) -> bytes:
        return "".join(f"{self._line(line)}\n" for line in self._text.splitlines()).encode()

    def _line(self, line: str) -> str:
        name = line.partition("{")[0]
        return f"{line.rsplit(' ', 1)[0]} {self._values[name]}" if name in self._values else line


@dataclass(frozen=True)
class Traffic:
    """Requests to both servers."""

    loans: ModelServer
    fraud: ModelServer

    def good(self) -> None:
        """Rows that are answered, one with a value out of its range, and a label for one."""
        answer = self.loans.infer(*rows((25.0, 20.0, 1), (200.0, 50.0, 4)))
        told = label(self.loans, {"token": tokens(answer)[0], "label": 1})
        assert told.status_code == 200, told.text
        assert self._ask_fraud(1.0) == 200

    def bad(self) -> None:
        """A row at which the model raises."""
        assert self._ask_fraud(-1.0) >= 500

    def _ask_fraud(self, x: float) -> int:
        body = {"inputs": [column("x", "FP64", x)]}
        return httpx.post(f"{self.fraud.url}/v2/models/{FRAUD}/infer", json=body, timeout=30).status_code


def make_objects(team: Team) -> None:
    """Services, a version and a training of the team's."""
    for name in (LOANS, FRAUD, NEW):
        team.make("InferenceService", name, {"model": {"name": name, "version": VERSION}})
    source = {"runID": "0" * 32, "modelURI": "models:/m-1"}
    team.make("ModelVersion", f"{LOANS}-v{VERSION}", {"model": LOANS, "version": VERSION, "source": source})
    team.make("TrainingJob", "train", training())


def training() -> dict[str, object]:
    """The spec of a training."""
    return {"model": LOANS, "template": {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}}


def all_is_well(team: Team) -> None:
    """Every service near a limit, none beyond it; one has never served."""
    for name in (LOANS, FRAUD):
        team.say("inferenceservices", name, Said().status())
    team.say("inferenceservices", NEW, Said(phase="Pending", serving=("False", "NotYetDeployed")).status())
    team.say("modelversions", f"{LOANS}-v{VERSION}", {"phase": "Ready", "observedGeneration": 1})


def trouble(team: Team) -> None:
    """Everything that can be wrong with a service is."""
    worst = Said(
        phase="Aborted",
        drift="Drift",
        quality="Broken",
        performance="Worse",
        retraining=("False", "CircuitOpen"),
    )
    down = Said(
        phase="Degraded",
        serving=("False", "NoReadyEndpoints"),
        stalled=("True", "ImagePullFailed"),
        drift="ReferenceMismatch",
        retraining=("False", "TemplateInvalid"),
    )
    team.say("inferenceservices", LOANS, worst.status())
    team.say("inferenceservices", FRAUD, down.status())
    team.say("modelversions", f"{LOANS}-v{VERSION}", {"phase": "WaitingForApproval", "observedGeneration": 1})


def scraped(operator: OperatorProcess, ports: Mapping[str, int], namespaces: tuple[str, str]) -> list[dict[str, Any]]:
    """Scrape configurations as the Prometheus operator makes them of the chart's monitors."""
    own, team = namespaces

    def job(name: str, port: int, labels: Mapping[str, str], *, honors: bool) -> dict[str, Any]:
        target = {"targets": [f"127.0.0.1:{port}"], "labels": {"pod": name, **labels}}
        return {"job_name": name, "honor_labels": honors, "static_configs": [target]}

    operators = {"leeboard-0": operator.metrics_port, "leeboard-1": ports["standby"]}
    of_operator = {"namespace": own, "service": "leeboard-metrics", "container": "operator", "endpoint": "metrics"}
    servers = {name: port for name, port in ports.items() if name != "standby"}
    return [
        *(job(name, port, of_operator, honors=True) for name, port in operators.items()),
        *(job(name, port, {"namespace": team}, honors=False) for name, port in servers.items()),
    ]
