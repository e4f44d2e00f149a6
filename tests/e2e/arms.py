"""Two tiny servers that say who they are and count what they get: what a route splits requests between."""

from typing import Any, Final

from tests.support.kubectl import Manifest

SERVER: Final = """
import http.server, os, socketserver

class Arm(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    requests = 0

    def do_GET(self):
        Arm.requests += self.path != "/requests"
        answer = (str(Arm.requests) if self.path == "/requests" else os.environ["ARM"]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

Server(("", 8080), Arm).serve_forever()
"""
"""One write an answer, at once: otherwise each takes 40 ms."""


def arm(name: str, *, namespace: str, image: str) -> list[Manifest]:
    """Return a server's Deployment, under the restricted profile, and its Service."""
    metadata = {"name": name, "namespace": namespace}
    container = {
        "name": "arm",
        "image": image,
        "command": ["python3", "-c", SERVER],
        "env": [{"name": "ARM", "value": name}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    labels = {"arm": name}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    ports = [{"port": 80, "targetPort": 8080}]
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": labels, "ports": ports}},
    ]


def weights(**arms: int) -> list[dict[str, Any]]:
    """Return the backends of a rule, each with its weight."""
    return [{"name": name, "port": 80, "weight": weight} for name, weight in arms.items()]
