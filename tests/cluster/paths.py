"""Where everything lies: state in the checkout, what outlives it in the cache, sockets in a short folder under /run."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RUN: Final = Path("/run/leeboard")
"""Sockets, network namespaces and the kubelet's mounts; short because a Unix socket's path may have 107 bytes."""
REGISTRY: Final = Path("/var/lib/leeboard-cluster")
"""Says which checkout's cluster this machine runs."""


def cache_root() -> Path:
    """Return the folder that outlives checkouts: built binaries, the base image, build layers, locks."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "leeboard"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one checkout's cluster."""

    checkout: Path

    @classmethod
    def here(cls) -> "Layout":
        """Return the layout of the checkout that this file lies in."""
        return cls(Path(__file__).resolve().parents[2])

    @property
    def state(self) -> Path:
        """All state of the cluster; removed by ``down``."""
        return self.checkout / "build" / "cluster"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """Configuration files written for the daemons."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One log file for each daemon."""
        return self.state / "logs"

    @property
    def pids(self) -> Path:
        """One pid file for each daemon."""
        return self.state / "pids"

    @property
    def volumes(self) -> Path:
        """The directories behind persistent volumes."""
        return self.state / "volumes"

    @property
    def audit_log(self) -> Path:
        """Metadata of every mutating request to the API server."""
        return self.state / "audit.log"
