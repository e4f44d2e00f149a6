"""Processes under measurement: pinned to a core, stopped by pid, weighed as a whole tree."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """``pid`` and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found.extend(tree(int(child)))
    return found


def proportional_memory(pid: int) -> float:
    """Proportional set size of the whole tree, in MB (1e6 bytes)."""
    total = 0
    for member in tree(pid):
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total * 1024 / 1e6


def resident_memory(pid: int) -> float:
    """Resident set size of one process, in MB (1e6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds(pid: int) -> float:
    """User and system time of the whole tree, in seconds."""
    total = 0
    for member in tree(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def cpu_nanoseconds(pid: int) -> int:
    """Time on a processor of all threads of the tree, as the scheduler counts it."""
    total = 0
    for member in tree(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total


@contextmanager
def running(
    command: Sequence[str], *, log: Path, core: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """``command`` in its own session, on one core where given; terminated, then killed, at the end."""
    pinned = [*(["taskset", "-c", str(core)] if core is not None else []), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned, stdout=output, stderr=output, start_new_session=True, env={**os.environ, **(environment or {})}
        )
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            continue


def wait_until_answers(url: str, *, process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    """Return once ``url`` answers 200; raises RuntimeError with the log's end when the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} did not answer; the log ends:\n{log.read_text(errors='replace')[-3000:]}")
