"""A pod with metrics that a test writes: what a team's own exporter tells about its model."""

import json
import urllib.parse
from dataclasses import dataclass
from typing import Final

from tests.e2e.scene import TRAINER, Scene
from tests.support.kubectl import Kubectl
from tests.support.resources import restricted_pod

NAME: Final = "gauge"
PORT: Final = 9090
PROMETHEUS: Final = "/api/v1/namespaces/monitoring/services/prometheus:http/proxy"
READY_SECONDS: Final = 60
SERVER: Final = """
import http.server, pathlib

class Exposition(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = pathlib.Path("/tmp/told")
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(told.read_bytes() if told.exists() else b"")

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("", 9090), Exposition).serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Gauge:
    """The pod; at first it tells nothing."""

    scene: Scene

    def start(self) -> None:
        """Return when it runs; the label is what the cluster's Prometheus finds model servers by."""
        ports = [{"name": "metrics", "containerPort": PORT}]
        probe = {"tcpSocket": {"port": PORT}, "periodSeconds": 1}
        container = {
            "image": TRAINER,
            "command": ["python3", "-c", SERVER],
            "ports": ports,
            "readinessProbe": probe,
        }
        pod = restricted_pod(NAME, namespace=self.scene.namespace, container=container)
        pod["metadata"]["labels"] = {"leeboard.dev/revision": NAME}
        self.scene.kubectl.apply(pod)
        where = ["-n", self.scene.namespace, f"--timeout={READY_SECONDS}s"]
        self.scene.kubectl.run("wait", f"pod/{NAME}", "--for=condition=Ready", *where)

    def tells(self, line: str) -> None:
        """From now on its metrics are this line, and nothing else."""
        words = ["exec", "-i", NAME, "-n", self.scene.namespace, "--"]
        script = "cat > /tmp/new && mv /tmp/new /tmp/told"
        self.scene.kubectl.run(*words, "sh", "-c", script, stdin=f"{line}\n")


def asked(kubectl: Kubectl, query: str) -> list[tuple[dict[str, str], str]]:
    """Return the labels and the value of each series that the cluster's Prometheus has, through the API server."""
    words = urllib.parse.urlencode({"query": query})
    answer = json.loads(kubectl.run("get", "--raw", f"{PROMETHEUS}/api/v1/query?{words}"))
    return [(one["metric"], one["value"][1]) for one in answer["data"]["result"]]
