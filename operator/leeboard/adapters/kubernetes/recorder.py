"""Events for users, ``events.k8s.io/v1``: told once, short, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from leeboard.adapters.kubernetes.client import Request, Verb
from leeboard.adapters.kubernetes.kinds import EVENT
from leeboard.api.names import API_VERSION, GROUP, Kind, short_hash
from leeboard.api.resource import Manifest, Metadata
from leeboard.planning.plan import Notice

MAX_NOTE = 1024
MAX_REASON = 128
MAX_NAME = 253
CONTROLLER = f"{GROUP}/operator"


def event_request(
    kind: Kind, metadata: Metadata, notice: Notice, *, now: Callable[[], datetime], instance: str
) -> Request:
    """The event; its name is a hash of what it says, so that telling it again meets the first one."""
    suffix = short_hash(metadata.uid, notice.reason, notice.message, length=16)
    body: Manifest = {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {
            "name": f"{metadata.name[: MAX_NAME - len(suffix) - 1]}.{suffix}",
            "namespace": metadata.namespace,
        },
        "eventTime": now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": notice.type.value,
        "reason": notice.reason[:MAX_REASON],
        "note": _cut(notice.message),
        "action": "Reconcile",
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:MAX_REASON],
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": kind.value,
            "namespace": metadata.namespace,
            "name": metadata.name,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        },
    }
    return Request(Verb.CREATE, EVENT.kind, EVENT.path(metadata.namespace), body=body)


def _cut(text: str) -> str:
    """At most 1024 bytes of UTF-8, which is how the API server counts."""
    return text.encode()[:MAX_NOTE].decode(errors="ignore")
