"""Credentials: the pod's service account, else the kubeconfig; the same for our client and for kopf."""

from __future__ import annotations

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from leeboard.errors import SettingsError


async def login() -> Configuration:
    """The client configuration; an in-cluster token is read again every minute, because the kubelet rotates it."""
    configuration = Configuration()
    try:
        load_incluster_config(client_configuration=configuration, try_refresh_token=True)
    except ConfigException:
        try:
            await load_kube_config(client_configuration=configuration)
        except (ConfigException, OSError) as error:
            raise SettingsError(f"neither a service account nor a usable kubeconfig: {error}") from error
    return configuration


async def token_of(configuration: Configuration) -> str | None:
    """The bearer token of this moment, without its scheme."""
    header = await configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    return header.split(" ", 1)[-1].strip() if header else None
