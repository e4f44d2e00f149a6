"""kopf as the watch transport: one event handler a kind, which feeds the inbox and does nothing else.

kopf logs and drops an error in such a handler, keeps no state for it, and writes nothing. See docs/architecture.md.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import kopf

from leeboard.adapters.kubernetes.cache import EventType
from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.adapters.kubernetes.login import login, token_of
from leeboard.api.resource import Manifest
from leeboard.handlers.stateless import NoDiffBase, NoProgress

PAGE = 500
INACTIVE_SECONDS = 70.0


class Inbox(Protocol):
    """Where events go."""

    def event(self, kind: str, type_: EventType, manifest: Manifest, /) -> None:
        """One watch event."""
        ...


def registry_of(inbox: Inbox, kinds: Iterable[ObjectKind]) -> kopf.OperatorRegistry:
    """A registry of our own, with a handler for each of ``kinds`` and our login."""
    registry = kopf.OperatorRegistry()
    for kind in kinds:
        handler = _handler(kind, inbox)
        kopf.on.event(
            group=kind.group, version=kind.version, plural=kind.plural, id=f"watch-{kind.plural}", registry=registry
        )(handler)
    kopf.on.login(id="login", registry=registry)(_login)
    return registry


def watch_settings(kinds: Iterable[ObjectKind]) -> kopf.OperatorSettings:
    """No peering, no events, no scanning of CRDs and namespaces; children are filtered by the server."""
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.posting.level = logging.CRITICAL
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = NoDiffBase()
    settings.persistence.progress_storage = NoProgress()
    settings.watching.chunk_size = PAGE
    settings.watching.inactivity_timeout = INACTIVE_SECONDS
    settings.queueing.idle_timeout = 1.0
    for kind in kinds:
        if kind.selector:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = kind.selector
    return settings


def _handler(kind: ObjectKind, inbox: Inbox) -> Callable[..., Awaitable[None]]:
    async def on_event(event: Any, **_: Any) -> None:  # noqa: ANN401 - kopf's types
        type_ = EventType.DELETED if event["type"] == "DELETED" else EventType.UPSERT
        inbox.event(kind.kind, type_, event["object"])

    return on_event


async def _login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 - kopf's types
    configuration = await login()
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        ca_data=configuration.ca_cert_data if not configuration.ssl_ca_cert else None,
        insecure=not configuration.verify_ssl,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        token=await token_of(configuration),
    )
