"""TrainingJobs to Jobs on a real API server and a real MLflow server: the operator's CPU, memory, writes and wall time.

The Job controller runs, as in a cluster; there is no scheduler and no node. All TrainingJobs exist before the
operator starts, so that the clock measures the operator and nobody else. The peer figure is MLflow alone: the same
number of runs opened with the same client by as many threads as the operator has for MLflow. Then the operator is
started again: it must catch up without a single write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlflow.tracking import MlflowClient

from tests.bench.processes import cpu_seconds, resident_memory, running, wait_until_answers
from tests.bench.record import FOLDER, ROOT, Measurement, write
from tests.cluster.api import ApiServer

JOBS = int(os.environ.get("LEEBOARD_BENCH_JOBS", "1000"))
NAMESPACE = "bench"
MLFLOW_PORT, PROBE_PORT, METRICS_PORT = 18190, 18191, 18192
MLFLOW_THREADS = 8
QUIET_SECONDS = 30
DEADLINE_SECONDS = 540
OPERATOR = "leeboard-bench-operator"


def training_job(number: int) -> dict[str, object]:
    """One small TrainingJob."""
    container = {"name": "train", "image": "example.com/train:1", "command": ["python3", "train.py"]}
    return {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": f"job-{number:05d}", "namespace": NAMESPACE},
        "spec": {
            "model": "bench",
            "parameters": {"seed": str(number)},
            "template": {"spec": {"containers": [container]}},
        },
    }


def create_training_jobs(server: ApiServer) -> None:
    """Put the CRDs, the namespace and all TrainingJobs there."""
    kubectl = [str(server.bin / "kubectl"), "--kubeconfig", str(server.kubeconfig)]
    subprocess.run(
        [*kubectl, "apply", "--server-side", "-f", str(ROOT / "crds")], check=True, stdout=subprocess.DEVNULL
    )
    wait = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]
    subprocess.run([*kubectl, *wait], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*kubectl, "create", "namespace", NAMESPACE], check=True, stdout=subprocess.DEVNULL)
    manifest = {"apiVersion": "v1", "kind": "List", "items": [training_job(number) for number in range(JOBS)]}
    subprocess.run(
        [*kubectl, "create", "-f", "-"], input=json.dumps(manifest).encode(), check=True, stdout=subprocess.DEVNULL
    )


def count(server: ApiServer, resource: str) -> int:
    """How many objects of a resource the namespace holds."""
    command = [
        str(server.bin / "kubectl"), "--kubeconfig", str(server.kubeconfig), "-n", NAMESPACE, "get", resource,
        "--no-headers", "-o", "name",
    ]  # fmt: skip
    return len(subprocess.run(command, check=True, capture_output=True).stdout.splitlines())


def writes(audit_log: Path) -> Counter[str]:
    """The operator's completed mutating requests by ``verb resource[/subresource]``, leases left out."""
    seen: Counter[str] = Counter()
    for line in audit_log.read_text().splitlines():
        event = json.loads(line)
        target = event.get("objectRef", {})
        if event["user"]["username"] == OPERATOR and event["stage"] == "ResponseComplete":
            subresource = f"/{target['subresource']}" if "subresource" in target else ""
            seen[f"{event['verb']} {target.get('resource')}{subresource}"] += target.get("resource") != "leases"
    return +seen


def mlflow_alone(uri: str) -> float:
    """Seconds that MLflow needs to open as many runs with tags and a parameter, by as many threads."""
    client = MlflowClient(uri)
    experiment = client.create_experiment("alone")

    def open_run(number: int) -> None:
        run = client.create_run(experiment, tags={"leeboard.uid": str(number), "leeboard.attempt": "1"}, run_name="x")
        client.log_param(run.info.run_id, "seed", str(number))

    start = time.monotonic()
    with ThreadPoolExecutor(MLFLOW_THREADS) as pool:
        list(pool.map(open_run, range(JOBS)))
    return time.monotonic() - start


def operator_environment(server: ApiServer, uri: str) -> dict[str, str]:
    """The settings of an operator outside the cluster."""
    return {
        "KUBECONFIG": str(server.kubeconfig_for(OPERATOR, "system:masters")),
        "LEEBOARD_NAMESPACE": "default",
        "LEEBOARD_POD_NAME": "bench",
        "LEEBOARD_TRACKING_URI": uri,
        "LEEBOARD_RUNTIME_IMAGE": "example.com/runtime:1",
        "LEEBOARD_PROBE_PORT": str(PROBE_PORT),
        "LEEBOARD_METRICS_PORT": str(METRICS_PORT),
        "LEEBOARD_LOG_LEVEL": "WARNING",
    }


def until_quiet(server: ApiServer, audit_log: Path, pid: int) -> tuple[float, float]:
    """Wait until every Job is there and the writes stand still; returns wall and CPU seconds at the last Job."""
    start = time.monotonic()
    while count(server, "jobs") < JOBS:
        if time.monotonic() - start > DEADLINE_SECONDS:
            raise RuntimeError(f"only {count(server, 'jobs')} of {JOBS} Jobs after {DEADLINE_SECONDS} s")
        time.sleep(0.5)
    wall = time.monotonic() - start
    before = -1
    while before != (before := sum(writes(audit_log).values())):
        time.sleep(5)
    return wall, cpu_seconds(pid)


def run_operator(server: ApiServer, uri: str, *, audit_log: Path, log: Path) -> dict[str, float]:
    """One operator from start until quiet: wall, CPU, memory, writes."""
    command = [sys.executable, "-m", "leeboard", "run"]
    already = sum(writes(audit_log).values())
    with running(command, log=log, environment=operator_environment(server, uri)) as process:
        wait_until_answers(f"http://127.0.0.1:{PROBE_PORT}/readyz", process=process, log=log)
        wall, cpu = until_quiet(server, audit_log, process.pid)
        figures = {"wall": wall, "cpu": cpu, "rss": resident_memory(process.pid)}
        idle = cpu_seconds(process.pid)
        time.sleep(QUIET_SECONDS)
        figures["idle"] = (cpu_seconds(process.pid) - idle) / QUIET_SECONDS * 100
    return figures | {"writes": float(sum(writes(audit_log).values()) - already)}


def main() -> bool:
    """Run it; True when every budget holds. The budgets are those for 5,000, taken in proportion."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    share = JOBS / 5000
    with tempfile.TemporaryDirectory() as folder:
        audit_log = Path(folder) / "audit.log"
        log = FOLDER / "mlflow.log"
        uri = f"http://127.0.0.1:{MLFLOW_PORT}"
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(MLFLOW_PORT),
            "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination", f"{folder}/artifacts",
        ]  # fmt: skip
        with ApiServer(controllers=True, audit_log=audit_log) as server, running(command, log=log) as mlflow:
            wait_until_answers(f"{uri}/health", process=mlflow, log=log)
            create_training_jobs(server)
            alone = mlflow_alone(uri)
            first = run_operator(server, uri, audit_log=audit_log, log=FOLDER / "operator.log")
            by_verb = writes(audit_log)
            again = run_operator(server, uri, audit_log=audit_log, log=FOLDER / "operator-again.log")
    print(dict(by_verb))
    results = [
        Measurement(f"operator CPU, {JOBS} TrainingJobs to Jobs", first["cpu"], "s", 30 * share),
        Measurement("operator RSS", first["rss"], "MB", 300),
        Measurement("Kubernetes writes for each TrainingJob", first["writes"] / JOBS, "writes", 3),
        Measurement(
            "wall time over MLflow alone",
            first["wall"] / alone,
            "x",
            1.2,
            peers={"MLflow alone, s": alone, "ours, s": first["wall"]},
        ),
        Measurement("steady state", first["idle"], "% of a core", 5 * share),
        Measurement("writes after a restart", again["writes"], "writes", 0),
        Measurement("CPU of a restart until quiet", again["cpu"], "s"),
    ]
    write("reconcile", results)
    return all(result.ok is not False for result in results)
