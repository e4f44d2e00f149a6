"""Real servers that are killed between two polls: what is lost, and that an orderly end loses nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import httpx
import pandas as pd
import pytest

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest, Metadata
from leeboard.metrics import Metrics
from leeboard.monitoring.windows import Revision
from leeboard.reconciler.watching.watcher import Surroundings, Watcher
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column
from tests.integration.runtime.test_profile import people, profile
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_surroundings import Clock
from tests.support.fake_tracking import FakeTracking

pytestmark = pytest.mark.integration
UID = "uid-service"
NAME = "car-loan"
SERVICE: Manifest = {
    "apiVersion": API_VERSION,
    "kind": "InferenceService",
    "metadata": {"name": NAME, "namespace": "team", "uid": UID},
    "spec": {"model": {"name": "loan"}},
    "status": {"stable": {"name": "r1", "modelVersion": "loan-v3"}},
}


@dataclass
class Town:
    """The operator's watcher, and pods that are real processes."""

    data: bytes
    http: HttpClient
    cluster: FakeCluster = field(default_factory=FakeCluster)
    watcher: Watcher = field(init=False)

    def __post_init__(self) -> None:
        digest = f"sha256:{sha256(self.data).hexdigest()}"
        version = {"uri": "runs:/run/leeboard/profile.json", "digest": digest}
        metadata = {"name": "loan-v3", "namespace": "team"}
        self.cluster.put(
            {"apiVersion": API_VERSION, "kind": "ModelVersion", "metadata": metadata, "status": {"profile": version}}
        )
        around = Surroundings(
            self.cluster,
            PodCounters(self.http, Metrics(), steady=steady_seconds),
            FakeTracking(profiles={digest: self.data}),
            Clock(),
            services=lambda: [SERVICE],
            changed=lambda _: None,
            jitter=lambda: 1.0,
            interval=3600.0,
        )
        self.watcher = Watcher(around)

    def put(self, name: str, server: ModelServer, *, ends: bool = False) -> Manifest:
        """The pod of a server, which was told to end or not."""
        labels = {**owner_labels(Kind.INFERENCE_SERVICE, name=NAME, uid=UID), "leeboard.dev/revision": "r1"}
        leaving = {"deletionTimestamp": "2026-11-21T12:00:00Z"} if ends else {}
        ports = [{"name": "metrics", "containerPort": server.metrics_port}]
        return self.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "team", "labels": labels, **leaving},
                "spec": {"containers": [{"name": "server", "ports": ports}]},
                "status": {"phase": "Running", "podIP": "127.0.0.1"},
            }
        )

    def remove(self, name: str) -> None:
        """The pod is gone."""
        self.cluster.objects = {ref: item for ref, item in self.cluster.objects.items() if ref.name != name}

    @property
    def known(self) -> Revision:
        """What the version's window holds."""
        watch = self.watcher.known(Metadata.model_validate(SERVICE["metadata"]))
        assert watch is not None
        return watch.memory.windows.revisions["r1"]

    async def poll(self) -> int:
        """One poll; rows of the window after it."""
        await self.watcher.look(SERVICE)
        return self.known.season.cells.rows


def send(server: ModelServer, rows: pd.DataFrame) -> None:
    """One request, on a connection of its own."""
    inputs = [
        column("age", "FP64", *rows["age"].tolist()),
        column("income", "FP64", *rows["income"].tolist()),
        column("visits", "INT64", *rows["visits"].tolist()),
    ]
    assert httpx.post(server.infer_url, json={"inputs": inputs}, timeout=30).status_code == 200


async def test_a_killed_server_loses_what_it_counted_since_its_last_poll_and_one_that_drains_loses_nothing(
    models: Path, tmp_path: Path, start: StartServer
) -> None:
    rows = people(600)
    built = await asyncio.to_thread(profile, models / "linear", rows, tmp_path)
    assert built.code == 0, built.errors
    path = tmp_path / "profile.json"
    options = ("--revision", "r1", "--profile", str(path), "--least-drain", "2")
    killed, drained = [await asyncio.to_thread(start, "linear", *options) for _ in range(2)]
    http = HttpClient(connections=10)
    town = Town(path.read_bytes(), http)
    town.put("killed", killed)
    town.put("drained", drained)
    try:
        assert await town.poll() == 0
        for server in (killed, drained):
            await asyncio.to_thread(send, server, rows[:100])
        assert await town.poll() == 200

        await asyncio.to_thread(send, killed, rows[:60])
        killed.process.kill()
        killed.ended()
        town.remove("killed")
        assert (await town.poll(), town.known.lost) == (200, 1)

        watching = asyncio.create_task(town.watcher.watch_for_ever())
        await asyncio.sleep(0)
        await asyncio.to_thread(send, drained, rows[:70])
        drained.terminate()
        town.watcher.noticed("Pod", town.put("drained", drained, ends=True))
        await asyncio.to_thread(send, drained, rows[:30])
        assert await asyncio.to_thread(drained.ended) == 0
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        town.remove("drained")
        assert (await town.poll(), town.known.lost) == (300, 2)
    finally:
        await http.close()
