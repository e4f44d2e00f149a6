"""What counting costs: CPU of a request beside `observe()` of prometheus_client, and throughput with and without.

Everything is paired and interleaved in one run: blocks of the same number of requests take turns, and medians over
rounds are told. CPU, not wall time, so that neighbours on the machine take part in nothing but the caches. For the
throughput two real servers of one model (20 features, logistic regression), with and without, take turns on core 0,
asked by wrk on core 1; requests a CPU second are those of the server's whole process tree.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import mlflow.models
import mlflow.sklearn
import numpy as np
import pandas as pd
from prometheus_client import CollectorRegistry, Histogram
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from leeboard_runtime.digest import measure
from leeboard_runtime.monitor import HELD_ROWS
from leeboard_runtime.monitoring_setup import MonitoringOptions, monitoring_of
from leeboard_runtime.packed import EVERYTHING, Packed
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.signature import Column, Description
from tests.bench.processes import cpu_nanoseconds, running, wait_until_answers
from tests.bench.record import FOLDER, Measurement, write

FEATURES = 20
REFERENCE_ROWS = 5000
WORK = FOLDER / "counters"
ROUNDS = 60
BLOCK = 2 * HELD_ROWS  # so that in every block twice as many rows are counted together
DIFFERENT = 64
LOADS = 20
LOAD_SECONDS = 1
CONNECTIONS = (1, 8, 32)
PORTS = {"with": 18180, "without": 18190}
CPU_BUDGET_MICROSECONDS = 10.0
THROUGHPUT_BUDGET = 0.97


class Pair(NamedTuple):
    """Two loads that took turns: with counting over without, and the CPU of a request without, in microseconds."""

    of_cpu: float
    of_wall: float
    request: float


@dataclass(frozen=True, slots=True)
class Model:
    """A saved model, one row that it takes, and how a server is told to count."""

    folder: Path
    row: dict[str, float]
    options: MonitoringOptions

    @property
    def arguments(self) -> list[str]:
        """The options of a server that counts."""
        return [
            *("--profile", str(self.options.profile), "--token-keys", str(self.options.token_keys)),
            *("--feedback-credential", str(self.options.feedback_credential)),
        ]


def save_model() -> Model:
    """A logistic regression, the profile that the product builds of it, keys and a credential."""
    data, target = make_classification(REFERENCE_ROWS, FEATURES, random_state=0)
    rows = pd.DataFrame(data, columns=[f"x{index}" for index in range(FEATURES)])
    folder = WORK / "model"
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "keys").mkdir(parents=True)
    (WORK / "keys" / "2026-01-01").write_text("01" * 16)
    (WORK / "credential").write_text("a credential of the benchmark")
    estimator = LogisticRegression(max_iter=500).fit(rows, target)
    signature = mlflow.models.infer_signature(rows, estimator.predict_proba(rows))
    mlflow.sklearn.save_model(
        estimator, folder, signature=signature, input_example=rows.head(8), pyfunc_predict_fn="predict_proba"
    )
    rows.to_csv(WORK / "reference.csv", index=False)
    command = [
        *(sys.executable, "-m", "leeboard_runtime", "profile", "--model", str(folder), "--model-name", "bench"),
        *("--model-version", "1", "--model-digest", measure(folder).digest),
        *("--reference", str(WORK / "reference.csv"), "--source", "artifact:reference.csv"),
        *("--profile", str(WORK / "profile.json")),
    ]
    subprocess.run(command, check=True, timeout=300)
    options = MonitoringOptions(
        profile=WORK / "profile.json", token_keys=WORK / "keys", feedback_credential=WORK / "credential"
    )
    return Model(folder, {str(name): float(value) for name, value in rows.iloc[7].items()}, options)


def counting(model: Model, requests: int, rows: int, *, tokens: bool) -> Callable[[], None]:
    """What a server does beside an answer to ``requests`` of ``rows`` rows each, in one call of the model."""
    options = model.options if tokens else MonitoringOptions(profile=model.options.profile)
    found = monitoring_of(options, ("bench", "1", ""))
    if found is None:
        raise RuntimeError("there is a profile, so there must be a monitor")
    monitor = found.monitor
    columns = tuple(Column(name, "double", required=True) for name in model.row)
    monitor.describe(Description(columns, (), (), (), platform="bench", lean=True))
    random = np.random.default_rng(0)
    turns = cycle([_asked(model, random, (requests, rows)) for _ in range(DIFFERENT)])
    tensors = [OutputTensor("output-0", "FP64", [requests * rows, 2], [0.25, 0.75] * (requests * rows))]

    def once() -> None:
        told = monitor.answered(next(turns), tensors, requests * rows * FEATURES * 8)
        if len(told) != requests or (told[0] is None) == tokens:
            raise RuntimeError("the monitor does not do what is measured")

    return once


def _asked(model: Model, random: np.random.Generator, size: tuple[int, int]) -> list[Packed]:
    """So many requests of so many rows, as they are packed, different ones: the same again would cost less."""
    requests, rows = size
    usual = np.array(list(model.row.values()))
    scattered = usual[:, None] + random.normal(size=(requests, FEATURES, rows))
    return [Packed(rows, EVERYTHING, [one.tobytes()]) for one in scattered]


def observing(model: Model) -> Callable[[], None]:
    """The peer: a histogram of prometheus_client for each feature and the score, in the same buckets."""
    profile = json.loads((WORK / "profile.json").read_bytes())
    registry = CollectorRegistry()
    edges = [channel["edges"] for channel in profile["channels"] if channel["edges"]]
    histograms = [
        Histogram(f"feature_{index}", "A feature.", buckets=[*found, float("inf")], registry=registry)
        for index, found in enumerate(edges)
    ]
    values = [*model.row.values(), 0.75]

    def once() -> None:
        for histogram, value in zip(histograms, values, strict=True):
            histogram.observe(value)

    return once


def cpu_of_requests(model: Model) -> dict[str, float]:
    """CPU of a row in microseconds, by what is done: medians over interleaved rounds."""
    calls = {
        "one request": (counting(model, 1, 1, tokens=True), 1),
        "one request, no token": (counting(model, 1, 1, tokens=False), 1),
        "16 requests": (counting(model, 16, 1, tokens=True), 16),
        "a request of 32 rows": (counting(model, 1, 32, tokens=True), 32),
        "observe": (observing(model), 1),
    }
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, (call, rows) in calls.items():
            before = time.process_time()
            for _ in range(BLOCK // rows):
                call()
            found[name].append((time.process_time() - before) / BLOCK * 1e6)
    return {name: statistics.median(values) for name, values in found.items()}


def serving(model: Model, name: str) -> list[str]:
    """The command of a server that counts (``with``) or does not."""
    return [
        *(sys.executable, "-m", "leeboard_runtime", "serve", "--model", str(model.folder), "--name", "bench"),
        *("--version", "1", "--port", str(PORTS[name]), "--metrics-port", str(PORTS[name] + 1)),
        *("--batching", "true", "--lean", "true"),
        *(model.arguments if name == "with" else []),
    ]


def load(name: str, connections: int) -> int:
    """One bounded run of wrk; how many requests were answered. Raises RuntimeError when one was not answered 200."""
    command = [
        *("taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{LOAD_SECONDS}s", "--timeout", "30s"),
        *("-s", str(WORK / "ask.lua"), f"http://127.0.0.1:{PORTS[name]}/v2/models/bench/infer"),
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LOAD_SECONDS + 60).stdout
    answered, failed = output.rsplit("RESULT ", 1)[1].split()
    if int(failed):
        raise RuntimeError(f"{failed} requests were not answered 200: {output}")
    return int(answered)


def write_script(model: Model) -> None:
    """What wrk asks: one row, every column by its name."""
    inputs = [{"name": name, "shape": [1], "datatype": "FP64", "data": [value]} for name, value in model.row.items()]
    (WORK / "ask.lua").write_text(
        f"wrk.method = 'POST'\nwrk.body = [==[{json.dumps({'inputs': inputs}, separators=(',', ':'))}]==]\n"
        "wrk.headers['Content-Type'] = 'application/json'\n"
        "done = function(summary, latency, requests)\n"
        "  local e = summary.errors local bad = e.status + e.connect + e.read + e.write + e.timeout\n"
        "  io.write(string.format('RESULT %d %d\\n', summary.requests, bad))\nend\n"
    )


def throughput_ratios(model: Model) -> dict[int, Pair]:
    """By connections the medians over all pairs of loads."""
    write_script(model)
    found, processes = dict[int, Pair](), dict[str, int]()
    with ExitStack() as stack:
        for name, port in PORTS.items():
            log = WORK / f"{name}.log"
            process = stack.enter_context(running(serving(model, name), log=log, core=0))
            wait_until_answers(f"http://127.0.0.1:{port}/v2/health/ready", process=process, log=log)
            processes[name] = process.pid
            load(name, 8)
        for connections in CONNECTIONS:
            pairs = [_pair(processes, connections, first=tuple(PORTS)[turn % 2]) for turn in range(LOADS)]
            found[connections] = Pair(*map(statistics.median, zip(*pairs, strict=True)))
    return found


def _pair(processes: dict[str, int], connections: int, *, first: str) -> Pair:
    """Two loads, one after the other."""
    requests, cpu = {}, {}
    for name in (first, *(other for other in PORTS if other != first)):
        before = cpu_nanoseconds(processes[name])
        requests[name] = load(name, connections)
        cpu[name] = cpu_nanoseconds(processes[name]) - before
    rate = {name: requests[name] / cpu[name] for name in PORTS}
    of_wall = requests["with"] / requests["without"]
    return Pair(rate["with"] / rate["without"], of_wall, 1e-3 / rate["without"])


def main() -> bool:
    """Run it; True when every budget holds."""
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: apt-get install wrk util-linux")
    model = save_model()
    cpu = cpu_of_requests(model)
    peers = {"prometheus_client observe": cpu["observe"]}
    results = [
        Measurement("request of 20 features, token included", cpu["one request"], "us CPU",
                    CPU_BUDGET_MICROSECONDS, peers=peers),
        Measurement("request of 20 features, no token", cpu["one request, no token"], "us CPU", peers=peers),
        Measurement("request of 16 in a batch, token included", cpu["16 requests"], "us CPU", peers=peers),
        Measurement("row of 32 in a request, token included", cpu["a request of 32 rows"], "us CPU", peers=peers),
        Measurement("counting over observe()", cpu["one request, no token"] / cpu["observe"], "x"),
    ]  # fmt: skip
    for connections, pair in throughput_ratios(model).items():
        results += [
            Measurement(f"request without counting, {connections} connections", pair.request, "us CPU"),
            Measurement(f"requests a CPU second over without, {connections} connections", pair.of_cpu, "x",
                        THROUGHPUT_BUDGET, "min"),
            Measurement(f"requests a second over without, {connections} connections", pair.of_wall, "x"),
        ]  # fmt: skip
    write("counters", results)
    return all(result.ok is not False for result in results)
