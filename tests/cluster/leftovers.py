"""Taking a cluster off the machine, however it ended: processes, pods, mounts, rules, devices, files.

Nothing here trusts a record to be there: pid files are used first, then every process whose command line names our
state or run folder, then what lives in our control group.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import cgroups, network, ownership
from tests.cluster.command import run, succeeds
from tests.cluster.node import CNI_RESULTS, NETWORK
from tests.cluster.paths import RUN
from tests.cluster.processes import ProcessTable, mentioning

STOP_ORDER = (
    "volume-provisioner",
    "kubelet",
    "kube-proxy",
    "coredns",
    "kube-scheduler",
    "kube-controller-manager",
    "containerd",
    "kube-apiserver",
    "etcd",
)
KEPT_FILES = ("READY.md",)


def clean(state: Path) -> None:
    """Remove the cluster that has (or had) its state in this folder, with everything that it set on the machine."""
    _stop_processes(state)
    cgroups.clear()
    _stop_orphans(state)
    for place in mounts_below(state, RUN):
        # A shim that ends meanwhile takes its mounts along: only what is still there is a failure.
        if not succeeds(["umount", place]) and place in mounts_below(state, RUN):
            run(["umount", "-l", place])
    _remove_sockets_nobody_listens_on()
    network.restore(ownership.REMEMBERED_SYSCTLS)
    shutil.rmtree(RUN, ignore_errors=True)
    for result in CNI_RESULTS.glob(f"{NETWORK}-*"):
        result.unlink()
    for empty in (CNI_RESULTS, CNI_RESULTS.parent):
        with contextlib.suppress(OSError):
            empty.rmdir()
    _remove_state(state)
    ownership.forget()


def remaining(state: Path) -> list[str]:
    """Say in words what is left of a cluster on this machine; empty after a complete ``clean``."""
    left = [f"process {process.pid}" for process in mentioning(f"{state}/", f"{RUN}/")]
    left += [f"mount {place}" for place in mounts_below(state, RUN)]
    left += [f"control group {group}" for group in cgroups.groups()]
    left += list(network.leftovers())
    left += [str(path) for path in (RUN, ownership.REMEMBERED_SYSCTLS) if path.exists()]
    return left


def mounts_below(*folders: Path) -> list[str]:
    """Return the mount points below the folders, the deepest and latest first."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    table = Path("/proc/self/mountinfo").read_text().splitlines()
    places = [_unescaped(line.split()[4]) for line in table]
    return [place for place in reversed(places) if place.startswith(prefixes)]


def _stop_processes(state: Path) -> None:
    table = ProcessTable(state / "pids", state / "logs")
    for name in [*STOP_ORDER, *table.names()]:
        table.stop(name, grace_seconds=3)


def _stop_orphans(state: Path) -> None:
    for process in mentioning(f"{state}/", f"{RUN}/"):
        process.stop(grace_seconds=1)


def _remove_sockets_nobody_listens_on() -> None:
    """Remove what shims and the kubelet leave in folders whose places cannot be chosen."""
    listening = Path("/proc/net/unix").read_text()
    for folder in (Path("/run/containerd/s"), Path("/var/lib/kubelet/device-plugins")):
        for socket in folder.glob("*"):
            if socket.is_socket() and str(socket) not in listening:
                socket.unlink()
        for empty in (folder, folder.parent):
            with contextlib.suppress(OSError):
                empty.rmdir()


def _remove_state(state: Path) -> None:
    """Remove the state folder; notes for people stay."""
    if not state.is_dir():
        return
    for entry in state.iterdir():
        if entry.name in KEPT_FILES:
            continue
        if entry.is_dir() and not entry.is_symlink():
            _remove_tree(entry)
        else:
            entry.unlink()
    if not any(state.iterdir()):
        state.rmdir()


def _remove_tree(folder: Path) -> None:
    """Remove a folder without ever descending into another file system."""
    if any(_crossing(folder)):
        raise OSError(f"{folder} still holds a mount; nothing of it was removed")
    shutil.rmtree(folder)


def _crossing(folder: Path) -> Iterator[str]:
    yield from (place for place in mounts_below(folder) if os.path.ismount(place))


def _unescaped(text: str) -> str:
    """Undo the octal escapes of /proc/self/mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
