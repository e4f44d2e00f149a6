"""The control group that all pods live under: made before the kubelet starts, emptied and removed at the end.

Works on cgroup v1 (also the hybrid of both, where controllers are v1) and on v2.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.cluster.errors import ClusterError
from tests.cluster.processes import Process

MOUNT: Final = Path("/sys/fs/cgroup")
NAME: Final = "leeboard"
V2_CONTROLLERS: Final = ("cpu", "cpuset", "io", "memory", "pids")


def is_v2() -> bool:
    """Tell whether the machine has only cgroup v2."""
    return (MOUNT / "cgroup.controllers").exists()


def driver() -> str:
    """Return the driver that fits: systemd where it manages a v2 tree, else cgroupfs."""
    return "systemd" if is_v2() and Path("/run/systemd/system").exists() else "cgroupfs"


def root() -> str:
    """Return the kubelet's cgroup root; systemd keeps pods in its own slice."""
    return "/" if driver() == "systemd" else f"/{NAME}"


def prepare() -> None:
    """Create our control group in every hierarchy."""
    if driver() == "systemd":
        return
    if is_v2():
        _delegate(MOUNT)
    for hierarchy in _hierarchies():
        group = hierarchy / NAME
        group.mkdir(exist_ok=True)
        for inherited in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / inherited).exists() and not (group / inherited).read_text().strip():
                (group / inherited).write_text((hierarchy / inherited).read_text())
    if is_v2():
        _delegate(MOUNT / NAME)


def clear() -> None:
    """End every process in our control group and remove the group."""
    for group in groups():
        _end_members(group)
    for group in groups():
        for child in sorted(_below(group), key=lambda path: len(path.parts), reverse=True):
            _remove(child)


def groups() -> list[Path]:
    """Return our control group's folders that exist."""
    names = ("kubepods.slice",) if driver() == "systemd" else (NAME,)
    return [hierarchy / name for hierarchy in _hierarchies() for name in names if (hierarchy / name).is_dir()]


def _hierarchies() -> list[Path]:
    if is_v2():
        return [MOUNT]
    if not MOUNT.is_dir():
        raise ClusterError(f"{MOUNT} is not mounted: containers need control groups")
    return [path for path in MOUNT.iterdir() if (path / "cgroup.procs").exists() and not path.is_symlink()]


def _delegate(group: Path) -> None:
    """Let children of a v2 group use its controllers, moving processes out of the way as a container's root needs."""
    available = (group / "cgroup.controllers").read_text().split()
    wanted = " ".join(f"+{name}" for name in V2_CONTROLLERS if name in available)
    try:
        (group / "cgroup.subtree_control").write_text(wanted)
    except OSError:
        aside = group / "leeboard-outside"
        aside.mkdir(exist_ok=True)
        for pid in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):
                (aside / "cgroup.procs").write_text(pid)
        (group / "cgroup.subtree_control").write_text(wanted)


def _end_members(group: Path) -> None:
    for _ in range(50):
        members = [process for path in _below(group) for process in _members(path)]
        if not members:
            return
        for process in members:
            process.stop(grace_seconds=0)
        time.sleep(0.02)


def _members(group: Path) -> Iterator[Process]:
    with contextlib.suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            process = Process.of(int(pid))
            if process is not None:
                yield process


def _below(group: Path) -> list[Path]:
    return [Path(path) for path, _, _ in os.walk(group)]


def _remove(group: Path) -> None:
    for _ in range(100):
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise ClusterError(f"the control group {group} cannot be removed")
