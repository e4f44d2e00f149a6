"""What ``leeboard get`` shows: tables, the tree of a service, and the tree as it changes."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.live import Live

from leeboard.api.crd import DEFINITIONS
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest
from leeboard.cli.connection import Connection
from leeboard.cli.options import Output
from leeboard.cli.printing import console, print_document, print_table
from leeboard.cli.rows import TABLES, service_of
from leeboard.cli.session import now
from leeboard.cli.tree import tree_of

WATCH_SECONDS = 1.0
ORDER = (Kind.INFERENCE_SERVICE, Kind.MODEL_VERSION, Kind.TRAINING_JOB)
KIND_NAMES = {
    name: definition.kind
    for definition in DEFINITIONS
    for name in (definition.kind.plural, definition.kind.value.lower(), definition.short_name)
}


def kinds_of(what: str | None) -> tuple[Kind, ...]:
    """The kinds that a word means, all of them for none; empty for a name."""
    if what is None:
        return ORDER
    kind = KIND_NAMES.get(what.lower())
    return (kind,) if kind else ()


async def listed(
    connection: Connection, kinds: tuple[Kind, ...], *, everywhere: bool
) -> tuple[str, dict[Kind, list[Manifest]]]:
    """Every resource of these kinds, and the namespace that was looked at."""
    found = {kind: await connection.ours(kind, everywhere=everywhere) for kind in kinds}
    return connection.namespace, found


def print_list(answer: tuple[str, dict[Kind, list[Manifest]]], output: Output, *, everywhere: bool) -> None:
    """A table for each kind that has any, or one List."""
    namespace, found = answer
    if output is not Output.TABLE:
        items = [manifest for manifests in found.values() for manifest in manifests]
        print_document({"apiVersion": "v1", "kind": "List", "items": items}, output)
        return
    if not any(found.values()):
        where = "in any namespace" if everywhere else f"in namespace {namespace}: leeboard get -A"
        Console(stderr=True, highlight=False).print(f"nothing {where}", soft_wrap=True)
    for kind, manifests in found.items():
        if manifests:
            headings, row_of = TABLES[kind]
            rows = [row_of(manifest, now()) for manifest in manifests]
            first = 0 if everywhere else 1
            print_table((f"{kind.value.upper()}", *headings[2:]) if first else headings, (row[first:] for row in rows))


def print_service(manifest: Manifest, output: Output) -> None:
    """The tree, or the object as it is stored."""
    if output is Output.TABLE:
        console().print(tree_of(service_of(manifest), now()))
    else:
        print_document(manifest, output)


async def watch(connection: Connection, name: str) -> None:
    """A tree that is drawn anew each second; without a terminal, one tree whenever something has changed."""
    screen = console()
    manifest = await connection.get(Kind.INFERENCE_SERVICE, name)
    if not screen.is_terminal:
        seen = ""
        while True:
            if manifest["metadata"]["resourceVersion"] != seen:
                seen = manifest["metadata"]["resourceVersion"]
                screen.print(tree_of(service_of(manifest), now()))
            manifest = await _next(connection, name)
    with Live(console=screen, auto_refresh=False) as live:
        while True:
            live.update(tree_of(service_of(manifest), now()), refresh=True)
            manifest = await _next(connection, name)


async def _next(connection: Connection, name: str) -> Manifest:
    await asyncio.sleep(WATCH_SECONDS)
    return await connection.get(Kind.INFERENCE_SERVICE, name)
