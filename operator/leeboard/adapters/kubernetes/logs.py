"""The end of a container's log, bounded line by line."""

from __future__ import annotations

from leeboard.adapters.kubernetes.client import Request, Verb
from leeboard.adapters.kubernetes.kinds import kind_of
from leeboard.planning.plan import ObjectRef

RECORD = "LEEBOARD-"
MAX_LINE = 16 * 1024
LOG_SECONDS = 20.0


def log_request(pod: ObjectRef, container: str, *, lines: int) -> Request:
    """The last ``lines`` lines; no byte limit, because the server cuts the end, where a record stands."""
    path = kind_of(pod.api_version, pod.kind).path(pod.namespace, pod.name, subresource="log")
    query = {"container": container, "tailLines": str(lines)}
    return Request(Verb.GET, "Pod/log", path, query=query, timeout_seconds=LOG_SECONDS)


def lines_of(text: str) -> tuple[str, ...]:
    """Lines cut to 16 KiB each, but for records, which are JSON and must stay whole."""
    return tuple(line if line.startswith(RECORD) else line[:MAX_LINE] for line in text.splitlines())
