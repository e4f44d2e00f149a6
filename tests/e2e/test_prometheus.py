"""The cluster's Prometheus finds model servers by themselves, and tells the labels that are asked for. No operator."""

import pytest

from tests.e2e.gauge import asked
from tests.e2e.scene import TRAINER, Scene
from tests.support.resources import restricted_pod

SERVER = """
import http.server

class Exposition(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b'asked_total{name="car-loan",revision="r-1"} 42\\n')

http.server.HTTPServer(("", 9090), Exposition).serve_forever()
"""


@pytest.mark.usefixtures("prometheus")
def test_a_model_server_is_scraped_with_its_namespace_and_pod(bare_scene: Scene) -> None:
    namespace = bare_scene.namespace
    ports = [{"name": "metrics", "containerPort": 9090}, {"name": "http", "containerPort": 8080}]
    container = {"image": TRAINER, "command": ["python3", "-c", SERVER], "ports": ports}
    pod = restricted_pod("server", namespace=namespace, container=container)
    pod["metadata"]["labels"] = {"leeboard.dev/revision": "r-1"}

    bare_scene.kubectl.apply(pod)

    series = {"__name__": "asked_total", "name": "car-loan", "revision": "r-1", "namespace": namespace, "pod": "server"}
    query = f'asked_total{{namespace="{namespace}"}}'
    bare_scene.eventually(
        lambda: [(subset(labels, series), value) for labels, value in asked(bare_scene.kubectl, query)],
        [(series, "42")],
        seconds=30,
    )


def subset(labels: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """Return the labels whose names are wanted; a scrape adds its own."""
    return {name: value for name, value in labels.items() if name in wanted}
