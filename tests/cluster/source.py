"""The third way: a single-node cluster from Go modules, on a machine with root and Go but no Docker."""

import hashlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import binaries, cgroups, leftovers, network, objects, ownership, packages, versions
from tests.cluster.certificates import kubeconfig, write_private
from tests.cluster.command import run, succeeds
from tests.cluster.containerd import Containerd
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError
from tests.cluster.node import CONTAINERD_SOCKET, KUBELET_ROOT, Node
from tests.cluster.paths import Layout
from tests.cluster.processes import Daemon, ProcessTable
from tests.cluster.progress import say, step
from tests.cluster.scratch_image import load, pause_image
from tests.cluster.waiting import until

PORTS = (versions.API_PORT, versions.ETCD_PORT, versions.ETCD_PEER_PORT, 10250, 10256, 10257, 10259)
READY_SECONDS = 90.0
STATE_REVISION = 1
"""Raised when state written by an older revision of this package cannot be reused."""


@dataclass(frozen=True, slots=True)
class SourceCluster:
    """The cluster from Go modules of one checkout."""

    layout: Layout

    def up(self) -> None:
        """Bring the cluster up, from whatever state the machine is in."""
        require_possible()
        with binaries.lock("cluster"):
            built = binaries.ensure()
            cni = packages.ensure_node_programs()
            reused = self._make_room(built)
            try:
                self._start(built, cni)
            except ClusterError as error:
                if not reused:
                    raise
                say(f"the cluster that was there cannot be revived, starting afresh: {error}")
                self._clean(self.layout.state)
                self._start(built, cni)

    def down(self) -> None:
        """Take the cluster off the machine and say so if anything stays; another checkout's cluster is left alone."""
        _require_root()
        owner = ownership.current()
        if owner is not None and owner.state != str(self.layout.state) and not self.layout.pids.exists():
            say(f"nothing of this checkout runs; the cluster on this machine belongs to {owner.state}")
            return
        with binaries.lock("cluster"):
            self._clean(self.layout.state)
            left = leftovers.remaining(self.layout.state)
        if left:
            raise ClusterError("left on this machine: " + "; ".join(left))

    def table(self) -> ProcessTable:
        """Return this cluster's daemons."""
        return ProcessTable(self.layout.pids, self.layout.logs)

    def _make_room(self, built: Path) -> bool:
        """Clean what an unclean end or another checkout left; tell whether this checkout's state is reused."""
        owner, wanted = ownership.current(), ownership.Owner.of(self.layout.state, _key(built))
        if owner == wanted and self.layout.pki.is_dir():
            return True
        if owner is not None and owner.state != wanted.state:
            say(f"taking over from the cluster of another checkout, in {owner.state}")
            self._clean(Path(owner.state))
        if owner is not None or self.layout.pids.exists() or leftovers.remaining(self.layout.state):
            self._clean(self.layout.state)
        _require_free_ports()
        ownership.record(wanted)
        return False

    def _start(self, built: Path, cni: Path) -> None:
        plane = self._plane(built)
        node = Node(self.layout, plane, cni)
        with step("starting the control plane"):
            network.prepare(ownership.REMEMBERED_SYSCTLS)
            cgroups.prepare()
            plane.prepare()
            node.prepare()
            ensure_bind_mount(self.layout.state / "kubelet", KUBELET_ROOT)
            self._start_daemons(plane.etcd(), plane.api_server(), node.containerd())
            self._wait_for_api(plane)
            self._start_daemons(plane.controller_manager(), plane.scheduler())
        with step("starting the node"):
            until(CONTAINERD_SOCKET.is_socket, "containerd listens", seconds=30)
            load(Containerd(built), pause_image(built))
            objects.apply_all(plane.client())
            self._start_daemons(node.kubelet(), node.kube_proxy(), node.coredns(), node.volumes())
            self._wait_for_node(plane)
        admin = plane.authority.issue("admin", "leeboard-admin", groups=["system:masters"])
        text = kubeconfig(plane.server, authority=plane.authority.pair.certificate, pair=admin)
        write_private(self.layout.kubeconfig, text)

    def _plane(self, built: Path) -> ControlPlane:
        return ControlPlane(
            bin=built,
            state=self.layout.state,
            api_port=versions.API_PORT,
            etcd_port=versions.ETCD_PORT,
            etcd_peer_port=versions.ETCD_PEER_PORT,
            bind_address="0.0.0.0",
            advertise_address=versions.NODE_ADDRESS,
            audit_log=self.layout.audit_log,
            kubelets=True,
        )

    def _start_daemons(self, *daemons: Daemon) -> None:
        for daemon in daemons:
            self.table().start(daemon)

    def _wait_for_api(self, plane: ControlPlane) -> None:
        client = plane.client()

        def ready() -> bool:
            self.table().require("etcd")
            self.table().require("kube-apiserver")
            return client.healthy()

        until(ready, "the API server is ready", seconds=READY_SECONDS)

    def _wait_for_node(self, plane: ControlPlane) -> None:
        client = plane.client()

        def ready() -> bool:
            for name in ("containerd", "kubelet", "kube-proxy", "coredns", "volume-provisioner"):
                self.table().require(name)
            answers = all(client.healthy(path) for path in _READY_PATHS)
            return answers and _is_ready(client.get(f"/api/v1/nodes/{versions.NODE_NAME}"))

        until(ready, "the node is ready", seconds=READY_SECONDS)
        until(lambda: _listens(versions.NODE_ADDRESS, versions.DNS_PORT), "DNS answers", seconds=30)

    def _clean(self, state: Path) -> None:
        with step(f"cleaning up {state}"):
            leftovers.clean(state)


_READY_PATHS = (
    f"/api/v1/nodes/{versions.NODE_NAME}",
    f"/api/v1/nodes/{versions.NODE_NAME}/proxy/healthz",
    "/api/v1/namespaces/default/serviceaccounts/default",
)


def require_possible() -> None:
    """Raise, naming what is missing, when this machine cannot run a cluster from source."""
    _require_root()
    if os.uname().sysname != "Linux":
        raise ClusterError("a cluster from source needs Linux; use kind with Docker, or set LEEBOARD_KUBECONFIG")
    binaries.go_version()
    if "overlay" not in Path("/proc/filesystems").read_text() and not succeeds(["modprobe", "overlay"]):
        raise ClusterError("this kernel has no overlay file system, which containerd needs")


def ensure_bind_mount(source: Path, target: Path) -> None:
    """Mount a folder at a second, shorter place, once."""
    source.mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    if f"{target}/" not in [f"{place}/" for place in leftovers.mounts_below(target.parent)]:
        run(["mount", "--bind", source, target])
        run(["mount", "--make-private", target])
        run(["mount", "--make-shared", target])


def _require_root() -> None:
    if os.geteuid() != 0:
        raise ClusterError("a cluster from source needs root: use sudo, kind with Docker, or set LEEBOARD_KUBECONFIG")


def _require_free_ports() -> None:
    taken = [port for port in PORTS if _listens("127.0.0.1", port)]
    if taken:
        raise ClusterError(f"other programs listen on the ports {taken} that the cluster needs: stop them first")


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _key(built: Path) -> str:
    return hashlib.sha256(f"{built} {STATE_REVISION}".encode()).hexdigest()[:16]


def status(cluster: SourceCluster) -> dict[str, str]:
    """Return each daemon's state in words."""
    table = cluster.table()
    return {
        name: f"running, pid {process.pid}" if (process := table.running(name)) else "stopped"
        for name in leftovers.STOP_ORDER
    }
