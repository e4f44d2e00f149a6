"""What tests, stories and the Makefile use: one Cluster, however it came to be, and bare API servers.

cluster = Cluster.here().up()
cluster.images(["operator"])
gateway = cluster.gateway()     # .namespace, .name, .address: a Gateway that carries traffic
cluster.metrics()               # kubectl top and HorizontalPodAutoscalers work
url = cluster.prometheus()      # scrapes model servers; as pods reach it
run([cluster.bin / "kubectl", "--kubeconfig", cluster.kubeconfig, "get", "pods"])
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.cluster import binaries, existing, gateway, kind, metrics, prometheus
from tests.cluster.api_server import ApiServer
from tests.cluster.command import found
from tests.cluster.containerd import Containerd
from tests.cluster.errors import ClusterError
from tests.cluster.gateway import Gateway
from tests.cluster.images import Images
from tests.cluster.parts import Installer
from tests.cluster.paths import Layout
from tests.cluster.source import SourceCluster, status

__all__ = ["ApiServer", "Cluster", "ClusterError", "Gateway", "Way"]


class Way(StrEnum):
    """How the cluster is had, in the order of preference."""

    EXISTING = "existing"
    KIND = "kind"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster of one checkout."""

    layout: Layout
    way: Way

    @classmethod
    def here(cls) -> "Cluster":
        """Return the cluster of this checkout, up or not; choose the way from what the machine offers.

        ``LEEBOARD_CLUSTER`` (existing, kind or source) overrides the choice.
        """
        forced = os.environ.get("LEEBOARD_CLUSTER")
        if forced:
            if forced not in list(Way):
                raise ClusterError(f"LEEBOARD_CLUSTER is {forced!r}; it can be {', '.join(Way)}")
            return cls(Layout.here(), Way(forced))
        if os.environ.get(existing.VARIABLE):
            return cls(Layout.here(), Way.EXISTING)
        return cls(Layout.here(), Way.KIND if kind.docker_runs() else Way.SOURCE)

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with the administrator's rights; there once the cluster is up."""
        return self.layout.kubeconfig

    @property
    def bin(self) -> Path:
        """The folder of kubectl and helm; for a cluster from source also of kwok, etcd and kube-apiserver."""
        kubectl = found("kubectl")
        return binaries.folder() if self.way is Way.SOURCE or kubectl is None else Path(kubectl).parent

    @property
    def audit_log(self) -> Path:
        """Metadata of every mutating request, one JSON object a line (not where the cluster is an existing one)."""
        return self.layout.audit_log

    def up(self) -> "Cluster":
        """Bring the cluster up unless it is; return when a pod can be started.

        Raises:
            ClusterError: it cannot be had this way; the message says what to install or change.
        """
        match self.way:
            case Way.EXISTING:
                existing.up(self.layout)
            case Way.KIND:
                kind.up(self.layout)
            case Way.SOURCE:
                SourceCluster(self.layout).up()
        return self

    def down(self) -> None:
        """Remove the cluster and everything it set on the machine; an existing cluster is left alone."""
        match self.way:
            case Way.EXISTING:
                existing.down(self.layout)
            case Way.KIND:
                kind.down(self.layout)
            case Way.SOURCE:
                SourceCluster(self.layout).down()

    def status(self) -> dict[str, str]:
        """Return the state of each part in words."""
        match self.way:
            case Way.EXISTING:
                return existing.status(self.layout)
            case Way.KIND:
                return kind.status(self.layout)
            case Way.SOURCE:
                return status(SourceCluster(self.layout))

    def images(self, targets: Sequence[str] = ()) -> list[str]:
        """Build the Dockerfile's targets (all of them by default), load them, and return their names."""
        return Images(self.layout, self.way.value).ensure(targets)

    def gateway(self) -> Gateway:
        """Install a Gateway API implementation unless it is there, and return its Gateway once it is programmed.

        On an existing cluster nothing is installed: its owner names a Gateway in ``LEEBOARD_CLUSTER_GATEWAY``.
        """
        match self.way:
            case Way.EXISTING:
                return gateway.named()
            case Way.KIND:
                return gateway.ensure(self._installer, gateway.part())
            case Way.SOURCE:
                return gateway.ensure_from_source(self._installer, Containerd(binaries.folder()))

    def metrics(self) -> None:
        """Install metrics-server unless it is there; return when the nodes' and pods' use of resources is known."""
        match self.way:
            case Way.EXISTING:
                metrics.require(self._installer)
            case Way.KIND:
                server = metrics.part(metrics.PUBLISHED_IMAGE, flags=[metrics.UNCHECKED])
                metrics.ensure(self._installer, server)
            case Way.SOURCE:
                metrics.ensure_from_source(self._installer, Containerd(binaries.folder()))

    def prometheus(self) -> str:
        """Install a Prometheus server that scrapes model servers unless it is there; return its URL as pods reach it.

        On an existing cluster nothing is installed: its owner names one in ``LEEBOARD_CLUSTER_PROMETHEUS``.
        """
        match self.way:
            case Way.EXISTING:
                return prometheus.named()
            case Way.KIND:
                return prometheus.ensure(self._installer)
            case Way.SOURCE:
                return prometheus.ensure_from_source(self._installer, Containerd(binaries.folder()))

    @property
    def _installer(self) -> Installer:
        return Installer(self.bin / "kubectl", self.kubeconfig)
