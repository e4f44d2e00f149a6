"""Many short lives of the operator: one process that has imported everything already forks each of them.

    with Nursery(kubeconfig) as nursery:
        life = nursery.start({"CRASH_AFTER": "3", ...}, log=Path("life.log"))
        life.is_over()

As a program it is that process: a JSON line in, with ``environment`` and ``log``, the child's number out. It ends with
its input, and the kernel ends its children with it: nothing stays when the tests are killed.
"""

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[3]
OPERATOR = "tests.integration.crash.mortal_operator"
STOP_SECONDS = 25.0
PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when its parent ends."""


@dataclass(frozen=True, slots=True)
class Life:
    """One operator process."""

    pid: int
    handle: int
    log: Path

    def is_over(self, *, seconds: float = 0) -> bool:
        """Whether the process is gone, or is so within ``seconds``."""
        return bool(select.select([self.handle], [], [], seconds)[0])

    def stop(self) -> None:
        """SIGTERM, as the kubelet sends it; SIGKILL when that does not help."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_over():
                signal.pidfd_send_signal(self.handle, number)
                self.is_over(seconds=STOP_SECONDS)
        os.close(self.handle)


class Nursery:
    """A context manager around the process that forks."""

    def __init__(self, kubeconfig: Path) -> None:
        self._kubeconfig = kubeconfig  # libraries read its place when they are imported
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEEBOARD_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env=environment | {"PYTHONPATH": f"{ROOT}/operator:{ROOT}", "KUBECONFIG": str(self._kubeconfig)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(BrokenPipeError), self._process:
            pass  # its input is closed, which is its end

    @property
    def pid(self) -> int:
        """The number of the process that forks."""
        return self._process.pid

    def start(self, environment: Mapping[str, str], *, log: Path) -> Life:
        """Fork one operator with these settings."""
        order = json.dumps({"environment": dict(environment), "log": str(log)})
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(f"{order}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise RuntimeError(f"the process that forks operators ended with {self._process.wait()}")
            pid = int(answer)
            return Life(pid, os.pidfd_open(pid), log)


def fork_for_ever() -> None:
    """Fork a child for each line; one that ended is reaped with the next line, until then its number stays its own."""
    module = importlib.import_module(OPERATOR)
    warm_up()
    parent = os.getpid()
    for line in sys.stdin:
        reap()
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            end_with(parent)
            os.environ.update(order["environment"])
            output = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (1, 2):
                os.dup2(output, stream)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            module.main()
        print(pid, flush=True)


def warm_up() -> None:
    """Import what the operator imports late, with the environment that it sets before."""
    calls = importlib.import_module("leeboard.adapters.mlflow.calls")
    metrics = importlib.import_module("leeboard.metrics")
    calls.Calls("http://127.0.0.1:1", metrics.Metrics(), steady=lambda: 0.0)._client_of_process()


def end_with(parent: int) -> None:
    """Have this process killed when its parent ends; the parent may have ended before it could be said."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def reap() -> None:
    """Collect children that have ended."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


if __name__ == "__main__":
    fork_for_ever()
