"""A small Kubernetes client over the standard library: enough to wait, to apply our own objects and to watch."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.certificates import KeyPair
from tests.cluster.errors import ClusterError

Manifest = Mapping[str, object]
"""A Kubernetes object as it is written in JSON."""


class ApiError(ClusterError):
    """The API server refused a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class RestClient:
    """Requests to one API server with one client certificate."""

    server: str
    authority: Path
    pair: KeyPair
    timeout_seconds: float = 10

    def get(self, path: str) -> Manifest:
        """Return the object or list at ``path``."""
        return _decoded(self._send("GET", path))

    def text(self, path: str) -> str:
        """Return what lies at ``path`` as text."""
        with self._send("GET", path) as response:
            return response.read().decode()

    def healthy(self, path: str = "/readyz") -> bool:
        """Tell whether the server answers 200 at ``path``."""
        try:
            self.text(path)
        except (ClusterError, OSError):
            return False
        return True

    def apply(self, path: str, manifest: Manifest) -> None:
        """Apply an object on the server side, owning every field named."""
        self._send("PATCH", f"{path}?fieldManager=leeboard-cluster&force=true", manifest, content_type=_APPLY)

    def create(self, path: str, manifest: Manifest) -> None:
        """Create an object in the collection at ``path``."""
        self._send("POST", path, manifest)

    def replace(self, path: str, manifest: Manifest) -> None:
        """Replace the object at ``path``."""
        self._send("PUT", path, manifest)

    def delete(self, path: str) -> None:
        """Delete the object at ``path``; one that is gone already is no error."""
        try:
            self._send("DELETE", path)
        except ApiError as error:
            if error.status != http.HTTPStatus.NOT_FOUND:
                raise

    def watch(self, path: str, *, seconds: int) -> Iterator[Manifest]:
        """Yield the events of the collection at ``path`` for at most ``seconds``."""
        separator = "&" if "?" in path else "?"
        with self._send("GET", f"{path}{separator}watch=1&timeoutSeconds={seconds}") as response:
            for line in response:
                yield json.loads(line)

    def _send(
        self, method: str, path: str, body: Manifest | None = None, *, content_type: str = "application/json"
    ) -> http.client.HTTPResponse:
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, {"Content-Type": content_type}, method=method)
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({})
        )
        try:
            response: http.client.HTTPResponse = opener.open(request, timeout=self.timeout_seconds)
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")[:500]) from error
        return response


def _decoded(response: http.client.HTTPResponse) -> Manifest:
    with response:
        value = json.load(response)
    if not isinstance(value, dict):
        raise ApiError(http.HTTPStatus.BAD_GATEWAY, "the answer is not an object")
    return value
