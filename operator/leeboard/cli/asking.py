"""What people ask of a running service: an annotation in their own name, and the operator's answer to it.

read the service ──> its revision, nothing pending ──> annotate at that resourceVersion ──> wait for status.request.id
        ▲────────────────────── changed meanwhile ─────────────┘
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Kind, short_hash
from leeboard.api.resource import Manifest
from leeboard.api.rollout_status import RequestOutcome, RequestStatus
from leeboard.api.verbs import REQUEST, REQUESTED_BY, Asked, RequestVerb
from leeboard.cli.connection import Connection
from leeboard.cli.exits import Exit, Failure
from leeboard.cli.rows import service_of
from leeboard.errors import ConflictError

ATTEMPTS = 8
LOOK_SECONDS = 0.5
ID_LENGTH = 16
EXPIRES = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of which service, and the revision if the person named one."""

    verb: RequestVerb
    service: str
    revision: str | None = None


async def ask(connection: Connection, wish: Wish) -> Asked:
    """Write the request; returns it as it stands. Raises Failure while another one waits to be answered."""
    person = await connection.username()
    for _ in range(ATTEMPTS):
        manifest = await connection.get(Kind.INFERENCE_SERVICE, wish.service)
        asked = request_of(wish, service_of(manifest), person)
        try:
            await connection.patch(Kind.INFERENCE_SERVICE, wish.service, annotating(manifest, asked, person))
        except ConflictError:
            continue
        return asked
    raise Failure(f"{wish.service} changed {ATTEMPTS} times while it was asked: try again")


def request_of(wish: Wish, service: InferenceService, person: str) -> Asked:
    """The request with an id of its own, aimed at what is on its way, else at what serves.

    The id is a hash of the very state that the person saw, so that it is never used twice.
    """
    metadata, status = service.metadata, service.status
    waiting = Asked.parse(metadata.annotations.get(REQUEST, ""))
    if waiting and (status.request is None or status.request.id != waiting.id):
        by = metadata.annotations.get(REQUESTED_BY, "somebody")
        raise Failure(
            f"{waiting.verb} asked by {by} is not answered yet (id {waiting.id}): leeboard get {metadata.name};"
            f" to take it back: kubectl annotate -n {metadata.namespace} inferenceservices.leeboard.dev"
            f" {metadata.name} {REQUEST}-"
        )
    concerned = status.canary or status.stable
    revision = wish.revision if wish.revision is not None else concerned.name if concerned else ""
    identity = short_hash(metadata.uid, metadata.resource_version, wish.verb, person, length=ID_LENGTH)
    return Asked(wish.verb, identity, revision)


def annotating(manifest: Manifest, asked: Asked, person: str) -> list[Manifest]:
    """The JSON patch: both annotations, and a conflict (409) when the service is no longer what was read."""
    metadata = manifest["metadata"]
    head = [{"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}]
    if not metadata.get("annotations"):
        head.append({"op": "add", "path": "/metadata/annotations", "value": {}})
    values = {REQUEST: str(asked), REQUESTED_BY: person}
    return head + [{"op": "add", "path": _pointer(name), "value": value} for name, value in values.items()]


def _pointer(annotation: str) -> str:
    return f"/metadata/annotations/{annotation.replace('~', '~0').replace('/', '~1')}"


async def answer(connection: Connection, wish: Wish, asked: Asked, *, over: Callable[[], bool]) -> RequestStatus:
    """What the operator made of it; raises Failure(TIMEOUT) when ``over`` is true first."""
    while True:
        service = service_of(await connection.get(Kind.INFERENCE_SERVICE, wish.service))
        request = service.status.request
        if request and request.id == asked.id:
            return request
        if service.metadata.annotations.get(REQUEST) != str(asked):
            raise Failure(f"{asked.verb} was taken back before it was answered: leeboard get {wish.service}")
        if over():
            raise Failure(
                f"{asked.verb} is not answered yet, so nothing is known of it; it expires {EXPIRES.seconds // 60}"
                f" minutes after it was asked. leeboard get {wish.service} shows it; does the operator run?",
                Exit.TIMEOUT,
            )
        await asyncio.sleep(LOOK_SECONDS)


def exit_of(request: RequestStatus) -> Exit:
    """Done is 0, refused and expired are 1."""
    return Exit.DONE if request.outcome is RequestOutcome.DONE else Exit.REFUSED
