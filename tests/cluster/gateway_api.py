"""The Gateway API's own definitions, standard channel, as its module publishes them; no implementation of it.

from tests.cluster import gateway_api

with ApiServer() as server:
    gateway_api.install(server.client())      # HTTPRoutes can be written from here on
    gateway_api.remove(server.client())       # and are gone, with every HTTPRoute
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import yaml

from tests.cluster import modules, versions
from tests.cluster.rest import ApiError, RestClient
from tests.cluster.waiting import until

MODULE: Final = "sigs.k8s.io/gateway-api"
GROUP: Final = "gateway.networking.k8s.io"
DEFINITIONS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SECONDS: Final = 30.0


def definitions() -> list[Path]:
    """Return the files of the standard channel's definitions; downloaded once, then read from Go's cache."""
    folder = modules.folder(MODULE, versions.GATEWAY_API) / "config" / "crd" / "standard"
    return sorted(folder.glob(f"{GROUP}_*.yaml"))


def install(client: RestClient) -> None:
    """Apply the definitions and return when every kind of them can be written."""
    for file in definitions():
        manifest = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
        client.apply(f"{DEFINITIONS}/{manifest['metadata']['name']}", manifest)
    for name, path in _served().items():
        until(partial(_is_established, client, name), f"{name} is established", seconds=SECONDS)
        until(partial(client.healthy, path), f"{path} answers", seconds=SECONDS)


def remove(client: RestClient) -> None:
    """Delete the definitions, with every object of their kinds, and return when the API server knows none of them."""
    served = _served()
    for name in served:
        client.delete(f"{DEFINITIONS}/{name}")
    for name, path in served.items():
        until(partial(_is_gone, client, f"{DEFINITIONS}/{name}"), f"{name} is gone", seconds=SECONDS)
        until(partial(_is_gone, client, path), f"{path} is gone", seconds=SECONDS)


def _served() -> dict[str, str]:
    """Map each definition's name to the path of its objects."""
    specs = [yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["spec"] for path in definitions()]
    return {
        f"{spec['names']['plural']}.{GROUP}": f"/apis/{GROUP}/{_stored(spec)}/{spec['names']['plural']}"
        for spec in specs
    }


def _stored(spec: Mapping[str, Any]) -> str:
    return next(str(version["name"]) for version in spec["versions"] if version["storage"])


def _is_established(client: RestClient, name: str) -> bool:
    found: Mapping[str, Any] = client.get(f"{DEFINITIONS}/{name}")
    conditions = found.get("status", {}).get("conditions", [])
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _is_gone(client: RestClient, path: str) -> bool:
    try:
        client.get(path)
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return True
        raise
    return False
