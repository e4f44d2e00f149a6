"""Credentials: the operator's are the pod's service account, else the kubeconfig, the same for our client and for kopf;
a person's are the kubeconfig first.
"""

from __future__ import annotations

from pathlib import Path

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.aio.config.kube_config import list_kube_config_contexts

from leeboard.errors import SettingsError

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


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


async def login_as_user(kubeconfig: Path | None = None, context: str | None = None) -> tuple[Configuration, str]:
    """The client configuration of a person, and the namespace of the context.

    The kubeconfig comes first, a pod's service account after it. Raises SettingsError when there is neither.
    """
    file = str(kubeconfig) if kubeconfig else None
    configuration = Configuration()
    try:
        await load_kube_config(config_file=file, context=context, client_configuration=configuration)
        contexts, current = list_kube_config_contexts(file)
    except (ConfigException, OSError) as error:
        namespace = _own_namespace()
        if kubeconfig or context or not namespace:
            raise SettingsError(f"no usable kubeconfig: {error}") from error
        return await login(), namespace
    chosen = next((entry for entry in contexts if entry["name"] == context), current)
    return configuration, str(chosen["context"].get("namespace") or "default")


def _own_namespace() -> str:
    """The pod's namespace; empty outside of pods."""
    return _NAMESPACE.read_text(encoding="utf-8").strip() if _NAMESPACE.is_file() else ""


async def token_of(configuration: Configuration) -> str | None:
    """The bearer token of this moment, without its scheme."""
    header = await configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    return header.split(" ", 1)[-1].strip() if header else None
