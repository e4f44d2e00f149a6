"""Requests of people to a model server: through the API server's proxy, or at an address that they name."""

from __future__ import annotations

import json
from urllib.parse import quote

import aiohttp

from leeboard.api.resource import Manifest
from leeboard.errors import RejectedError, TransientError

OK = 200
SERVER_FAULT = 500


def infer_path(model: str) -> str:
    """Path of the Open Inference Protocol."""
    return f"/v2/models/{quote(model, safe='')}/infer"


def proxy_path(namespace: str, service: str) -> str:
    """The same through the API server; it needs the right to create services/proxy."""
    return f"/api/v1/namespaces/{quote(namespace)}/services/http:{quote(service)}:http/proxy{infer_path(service)}"


async def infer(url: str, model: str, body: Manifest, *, timeout_seconds: float) -> Manifest:
    """The answer of the server at ``url``; raises RejectedError with the server's words, or TransientError."""
    limit = aiohttp.ClientTimeout(total=timeout_seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(f"{url.rstrip('/')}{infer_path(model)}", json=body, allow_redirects=False) as answer,
        ):
            text, status = await answer.text(), answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TransientError(f"{url}: {str(error) or type(error).__name__}") from error
    if status >= SERVER_FAULT:
        raise TransientError(f"{status}: {error_of(text)}")
    if status != OK:
        raise RejectedError(status, error_of(text) or f"the server answers {status}")
    decoded = json.loads(text)
    return decoded if isinstance(decoded, dict) else {}


def error_of(text: str) -> str:
    """The sentence in a model server's error, else the text as it is."""
    try:
        found = json.loads(text)
    except ValueError:
        return text[:1024]
    return str(found["error"]) if isinstance(found, dict) and "error" in found else text[:1024]
