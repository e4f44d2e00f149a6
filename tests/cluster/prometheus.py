"""Real Prometheus servers: one of this machine for an integration test, or one on the cluster that scrapes its pods.

with Prometheus(targets=["127.0.0.1:9090"]) as server:
    server.values("up")                   # [1.0] after the first scrape
    LEEBOARD_PROMETHEUS = json.dumps({"main": server.url})

url = Cluster.here().up().prometheus()    # as pods reach it
"""

import itertools
import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.cluster import binaries, builds, versions
from tests.cluster.containerd import Containerd
from tests.cluster.errors import ClusterError
from tests.cluster.parts import Installer, Part, read, with_images
from tests.cluster.paths import Layout
from tests.cluster.ports import start_on_free_ports
from tests.cluster.processes import Daemon, ProcessTable, sweep
from tests.cluster.scratch_image import ScratchImage, load
from tests.cluster.waiting import until

VARIABLE: Final = "LEEBOARD_CLUSTER_PROMETHEUS"
MANIFEST: Final = Path(__file__).with_name("manifests") / "prometheus.yaml"
NAME: Final = "prometheus"
NAMESPACE: Final = "monitoring"
URL: Final = f"http://{NAME}.{NAMESPACE}.svc:9090"
IMAGE: Final = f"leeboard.dev/{NAME}:{versions.PROMETHEUS}"
SECONDS: Final = 120
READY_SECONDS: Final = 60.0
_NUMBERS = itertools.count(1)


@dataclass(slots=True, kw_only=True)
class Prometheus:
    """A server on a port of its own that scrapes ``targets`` each second; gone, with its data, when the block ends.

    Attributes:
        targets: ``host:port`` of what is scraped at ``/metrics``.
        labels: given to every series, as a cluster's scrapes do; ``{"namespace": "team", "pod": "a"}``.
        jobs: further scrape configurations, in Prometheus' own words.
        rules: a file of rules, as a document; they are looked at each second.
    """

    targets: Sequence[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    jobs: Sequence[Mapping[str, object]] = ()
    rules: Mapping[str, object] = field(default_factory=dict)
    _port: int = field(default=0, init=False)
    _state: Path = field(default=Path(), init=False)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self._port}"

    def values(self, query: str) -> list[float]:
        """Return the values that an instant query results in now, in no order."""
        result = self._get(f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")["data"]["result"]
        return [float(one["value"][1]) for one in result]

    def alerts(self) -> list[Mapping[str, Any]]:
        """Return the alerts that fire: labels and annotations of each."""
        found = self._get("/api/v1/alerts")["data"]["alerts"]
        return [one for one in found if one["state"] == "firing"]

    def evaluated(self) -> datetime:
        """Return the moment since which every group of rules has been looked at."""
        groups = self._get("/api/v1/rules")["data"]["groups"]
        return min(datetime.fromisoformat(group["lastEvaluation"]) for group in groups)

    def names(self) -> set[str]:
        """Return the names of all series."""
        return set(self._get("/api/v1/label/__name__/values")["data"])

    def stop(self) -> None:
        """Stop the server, to test its absence; its port stays free."""
        self._table().stop(NAME, grace_seconds=2)

    def start(self) -> None:
        """Start it, or start it again on its port and data, and return when it answers."""
        self._table().start(self._daemon())
        until(self._is_ready, "Prometheus is ready", seconds=READY_SECONDS)

    def __enter__(self) -> Self:
        folder = Layout.here().checkout / "build" / "prometheus"
        sweep(folder)
        self._state = folder / f"{os.getpid()}-{next(_NUMBERS)}"
        start_on_free_ports(1, self._start_on, clear=self._clear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clear()

    def _start_on(self, ports: list[int]) -> None:
        (self._port,) = ports
        self._state.mkdir(parents=True)
        (self._state / "prometheus.json").write_text(json.dumps(self._config()))
        (self._state / "rules.json").write_text(json.dumps(self.rules))
        self.start()

    def _clear(self) -> None:
        self.stop()
        shutil.rmtree(self._state, ignore_errors=True)

    def _config(self) -> Mapping[str, object]:
        static = {"targets": list(self.targets), "labels": dict(self.labels)}
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(self._state / "rules.json")],
            "scrape_configs": [{"job_name": "test", "static_configs": [static]}, *self.jobs],
        }

    def _daemon(self) -> Daemon:
        program = binaries.ensure_addition(builds.PROMETHEUS) / "prometheus"
        flags = {
            "config.file": str(self._state / "prometheus.json"),
            "storage.tsdb.path": str(self._state / "data"),
            "web.listen-address": f"127.0.0.1:{self._port}",
            "log.level": "warn",
        }
        return Daemon(name=NAME, argv=(str(program), *(f"--{name}={value}" for name, value in flags.items())))

    def _table(self) -> ProcessTable:
        return ProcessTable(self._state / "pids", self._state / "logs")

    def _is_ready(self) -> bool:
        self._table().require(NAME)
        try:
            self._get("/api/v1/status/runtimeinfo")
        except (OSError, ValueError):
            return False
        return True

    def _get(self, path: str) -> Mapping[str, Any]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=5) as response:
            answer: Mapping[str, Any] = json.load(response)
        return answer


def ensure(installer: Installer) -> str:
    """Install the cluster's server unless it is there, and return its address."""
    installer.ensure(_part(), seconds=SECONDS)
    return URL


def ensure_from_source(installer: Installer, containerd: Containerd) -> str:
    """Do the same with an image made here."""
    server = with_images(_part(), {NAME: IMAGE})
    if not installer.is_there(server):
        built = binaries.ensure_addition(builds.PROMETHEUS)
        load(containerd, ScratchImage(name=IMAGE, files={f"/{NAME}": built / NAME}, entrypoint=(f"/{NAME}",)))
    installer.ensure(server, seconds=SECONDS)
    return URL


def named() -> str:
    """Return the address of an existing cluster's server, which only its owner can name.

    Raises:
        ClusterError: LEEBOARD_CLUSTER_PROMETHEUS is not set.
    """
    url = os.environ.get(VARIABLE, "")
    if not url.startswith(("http://", "https://")):
        raise ClusterError(
            f"{VARIABLE} is {url!r}: set it to the URL, as pods reach it, of a Prometheus server that scrapes model"
            " servers; docs/local-cluster.md says how to install one"
        )
    return url


def _part() -> Part:
    return Part(namespace=NAMESPACE, deployment=NAME, objects=tuple(read(MANIFEST)))
