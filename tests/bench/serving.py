"""Our model server beside MLflow's own, the kserve SDK and MLServer: one run, one core each, 1, 8 and 32 connections.

Each server is pinned to core 0 and the load (wrk, closed loop, keep-alive) to core 1. Rounds are interleaved:
every server has its turn before any has its second, and the median over rounds is told. Before it is timed, each
server must give the model's own answer.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.models
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.bench.peers.environments import peer_python
from tests.bench.processes import proportional_memory, running, wait_until_answers
from tests.bench.record import FOLDER, Measurement, write

CONNECTIONS = (1, 8, 32)
ROUNDS = 3
SECONDS = 4
PORT = 18080
WORK = FOLDER / "serving"
OURS = "leeboard"
BATCHING_PEERS = ("mlserver",)


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is started, asked, and its answer read."""

    name: str
    command: Callable[[Path], list[str]]
    ready: str
    path: str
    body: dict[str, Any]
    answer: Callable[[Any], float]


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: requests a second, p50 and p99 in milliseconds, answers that were not 2xx or errors."""

    rate: float
    p50: float
    p99: float
    failed: int


def save_model(kind: str) -> tuple[Path, dict[str, float], float]:
    """Save one model; returns its folder, one row, and the answer to it."""
    data = load_breast_cancer(as_frame=True)
    estimator = {
        "linear": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        "tree": HistGradientBoostingClassifier(max_iter=60, random_state=0),
    }[kind]
    estimator.fit(data.data, data.target)
    folder = WORK / f"model-{kind}"
    if not (folder / "MLmodel").exists():
        shutil.rmtree(folder, ignore_errors=True)
        example = data.data.head(8)
        signature = mlflow.models.infer_signature(example, estimator.predict_proba(example))
        mlflow.sklearn.save_model(
            estimator,
            folder,
            signature=signature,
            input_example=example,
            pyfunc_predict_fn="predict_proba",
            skops_trusted_types=["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
        )
    row = data.data.iloc[300]
    answer = float(estimator.predict_proba(data.data.iloc[[300]])[0, 0])
    return folder, {str(name): float(value) for name, value in row.items()}, answer


def servers(row: dict[str, float]) -> tuple[Server, ...]:
    """The four servers, ours first."""
    v2 = {"inputs": [{"name": n, "shape": [1], "datatype": "FP64", "data": [v]} for n, v in row.items()]}
    first_output = lambda answer: float(answer["outputs"][0]["data"][0])  # noqa: E731 - one line, used twice
    return (
        Server(OURS, _ours, "/v2/health/ready", "/v2/models/bench/infer", v2, first_output),
        Server(
            "mlflow", _mlflow, "/health", "/invocations",
            {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}},
            lambda answer: float(answer["predictions"][0][0]),
        ),
        Server("kserve", _kserve, "/v2/health/ready", "/v2/models/bench/infer", v2, first_output),
        Server(
            "mlserver", _mlserver, "/v2/health/ready", "/v2/models/bench/infer",
            {"parameters": {"content_type": "pd"}, **v2}, first_output,
        ),
    )  # fmt: skip


def _ours(model: Path) -> list[str]:
    return [
        sys.executable, "-m", "leeboard_runtime", "serve", "--model", str(model), "--name", "bench", "--version", "1",
        "--port", str(PORT), "--metrics-port", str(PORT + 1), "--batching", "true", "--lean", "true",
    ]  # fmt: skip


def _mlflow(model: Path) -> list[str]:
    return [
        sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(model), "--env-manager", "local",
        "--host", "127.0.0.1", "--port", str(PORT), "--workers", "1",
    ]  # fmt: skip


def _kserve(model: Path) -> list[str]:
    script = Path(__file__).parent / "peers" / "kserve_server.py"
    return [str(peer_python("kserve")), str(script), str(model), str(PORT)]


def _mlserver(model: Path) -> list[str]:
    folder = WORK / f"mlserver-{model.name}"
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"http_port": PORT, "grpc_port": PORT + 2, "metrics_port": PORT + 3, "host": "127.0.0.1"}
    (folder / "settings.json").write_text(json.dumps({**ports, "parallel_workers": 0, "debug": False}))
    runtime = {
        "name": "bench",
        "implementation": "mlserver_mlflow.MLflowRuntime",
        "max_batch_size": 32,
        "max_batch_time": 0.005,
    }
    (folder / "model-settings.json").write_text(json.dumps({**runtime, "parameters": {"uri": str(model)}}))
    return [str(peer_python("mlserver").with_name("mlserver")), "start", str(folder)]


def check_answer(server: Server, expected: float) -> None:
    """Raise when the server does not give the model's own answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{server.path}", json.dumps(server.body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = server.answer(json.load(response))
    if not np.isclose(answer, expected, rtol=1e-6):
        raise RuntimeError(f"{server.name} answered {answer}, the model says {expected}")


def load(server: Server, connections: int, *, seconds: int) -> Load:
    """One bounded run of wrk on core 1."""
    script = WORK / f"{server.name}.lua"
    body = json.dumps(server.body, separators=(",", ":"))
    script.write_text(
        f"wrk.method = 'POST'\nwrk.body = [==[{body}]==]\nwrk.headers['Content-Type'] = 'application/json'\n"
        "done = function(summary, latency, requests)\n"
        "  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write\n"
        "    + summary.errors.timeout\n"
        "  io.write(string.format('RESULT %f %f %f %d\\n', summary.requests / summary.duration * 1e6,\n"
        "    latency:percentile(50) / 1000, latency:percentile(99) / 1000, bad))\nend\n"
    )
    command = [
        "taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script),
        f"http://127.0.0.1:{PORT}{server.path}",
    ]  # fmt: skip
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", output)
    if found is None:
        raise RuntimeError(f"wrk printed no result: {output}")
    return Load(float(found[1]), float(found[2]), float(found[3]), int(found[4]))


def measure(kind: str) -> tuple[dict[tuple[str, int], list[Load]], dict[str, float]]:
    """All loads by server and connections, and each server's memory after its loads."""
    folder, row, expected = save_model(kind)
    loads: dict[tuple[str, int], list[Load]] = {}
    memory: dict[str, float] = {}
    for _ in range(ROUNDS):
        for server in servers(row):
            log = WORK / f"{server.name}.log"
            command = server.command(folder)
            path = {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}
            with running(command, log=log, core=0, environment=path) as process:
                wait_until_answers(f"http://127.0.0.1:{PORT}{server.ready}", process=process, log=log)
                check_answer(server, expected)
                load(server, 8, seconds=2)
                for connections in CONNECTIONS:
                    loads.setdefault((server.name, connections), []).append(load(server, connections, seconds=SECONDS))
                memory[server.name] = proportional_memory(process.pid)
    return loads, memory


def judge(kind: str, loads: dict[tuple[str, int], list[Load]], memory: dict[str, float]) -> list[Measurement]:
    """Figures, ratios to the best batching peer with their budgets, memory, and failed requests."""
    names = sorted({name for name, _ in loads} - {OURS})
    results = []

    def median(name: str, connections: int, figure: str) -> float:
        return float(statistics.median(getattr(run, figure) for run in loads[name, connections]))

    for connections in CONNECTIONS:
        for figure, unit in (("rate", "req/s"), ("p50", "ms"), ("p99", "ms")):
            peers = {name: median(name, connections, figure) for name in names}
            results.append(
                Measurement(f"{kind} {figure} at {connections}", median(OURS, connections, figure), unit, peers=peers)
            )
    best = {c: max(median(name, c, "rate") for name in BATCHING_PEERS) for c in CONNECTIONS}
    ratio = {c: median(OURS, c, "rate") / best[c] for c in CONNECTIONS}
    results += [
        Measurement(f"{kind} rate at 32 over the best batching peer", ratio[32], "x", 10, "min"),
        Measurement(f"{kind} rate at 1 over the best batching peer", ratio[1], "x", 1.5, "min"),
        Measurement(
            f"{kind} p99 at 32 over the best batching peer's",
            median(OURS, 32, "p99") / min(median(name, 32, "p99") for name in BATCHING_PEERS), "x", 1.0,
        ),
        Measurement(f"{kind} memory", memory[OURS], "MB", peers={name: memory[name] for name in names}),
        Measurement(
            f"{kind} failed requests", sum(run.failed for c in CONNECTIONS for run in loads[OURS, c]), "requests", 0,
            peers={name: sum(run.failed for c in CONNECTIONS for run in loads[name, c]) for name in names},
        ),
    ]  # fmt: skip
    return results


def main() -> bool:
    """Run it; True when every budget holds."""
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: apt-get install wrk util-linux")
    WORK.mkdir(parents=True, exist_ok=True)
    kinds = ("linear", "tree")
    for kind in kinds:
        save_model(kind)
    results = []
    for kind in kinds:
        results += judge(kind, *measure(kind))
    write("serving", results)
    return all(result.ok is not False for result in results)
