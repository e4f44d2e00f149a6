"""Daemons: started in sessions of their own, known by pid and start time, stopped by pid only.

A pid file holds the process's start time and the machine's boot id beside the pid, so that a pid which the kernel has
given to somebody else is never signalled.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.errors import ClusterError

LOG_LIMIT_BYTES = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A long-running program: what to run, and the files whose change calls for a restart."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Path, ...] = ()

    def digest(self) -> str:
        """Return a key of everything that the running process was started from."""
        content = hashlib.sha256(json.dumps([self.argv, dict(self.env)]).encode())
        for path in self.inputs:
            content.update(path.read_bytes())
        return content.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Process:
    """A process that existed when it was recorded; ``alive`` tells whether the same one still does."""

    pid: int
    start_ticks: int
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """Record a living process, or None when there is none with this pid."""
        ticks = _start_ticks(pid)
        return None if ticks is None else cls(pid, ticks, boot_id())

    def alive(self) -> bool:
        """Tell whether this very process still runs (a zombie does not)."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return self.boot_id == boot_id() and _start_ticks(self.pid) == self.start_ticks

    def stop(self, *, grace_seconds: float = 5) -> None:
        """Ask the process to end, and end it after ``grace_seconds``."""
        self._signal(signal.SIGTERM)
        if not self._ended_within(grace_seconds):
            self._signal(signal.SIGKILL)
            self._ended_within(10)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@dataclass(frozen=True, slots=True)
class ProcessTable:
    """The daemons of one state folder."""

    pids: Path
    logs: Path

    def start(self, daemon: Daemon) -> bool:
        """Start a daemon unless it already runs from the same inputs; tell whether it was started.

        One that runs from other inputs is stopped first.
        """
        running, digest = self._recorded(daemon.name)
        if running is not None and running.alive():
            if digest == daemon.digest():
                return False
            running.stop()
        self.pids.mkdir(parents=True, exist_ok=True)
        process = Process.of(self._spawn(daemon))
        if process is None:
            raise ClusterError(f"{daemon.name} ended as soon as it was started: see {self.log(daemon.name)}")
        record = {"pid": process.pid, "start_ticks": process.start_ticks, "boot_id": process.boot_id}
        partial = self.pids / f".{daemon.name}.json"
        partial.write_text(json.dumps({**record, "digest": daemon.digest(), "argv": daemon.argv}, indent=1))
        partial.replace(self._file(daemon.name))
        return True

    def running(self, name: str) -> Process | None:
        """Return the daemon's living process, or None."""
        process, _ = self._recorded(name)
        return process if process is not None and process.alive() else None

    def stop(self, name: str, *, grace_seconds: float = 5) -> None:
        """Stop a daemon if it runs, and forget it."""
        process = self.running(name)
        if process is not None:
            process.stop(grace_seconds=grace_seconds)
        self._file(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the names of all daemons that were started here and not stopped."""
        return sorted(path.stem for path in self.pids.glob("[!.]*.json"))

    def require(self, name: str) -> None:
        """Raise with the end of the log when a daemon has died."""
        if self.running(name) is None:
            raise ClusterError(f"{name} has ended; the last lines of {self.log(name)}:\n{self.log_tail(name)}")

    def log(self, name: str) -> Path:
        """Return the daemon's log file."""
        return self.logs / f"{name}.log"

    def log_tail(self, name: str, *, lines: int = 15) -> str:
        """Return the last lines of a daemon's log."""
        try:
            return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(no log)"

    def _file(self, name: str) -> Path:
        return self.pids / f"{name}.json"

    def _recorded(self, name: str) -> tuple[Process | None, str]:
        try:
            record = json.loads(self._file(name).read_text())
            return Process(record["pid"], record["start_ticks"], record["boot_id"]), record["digest"]
        except (FileNotFoundError, ValueError, KeyError):
            return None, ""

    def _spawn(self, daemon: Daemon) -> int:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.log(daemon.name)
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.unlink()
        output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            daemon.argv[0],
            daemon.argv,
            {**os.environ, **daemon.env},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), output, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGHUP),
        )


def sweep(folder: Path) -> None:
    """Stop what runs left behind that ended without leaving their with blocks: states named ``<pid>-<number>``."""
    for state in folder.glob("*-*"):
        owner = state.name.partition("-")[0]
        if owner.isdigit() and Process.of(int(owner)) is None:
            table = ProcessTable(state / "pids", state / "logs")
            for name in table.names():
                table.stop(name, grace_seconds=1)
            shutil.rmtree(state, ignore_errors=True)


def boot_id() -> str:
    """Return the identity of the machine's current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def mentioning(*words: str) -> Iterator[Process]:
    """Yield the living processes whose command line mentions one of the words, this one and its parents aside.

    The words are paths of our own state, so that only our own orphans are found.
    """
    spared = _self_and_parents()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in spared:
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        process = Process.of(int(entry.name))
        if process is not None and _is_ours(command) and any(word in command for word in words):
            yield process


def _is_ours(command: str) -> bool:
    program, _, _ = command.partition("\0")
    return Path(program).name in OUR_PROGRAMS or "\0tests.cluster.storage\0" in command


OUR_PROGRAMS = frozenset(
    {
        "containerd",
        "containerd-shim-runc-v2",
        "coredns",
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-proxy",
        "kube-scheduler",
        "kubelet",
        "runc",
    }
)
"""What an orphan of ours can be; an editor, or an operator under test that was given our kubeconfig, is none."""


def _self_and_parents() -> set[int]:
    spared: set[int] = set()
    pid = os.getpid()
    while pid > 0:
        spared.add(pid)
        try:
            pid = int(_stat_fields(pid)[1])
        except OSError:
            break
    return spared


def _start_ticks(pid: int) -> int | None:
    try:
        fields = _stat_fields(pid)
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _stat_fields(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on; the name before them may hold any character."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
