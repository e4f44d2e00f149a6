"""A real model server as a process, and what tests ask it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
START_SECONDS = 90.0
T = TypeVar("T")


def until(look: Callable[[], T], *, what: str, seconds: float = START_SECONDS) -> T:
    """The first true value of `look`; AssertionError with the last one when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s, last seen: {seen!r}"
        time.sleep(0.02)


def command_environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a container: no settings of ours but these, a termination message below `folder`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LEEBOARD_", "MLFLOW_"))}
    return inherited | {
        "PYTHONPATH": str(ROOT / "runtime"),
        "LEEBOARD_TERMINATION_MESSAGE": str(folder / "termination"),
        **more,
    }


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str
    message: dict[str, Any]


def run(arguments: Sequence[str], folder: Path, **environment: str) -> Ended:
    """Run one command of the runtime to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "leeboard_runtime", *arguments],
        env=command_environment(folder, **environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    path = folder / "termination"
    message = json.loads(path.read_text()) if path.exists() else {}
    return Ended(done.returncode, done.stdout, done.stderr, message)


@dataclass(slots=True)
class ModelServer:
    """A running `leeboard-runtime serve`."""

    process: subprocess.Popen[bytes]
    port: int
    metrics_port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def infer_url(self) -> str:
        return f"{self.url}/v2/models/car-loan/infer"

    def status(self, path: str) -> int:
        """The status of a GET, 0 where nobody answers."""
        try:
            return httpx.get(self.url + path, timeout=5).status_code
        except httpx.HTTPError:
            return 0

    def infer(self, *inputs: dict[str, Any], **more: object) -> httpx.Response:
        return httpx.post(self.infer_url, json={"inputs": inputs, **more}, timeout=30)

    def metric(self, series: str, **labels: str) -> float:
        """The value of one series."""
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5).text
        return next(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == series and labels.items() <= sample.labels.items()
        )

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, f"the server ended: {self.log()}"
            return self.status("/v2/health/ready") == 200

        until(ready, what="ready")

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def ended(self, seconds: float = 30) -> int:
        """The exit code, once it has one."""
        return self.process.wait(seconds)

    def message(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "termination").read_text())
        return content

    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def serving(model: Path, folder: Path, ports: Sequence[int], *, options: Sequence[str] = ()) -> Iterator[ModelServer]:
    """A server of `model` that has just been started; gone afterwards, whatever happened."""
    command = [
        *(sys.executable, "-m", "leeboard_runtime", "serve", "--model", str(model), "--host", "127.0.0.1"),
        *("--name", "car-loan", "--version", "3", "--port", str(ports[0]), "--metrics-port", str(ports[1])),
        *options,
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=command_environment(folder), stdout=log, stderr=log)
    try:
        yield ModelServer(process, ports[0], ports[1], folder)
    finally:
        process.kill()
        process.wait()


def column(name: str, datatype: str, *data: object) -> dict[str, Any]:
    """A column of a request."""
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": list(data)}
