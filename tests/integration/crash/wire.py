"""Requests to the API server over kept connections: a sweep asks it thousands of times."""

import ssl
from collections.abc import Mapping
from typing import Any, Self

import httpx

from tests.integration.conftest import Api

Manifest = dict[str, Any]
GROUPS = {
    "trainingjobs": "leeboard.dev/v1alpha1",
    "modelversions": "leeboard.dev/v1alpha1",
    "inferenceservices": "leeboard.dev/v1alpha1",
    "jobs": "batch/v1",
    "deployments": "apps/v1",
    "poddisruptionbudgets": "policy/v1",
    "endpointslices": "discovery.k8s.io/v1",
    "horizontalpodautoscalers": "autoscaling/v2",
    "httproutes": "gateway.networking.k8s.io/v1",
}
FROM_MEMORY = {"resourceVersion": "0"}
"""Reads ask the API server, not etcd: who looks again and again may be some milliseconds behind."""
MISSING = 404
TAKEN = 409


class Wire:
    """The API server as its administrator; usable from several threads."""

    def __init__(self, api: Api) -> None:
        client = api.rest
        context = ssl.create_default_context(cafile=str(client.authority))
        context.load_cert_chain(client.pair.certificate, client.pair.key)
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
        self._client = httpx.Client(base_url=client.server, verify=context, timeout=30, limits=limits, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def list(self, plural: str, *, namespace: str = "", selector: str = "") -> list[Manifest]:
        """Objects of a namespace, or of all; none of a kind that the server does not know."""
        chosen = {"labelSelector": selector} if selector else {}
        answer = self._client.get(path(plural, namespace), params={**FROM_MEMORY, **chosen})
        if answer.status_code == MISSING:
            return []
        return list(answer.raise_for_status().json()["items"])

    def find(self, plural: str, name: str, *, namespace: str) -> Manifest | None:
        """One object."""
        answer = self._client.get(f"{path(plural, namespace)}/{name}", params=FROM_MEMORY)
        return None if answer.status_code == MISSING else dict(answer.raise_for_status().json())

    def create(self, plural: str, manifest: Manifest) -> None:
        """Create it; one of its name that is there is left as it is."""
        answer = self._client.post(path(plural, manifest["metadata"].get("namespace", "")), json=manifest)
        if answer.status_code != TAKEN:
            self._raise(answer)

    def merge(self, plural: str, name: str, *, namespace: str, change: Mapping[str, object]) -> None:
        """Merge a change into an object, or with ``name/status`` into its status; one that is gone is left alone."""
        headers = {"content-type": "application/merge-patch+json"}
        answer = self._client.patch(f"{path(plural, namespace)}/{name}", json=change, headers=headers)
        if answer.status_code != MISSING:
            self._raise(answer)

    def delete(self, plural: str, name: str = "", *, namespace: str) -> None:
        """Delete one object, or all of a namespace, at once."""
        answer = self._client.request(
            "DELETE", f"{path(plural, namespace)}/{name}".rstrip("/"), json={"gracePeriodSeconds": 0}
        )
        if answer.status_code != MISSING:
            self._raise(answer)

    def _raise(self, answer: httpx.Response) -> None:
        if answer.is_error:
            raise AssertionError(f"{answer.request.method} {answer.request.url}: {answer.text[:1000]}")


def path(plural: str, namespace: str = "") -> str:
    """The collection's path."""
    root = f"/apis/{GROUPS[plural]}" if plural in GROUPS else "/api/v1"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"
