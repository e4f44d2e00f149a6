"""Requests to a served model, sent from a pod: the way in is the Service's name, on every kind of cluster."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stories.stage import POLL_SECONDS, Stage, StoryError
from tests.support.kubectl import KubectlError, Manifest
from tests.support.resources import restricted_pod

CLIENT = Path(__file__).with_name("client.py")
CONFIG_MAP = "story-client"
BODIES = "bodies.jsonl"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Figures:
    """What a client counted."""

    sent: int
    failed: int
    errors: dict[str, int]
    versions: dict[str, int]
    slowest_seconds: float
    accuracy: float | None
    rows: int
    new_connections: dict[str, int] = field(default_factory=dict)
    """Of a load: which version answered requests for which a connection was opened anew."""

    @classmethod
    def parse(cls, line: str) -> "Figures":
        """Read one line of a client's log."""
        counted: dict[str, Any] = json.loads(line)
        return cls(
            sent=counted["sent"],
            failed=counted["failed"],
            errors=counted["errors"],
            versions=counted["versions"],
            slowest_seconds=counted["slowestSeconds"],
            accuracy=counted.get("accuracy"),
            rows=counted.get("rows", counted["sent"]),
            new_connections=counted.get("newConnections", {}),
        )


@dataclass(frozen=True, slots=True)
class Client:
    """A pod that sends requests; ``image`` has the data and aiohttp."""

    stage: Stage
    image: str
    url: str
    bodies: tuple[bytes, ...] = ()
    """What a load sends, one after another; rows of car-loan when there are none."""

    def score(self, name: str, *, rows: int) -> Figures:
        """Send held-out rows through the model once and return what came of it."""
        self._start(name, ["score", "--url", self.url, "--rows", str(rows)])
        return self._finished(name, seconds=240)

    def start_load(self, name: str, *options: str) -> None:
        """Begin to send one request after another; return when the first ones are answered."""
        bodies = ["--bodies", f"/story/{BODIES}"] if self.bodies else []
        self._start(name, ["load", "--url", self.url, *bodies, *options])
        self.stage.screen.doing("the first requests are on their way")
        deadline = time.monotonic() + START_SECONDS
        while self.progress(name).sent == 0:
            if time.monotonic() > deadline:
                raise StoryError(f"pod {name} sends nothing")
            self.stage.refresh()
            time.sleep(POLL_SECONDS)

    def progress(self, name: str) -> Figures:
        """Return what a running load has counted so far."""
        try:
            lines = self.stage.kubectl.logs(name, namespace=self.stage.namespace, options=["--tail=1"]).splitlines()
        except KubectlError:
            lines = []
        return Figures.parse(lines[-1]) if lines else Figures(0, 0, {}, {}, 0.0, None, 0)

    def stop_load(self, name: str) -> Figures:
        """Let a running load finish its last requests and return its figures."""
        self.stage.kubectl.run("exec", name, "-n", self.stage.namespace, "--", "sh", "-c", "kill -TERM 1")
        return self._finished(name, seconds=90)

    def _start(self, name: str, arguments: list[str]) -> None:
        config_map = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG_MAP, "namespace": self.stage.namespace},
            "data": {CLIENT.name: CLIENT.read_text(encoding="utf-8"), BODIES: b"\n".join(self.bodies).decode()},
        }
        container: Manifest = {
            "image": self.image,
            "command": ["python3", f"/story/{CLIENT.name}", *arguments],
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
            "volumeMounts": [{"name": "story", "mountPath": "/story"}],
        }
        volumes: list[Manifest] = [{"name": "story", "configMap": {"name": CONFIG_MAP}}]
        self.stage.kubectl.delete("pod", name, namespace=self.stage.namespace)
        pod = restricted_pod(name, namespace=self.stage.namespace, container=container, volumes=volumes)
        self.stage.kubectl.apply(config_map, pod)

    def _finished(self, name: str, *, seconds: float) -> Figures:
        self.stage.wait(
            f"Pod/{name}",
            lambda pod: pod["status"].get("phase") in {"Succeeded", "Failed"},
            what=f"pod {name} sends its last requests",
            seconds=seconds,
        )
        lines = self.stage.kubectl.logs(name, namespace=self.stage.namespace, options=["--tail=5"]).splitlines()
        if not lines or '"done": true' not in lines[-1]:
            raise StoryError(f"pod {name} ended without its figures: {lines}")
        return Figures.parse(lines[-1])
