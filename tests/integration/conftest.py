"""A real API server with our definitions, a real MLflow server, and operators as processes against both."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from tests.cluster import gateway_api as gateway_api_definitions
from tests.cluster.api import ApiServer
from tests.cluster.ports import free_ports
from tests.cluster.rest import ApiError, RestClient
from tests.integration.mlflow_server import MlflowServer

ROOT = Path(__file__).parents[2]
RESOURCES = "/apis/leeboard.dev/v1alpha1/namespaces/{namespace}/{plural}"
_NUMBERS = itertools.count(1)
T = TypeVar("T")


def eventually(look: Callable[[], T], *, seconds: float = 60, what: str = "") -> T:
    """The first true answer of ``look``; fails with the last one when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"{what or 'it'} did not happen within {seconds} s; last seen: {answer!r}")
        time.sleep(0.05)


@dataclass
class OperatorProcess:
    """One operator as its own process."""

    process: subprocess.Popen[bytes]
    log: Path
    probe_port: int
    metrics_port: int

    def wait_until_ready(self) -> None:
        """Return when its cache is complete, or it stands by."""
        eventually(lambda: self.probe("readyz") == 200, seconds=60, what=f"the operator ({self.log})")

    def wait_until_leading(self) -> None:
        """Return when it leads and its cache is complete."""
        eventually(lambda: self.is_leader() and self.probe("readyz") == 200, seconds=60, what=f"to lead ({self.log})")

    def probe(self, name: str) -> int | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.probe_port}/{name}", timeout=2).status_code
        except httpx.HTTPError:
            return None

    def metric(self, name: str) -> float:
        """The value of one series as it stands in the exposition, 0 when it is not there."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5).text
        return next((float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0)

    def is_leader(self) -> bool:
        try:
            return self.metric("leeboard_leader") == 1
        except httpx.HTTPError:
            return False

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, *, seconds: float = 25) -> int:
        """SIGTERM; the exit code."""
        self.send(signal.SIGTERM)
        return self.process.wait(seconds)


class Api:
    """What tests do at the API server."""

    def __init__(self, server: ApiServer, audit_log: Path) -> None:
        self.server = server
        self.rest: RestClient = server.client()
        self.audit_log = audit_log

    def namespace(self) -> str:
        name = f"test-{os.getpid()}-{next(_NUMBERS)}"
        self.rest.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def create(self, path: str, manifest: Mapping[str, object]) -> dict[str, Any]:
        self.rest.create(path, manifest)
        return self.get(f"{path}/{manifest['metadata']['name']}")  # type: ignore[index]

    def get(self, path: str) -> dict[str, Any]:
        return dict(self.rest.get(path))

    def find(self, path: str) -> dict[str, Any] | None:
        try:
            return self.get(path)
        except ApiError as error:
            if error.status in {404, 429, 503}:
                return None
            raise

    def items(self, path: str) -> list[dict[str, Any]]:
        return list(self.get(path)["items"])

    def writes_since(self, mark: int, *, agent: str = "leeboard") -> list[str]:
        """``verb path`` of every mutating request of that user agent since ``mark``, without the Lease's."""
        lines = self.audit_log.read_bytes()[mark:].splitlines()
        events = (json.loads(line) for line in lines if line.strip())
        return [
            f"{event['verb']} {event['requestURI'].partition('?')[0]}"
            for event in events
            if event["stage"] == "ResponseComplete"
            and event.get("userAgent") == agent
            and event["verb"] not in {"get", "list", "watch"}
            and "/leases" not in event["requestURI"]
        ]

    def mark(self) -> int:
        """The end of the audit log as it is now."""
        return self.audit_log.stat().st_size


@pytest.fixture(scope="session", autouse=True)
def ended_in_order() -> None:
    """SIGTERM ends the tests as Ctrl-C does, so that what they have started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A bare API server with our three definitions."""
    audit_log = tmp_path_factory.mktemp("audit") / "audit.log"
    with ApiServer(audit_log=audit_log) as server:
        api = Api(server, audit_log)
        for path in sorted((ROOT / "crds").glob("*.yaml")):
            definition = yaml.safe_load(path.read_text())
            api.rest.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        for plural in ("trainingjobs", "modelversions", "inferenceservices"):
            eventually(partial(api.find, f"/apis/leeboard.dev/v1alpha1/{plural}"), what=plural)
        yield api


@pytest.fixture(scope="module")
def gateway_api(api: Api) -> Iterator[None]:
    """The Gateway API's definitions, for the tests of one module: a server without them is a case of its own."""
    gateway_api_definitions.install(api.rest)
    yield
    gateway_api_definitions.remove(api.rest)


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """An MLflow server with SQLite and proxied artifacts."""
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace of its own."""
    return api.namespace()


StartOperator = Callable[..., OperatorProcess]


@pytest.fixture
def start_operator(api: Api, mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[StartOperator]:
    """Start operators, each with its own Lease namespace unless told otherwise; all are gone after the test."""
    with operators(api, mlflow_server, tmp_path) as start:
        yield start


@contextmanager
def operators(api: Api, mlflow_server: MlflowServer, folder: Path) -> Iterator[StartOperator]:
    """What starts operators with a Lease namespace of their own; all are gone when the block ends."""
    started: list[OperatorProcess] = []
    own_namespace = api.namespace()

    def start(*, module: str = "leeboard", **settings: str) -> OperatorProcess:
        probe_port, metrics_port = free_ports(2)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEEBOARD_")} | {
            "KUBECONFIG": str(api.server.kubeconfig),
            "PYTHONPATH": f"{ROOT}/operator:{ROOT}",
            "LEEBOARD_NAMESPACE": own_namespace,
            "LEEBOARD_TRACKING_URI": mlflow_server.uri,
            "LEEBOARD_RUNTIME_IMAGE": "leeboard.dev/runtime:dev",
            "LEEBOARD_PROBE_PORT": str(probe_port),
            "LEEBOARD_METRICS_PORT": str(metrics_port),
            **{f"LEEBOARD_{name.upper()}": value for name, value in settings.items()},
        }
        log = folder / f"operator-{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, "run"], env=environment, stdout=output, stderr=output, cwd=folder
            )
        started.append(OperatorProcess(process, log, probe_port, metrics_port))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGCONT)
                one.process.kill()
                one.process.wait()
