"""The kubelet's log endpoint: the API server asks it for what a pod printed."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.integration.conftest import Api

NODE = "crash-node"
ADDRESS = "127.0.0.1"


class LogServer:
    """Answers every request for a container's log with the text of its pod."""

    def __init__(self, api: Api) -> None:
        self.logs: dict[str, str] = {}
        logs = self.logs

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _, _, _, pod, _ = self.path.partition("?")[0].split("/")  # /containerLogs/NAMESPACE/POD/CONTAINER
                text = logs.get(pod, "").encode()
                self.send_response(200)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                del format, args

        pair = api.server.plane.authority.issue("crash-kubelet", "kubelet", hosts=(ADDRESS,))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server = ThreadingHTTPServer((ADDRESS, 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def node_status(self) -> dict[str, object]:
        """How the API server finds it."""
        port = self._server.server_address[1]
        return {
            "addresses": [{"type": "InternalIP", "address": ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
