"""1,200 services of 30 features, two pods each, watched: how punctual the polls are, and what they cost.

The watcher is the operator's own, in a process of its own, with real HTTP to 2,400 listening ports. Once with windows
of a day, none of which ends meanwhile, and once with windows of a minute, all of which end every minute.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.bench.processes import cpu_seconds, resident_memory, running
from tests.bench.record import FOLDER, ROOT, Measurement, write
from tests.bench.watch_scene import FEATURES, PODS, profile_bytes

SERVICES = int(os.environ.get("LEEBOARD_BENCH_WATCHED", "1200"))
SERVERS, FIRST_PORT = 4, 19000
SECONDS = 90
START_SECONDS = 300


@contextmanager
def pods() -> Iterator[list[subprocess.Popen[str]]]:
    """The processes that answer."""
    part = SERVICES // SERVERS
    processes = []
    try:
        for server in range(SERVERS):
            first, port = server * part, FIRST_PORT + server * part * PODS
            command = [sys.executable, "-m", "tests.bench.watch_pods", str(first), str(first + part), str(port)]
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))
        for process in processes:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the pods did not begin to listen")
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def asked(processes: list[subprocess.Popen[str]]) -> dict[str, list[float]]:
    """When each pod was asked, by port."""
    found: dict[str, list[float]] = {}
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        found |= json.loads(process.stdout.readline())
    return found


def until_all_are_known(process: subprocess.Popen[bytes], log: Path) -> None:
    """Every service was polled and has its profile."""
    deadline = time.monotonic() + START_SECONDS
    while "known" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"not all services were polled; the log ends:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)


def watched(period: str) -> dict[str, float]:
    """One run."""
    ports = ",".join(str(FIRST_PORT + place) for place in range(SERVICES * PODS))
    log = FOLDER / "watch-operator.log"
    with pods() as answering:
        command = [sys.executable, "-m", "tests.bench.watch_operator", period, ports]
        with running(command, log=log) as process:
            until_all_are_known(process, log)
            start = cpu_seconds(process.pid)
            since, before = time.monotonic(), cpu_seconds(process.pid)
            time.sleep(SECONDS)
            if process.poll() is not None:
                raise RuntimeError(log.read_text()[-3000:])
            used, took = cpu_seconds(process.pid) - before, time.monotonic() - since
            memory = resident_memory(process.pid)
        times = asked(answering)
    gaps = np.concatenate([np.diff([one for one in moments if one >= since]) for moments in times.values()])
    never = SERVICES * PODS - sum(bool(moments) for moments in times.values())
    return {
        "start": start,
        "core": 100 * used / took,
        "poll": 1000 * used / (sum(one >= since for moments in times.values() for one in moments) / PODS),
        "memory": memory,
        "median": float(np.median(gaps)),
        "worst": float(gaps.max()),
        "never": float(never),
    }


def main() -> bool:
    """Run it; True when every budget holds."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    days, minutes = watched("24h"), watched("60s")
    fleet = f"{SERVICES} services x {PODS} pods x {FEATURES} features"
    results = [
        Measurement(f"{fleet}: CPU until all are known", days["start"], "s"),
        Measurement("the same for each service", 1000 * days["start"] / SERVICES, "ms"),
        Measurement("a profile with its blocks", len(profile_bytes(1)) / 1000, "kB"),
        Measurement("CPU while nothing ends", days["core"], "% of a core", 50),
        Measurement("CPU of one poll of a service", days["poll"], "ms"),
        Measurement("the same while each window ends every minute", minutes["poll"], "ms"),
        Measurement("CPU while each window ends every minute", minutes["core"], "% of a core"),
        Measurement("between two polls of a pod, median", days["median"], "s", 16.5),
        Measurement("the same, worst", days["worst"], "s", 30),
        Measurement("the same, worst, while each window ends every minute", minutes["worst"], "s"),
        Measurement("pods that were never asked", days["never"] + minutes["never"], "pods", 0),
        Measurement("resident memory", days["memory"], "MB", 300),
    ]
    write("watch", results)
    return all(result.ok is not False for result in results)
