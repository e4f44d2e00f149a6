"""Processes of pods that stand still, or cannot be reached, as on a bad node: where the pods run on this machine."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kubectl import Kubectl, Manifest


def processes_of(pod: Manifest, word: str) -> list[int]:
    """Numbers of the pod's processes with that word, or program, in their command line; none when it runs elsewhere."""
    uid = pod["metadata"]["uid"]
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _is_of(path, uid, word)]


def _is_of(process: Path, uid: str, word: str) -> bool:
    try:
        groups, command = (process / "cgroup").read_text(), (process / "cmdline").read_text().split("\0")
    except OSError:  # it has ended meanwhile
        return False
    return (uid in groups or uid.replace("-", "_") in groups) and word in {Path(argument).name for argument in command}


@contextlib.contextmanager
def paused(kubectl: Kubectl, pod: str, word: str, *, namespace: str) -> Iterator[None]:
    """Inside, these processes of a pod stand still."""
    numbers = _found(kubectl, pod, word, namespace=namespace)
    for number in numbers:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):  # the kubelet may have restarted its container
                os.kill(number, signal.SIGCONT)


@contextlib.contextmanager
def unreachable(kubectl: Kubectl, pod: str, word: str, *, namespace: str, port: int) -> Iterator[None]:
    """Inside, packets to a port of the pod are lost, as by a wrong rule of a network; ``word`` is a program in it."""
    number, *_ = _found(kubectl, pod, word, namespace=namespace)
    rule = ["INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP"]
    # The process may end before the block does; an open file keeps the pod's network reachable by its number.
    with Path(f"/proc/{number}/ns/net").open() as network:
        inside = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{network.fileno()}", "iptables"]
        subprocess.run([*inside, "-I", *rule], check=True, capture_output=True)
        try:
            yield
        finally:
            subprocess.run([*inside, "-D", *rule], check=True, capture_output=True)


def _found(kubectl: Kubectl, pod: str, word: str, *, namespace: str) -> list[int]:
    found = kubectl.find("pod", pod, namespace=namespace)
    assert found is not None
    numbers = processes_of(found, word)
    if not numbers:
        pytest.skip("the pods of this cluster do not run on this machine: nobody can reach their processes")
    return numbers
