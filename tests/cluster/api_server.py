"""A bare API server for integration tests: etcd and kube-apiserver on ports of their own, gone when the block ends.

    with ApiServer(audit_log=tmp_path / "audit.log") as server:
        client = load(server.kubeconfig)

It starts in about five seconds. Without ``controllers`` nothing reacts to what is written: no garbage collection, no
Jobs running, no namespaces finalized. With it, kube-controller-manager runs as in a cluster, still without nodes.
"""

import asyncio
import itertools
import os
import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cluster import binaries
from tests.cluster.certificates import kubeconfig, write_private
from tests.cluster.control_plane import ControlPlane
from tests.cluster.paths import Layout
from tests.cluster.ports import start_on_free_ports
from tests.cluster.processes import Daemon, ProcessTable, sweep
from tests.cluster.rest import RestClient
from tests.cluster.waiting import until

_NUMBERS = itertools.count(1)
READY_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class ApiServer:
    """One etcd and one kube-apiserver, optionally a kube-controller-manager; a context manager, also an async one.

    Attributes:
        controllers: run kube-controller-manager too.
        audit_log: where every mutating request is written, one JSON object a line, at Metadata level.
        folder: the data folder; by default one below build/apiservers, removed at the end.
    """

    controllers: bool = False
    audit_log: Path | None = None
    folder: Path | None = None
    _plane: ControlPlane | None = field(default=None, init=False, repr=False)

    @property
    def plane(self) -> ControlPlane:
        """The running control plane."""
        if self._plane is None:
            raise RuntimeError("the API server runs only inside its with block")
        return self._plane

    @property
    def url(self) -> str:
        """The API server's address."""
        return self.plane.server

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with the administrator's rights."""
        return self.plane.state / "kubeconfig"

    @property
    def bin(self) -> Path:
        """The folder of kubectl, kwok and the other binaries."""
        return self.plane.bin

    def client(self) -> RestClient:
        """Return a small client with the administrator's rights."""
        return self.plane.client()

    def kubeconfig_for(self, user: str, *groups: str) -> Path:
        """Return a kubeconfig for any user and groups, to test what RBAC lets them do."""
        return self.plane.kubeconfig_for(user.replace(":", "-"), user, groups=groups)

    def stop(self, name: str) -> None:
        """Stop one daemon (``etcd``, ``kube-apiserver``, ``kube-controller-manager``), to test its absence."""
        self._table().stop(name)

    def start(self, name: str) -> None:
        """Start a stopped daemon again, on the same port and data, and wait until the API server is ready."""
        for daemon in self._daemons():
            if daemon.name == name:
                self._table().start(daemon)
        self._wait()

    def __enter__(self) -> Self:
        sweep(_folder())
        names = ["etcd", "kube-apiserver", "kubectl", *(["kube-controller-manager"] if self.controllers else [])]
        built = binaries.ensure(names)
        start_on_free_ports(3, partial(self._start_all, built), clear=self._clear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clear()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, traceback)

    def _plan(self, built: Path, ports: list[int]) -> ControlPlane:
        api, etcd, peer = ports
        return ControlPlane(
            bin=built,
            state=self.folder or _folder() / f"{os.getpid()}-{next(_NUMBERS)}",
            api_port=api,
            etcd_port=etcd,
            etcd_peer_port=peer,
            audit_log=self.audit_log,
            controllers=self.controllers,
        )

    def _start_all(self, built: Path, ports: list[int]) -> None:
        self._plane = self._plan(built, ports)
        self.plane.prepare()
        for daemon in self._daemons():
            self._table().start(daemon)
        admin = self.plane.authority.issue("admin", "leeboard-admin", groups=["system:masters"])
        text = kubeconfig(self.url, authority=self.plane.authority.pair.certificate, pair=admin)
        write_private(self.kubeconfig, text)
        self._wait()

    def _clear(self) -> None:
        plane, self._plane = self.plane, None
        table = ProcessTable(plane.state / "pids", plane.state / "logs")
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            table.stop(name, grace_seconds=1)
        shutil.rmtree(plane.state, ignore_errors=True)

    def _daemons(self) -> list[Daemon]:
        optional = [self.plane.controller_manager()] if self.controllers else []
        return [self.plane.etcd(), self.plane.api_server(), *optional]

    def _table(self) -> ProcessTable:
        return ProcessTable(self.plane.state / "pids", self.plane.state / "logs")

    def _wait(self) -> None:
        client = self.plane.client()

        def ready() -> bool:
            self._table().require("etcd")
            self._table().require("kube-apiserver")
            return client.healthy()

        until(ready, "the API server is ready", seconds=READY_SECONDS)


def _folder() -> Path:
    return Layout.here().checkout / "build" / "apiservers"
