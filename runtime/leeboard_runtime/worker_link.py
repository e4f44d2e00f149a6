"""The front's end of the worker: starts the process, frames on its socket, its death and its return.

    starting ──ready──> ready ──exit──> waiting (back-off) ──> starting ...
        └──failed (first start)──> fatal       └── too many deaths without an answer in between ──> fatal

The worker runs in its own Python and environment, so only the standard library and what the model brings is imported
there; the package itself is put in place by path, without its neighbours in site-packages.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from leeboard_runtime import wire
from leeboard_runtime.cgroup import cpu_limit
from leeboard_runtime.errors import PermanentFault, Reason, RuntimeFault, TransientFault
from leeboard_runtime.signature import Description

log = logging.getLogger("leeboard.worker")

SOCKET_BUFFER_BYTES = 1 << 20
REAP_SECONDS = 0.1
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
BOOTSTRAP = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("leeboard_runtime", {init!r}, submodule_search_locations=[{package!r}])
module = importlib.util.module_from_spec(spec)
sys.modules["leeboard_runtime"] = module
spec.loader.exec_module(module)
from leeboard_runtime.worker import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How to start a worker, and how often to start it again."""

    python: str
    model: Path
    lean: bool
    predict_fn: str
    restarts: int
    back_off_seconds: float
    back_off_limit_seconds: float


@dataclass(frozen=True, slots=True)
class WorkerEvents:
    """Whom to tell."""

    ready: Callable[[Description], None]
    answered: Callable[[dict[str, Any], memoryview], None]
    lost: Callable[[str], None]
    fatal: Callable[[RuntimeFault], None]


class WorkerLink(asyncio.Protocol):
    """One worker at a time."""

    def __init__(self, options: WorkerOptions, events: WorkerEvents) -> None:
        self._options = options
        self._events = events
        self._transport: asyncio.Transport | None = None
        self._reader = wire.FrameReader()
        self._loop = asyncio.get_running_loop()
        self._deaths = 0
        self._stopping = False
        self._starting: asyncio.Task[None] | None = None
        self.restarts = 0
        self.pid = 0

    async def start(self) -> None:
        """Start the process and connect to it; its `ready` comes later."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220 - a fork of a small process; reaped by `watch`, not by asyncio
                self._command(theirs.fileno()), pass_fds=(theirs.fileno(),), env=_environment(os.environ)
            )
        self.pid = process.pid
        process.returncode = 0  # the front reaps every child itself, as process 1 must
        self._reader = wire.FrameReader()
        await self._loop.create_connection(lambda: self, sock=ours)

    def send(self, frame: bytes) -> None:
        """Hand one batch to the worker."""
        if self._transport is not None:
            self._transport.write(frame)

    def kill(self) -> None:
        """End a worker that hangs; its death is handled like any other."""
        if self.pid:
            log.error("worker hangs and is killed pid=%d", self.pid)
            os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the worker for good, the server exits."""
        self._stopping = True
        if self._starting is not None:
            self._starting.cancel()
        if self._transport is not None:
            self._transport.close()
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)

    async def watch(self) -> None:
        """Notice ends of children, for ever; run it as a task. By looking, as uvloop keeps SIGCHLD to itself."""
        while True:
            self._reap()
            await asyncio.sleep(REAP_SECONDS)

    def _reap(self) -> None:
        """Collect every child that has ended, the worker's orphans among them when this is process 1."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.pid = 0
                self._died(os.waitstatus_to_exitcode(status))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket pair is on the loop."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Bytes from the worker."""
        for frame in self._reader.feed(data):
            header = orjson.loads(frame.header)
            if "ready" in header:
                self._events.ready(Description.from_json(header["ready"]))
            elif "failed" in header:
                self._failed(header["failed"])
            else:
                self._deaths = 0
                self._events.answered(header, frame.body)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The worker's end is closed; its exit status follows when it is reaped."""
        self._transport = None

    def _failed(self, fault: Mapping[str, str]) -> None:
        self._stopping = True
        self._events.fatal(PermanentFault(Reason(fault["reason"]), fault["message"]))

    def _died(self, code: int) -> None:
        if self._stopping:
            return
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._deaths += 1
        log.error("worker died how=%s deaths_in_a_row=%d", how.replace(" ", "_"), self._deaths)
        self._events.lost(f"the model's process ended ({how})")
        if self._deaths > self._options.restarts:
            message = (
                f"the model's process ended {self._deaths} times without an answer, at last with {how}; "
                "look at the memory limit and at the container's log"
            )
            self._events.fatal(TransientFault(Reason.WORKER_CRASHED, message))
            return
        self._starting = self._loop.create_task(self._restart())

    async def _restart(self) -> None:
        delay = self._options.back_off_seconds * 2 ** (self._deaths - 1)
        await asyncio.sleep(min(delay, self._options.back_off_limit_seconds))
        self.restarts += 1
        await self.start()

    def _command(self, descriptor: int) -> Sequence[str]:
        package = Path(__file__).parent
        code = BOOTSTRAP.format(init=str(package / "__init__.py"), package=str(package))
        arguments = {
            "descriptor": descriptor,
            "model": str(self._options.model),
            "lean": self._options.lean,
            "predict_fn": self._options.predict_fn,
        }
        return (self._options.python, "-c", code, json.dumps(arguments))


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    environment = dict(inherited)
    environment.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    environment.setdefault("PYTHONUNBUFFERED", "1")
    limit = cpu_limit()
    if limit is not None:
        for variable in THREAD_VARIABLES:
            environment.setdefault(variable, str(limit))
    return environment
