"""Two processes: what the front may import, and what happens when the worker ends."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.cluster.ports import free_ports
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column, command_environment, until

pytestmark = pytest.mark.integration

REPORTING = """
import sys
from leeboard_runtime.cli import main
code = main(sys.argv[1:])
print("MODULES", *sorted(sys.modules))
sys.exit(code)
"""


def worker_of(server: ModelServer) -> int:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return int(children[0])


def test_the_front_never_imports_numpy_pandas_or_mlflow(models: Path, tmp_path: Path) -> None:
    port, metrics_port = free_ports(2)
    command = [
        *(sys.executable, "-c", REPORTING, "serve", "--model", str(models / "linear"), "--host", "127.0.0.1"),
        *("--name", "car-loan", "--version", "3", "--port", str(port), "--metrics-port", str(metrics_port)),
        *("--least-drain", "0"),
    ]
    with subprocess.Popen(command, env=command_environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        server = ModelServer(process, port, metrics_port, tmp_path)  # type: ignore[arg-type]
        server.wait_until_ready()
        row = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))
        assert server.infer(*row).status_code == 200
        assert server.metric("leeboard_server_requests_total", code="2xx") == 1
        server.terminate()
        output, _ = process.communicate(timeout=30)
    modules = output.split("MODULES ")[1].split()
    assert process.returncode == 0
    assert "uvloop" in modules
    assert [name for name in modules if name.split(".")[0] in {"numpy", "pandas", "mlflow", "sklearn", "yaml"}] == []


@pytest.mark.parametrize("how", ["it is killed", "it exits in a request"])
def test_a_worker_that_ends_is_started_again_and_readiness_tells(how: str, start: StartServer) -> None:
    server = start("fragile")
    if how == "it is killed":
        os.kill(worker_of(server), signal.SIGKILL)
    else:
        lost = server.infer(column("x", "FP64", 666.0))
        assert (lost.status_code, lost.json()) == (503, {"error": "the model's process ended (exit code 3)"})
        assert lost.headers["retry-after"] == "1"
    until(lambda: server.status("/v2/health/ready") == 503, what="not ready")
    assert server.status("/v2/health/live") == 200
    server.wait_until_ready()
    assert server.infer(column("x", "FP64", 1.0)).json()["outputs"][0]["data"] == [2.0]
    assert server.metric("leeboard_server_worker_restarts_total") == 1


def test_requests_behind_the_one_that_ends_the_worker_are_503(start: StartServer) -> None:
    server = start("fragile")
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(server.infer, column("x", "FP64", 777.0))
        until(lambda: server.metric("leeboard_server_requests_in_flight"), what="a request in flight")
        behind = pool.submit(server.infer, column("x", "FP64", 1.0))
        until(lambda: server.metric("leeboard_server_queue_depth"), what="a request behind it")
        os.kill(worker_of(server), signal.SIGKILL)
        assert (slow.result().status_code, behind.result().status_code) == (503, 503)


def test_a_worker_that_always_ends_ends_the_server_with_the_reason(start: StartServer) -> None:
    server = start("fragile", "--worker-restarts", "0")
    assert server.infer(column("x", "FP64", 666.0)).status_code == 503
    assert server.ended() == 75
    assert server.message()["reason"] == "WorkerCrashed"
    assert "exit code 3" in server.message()["message"]


def test_a_worker_that_hangs_is_killed_and_started_again(start: StartServer) -> None:
    server = start("fragile", "--request-timeout", "0.4")
    assert server.infer(column("x", "FP64", 777.0)).status_code == 504
    until(lambda: server.metric("leeboard_server_worker_restarts_total") == 1, what="a restart")
    server.wait_until_ready()
    assert server.infer(column("x", "FP64", 1.0)).status_code == 200


def test_the_worker_ends_with_the_front_however_that_ends(start: StartServer) -> None:
    server = start("fragile")
    worker = worker_of(server)
    server.process.kill()
    until(lambda: not running(worker), what="the end of the worker", seconds=10)
    with pytest.raises(httpx.HTTPError):
        httpx.get(server.url)


def running(pid: int) -> bool:
    """Is there such a process that has not ended (a zombie has)?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
