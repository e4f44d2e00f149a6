"""Kinds that a cluster may lack, as HTTPRoute: watched while they are there, looked for while they are not.

    look, every LOOK_SECONDS ──it is there──> watch ──its end, or the kind is gone──> look at once, and again

kopf ends as a whole when one of its watches meets a 404, and its own search for definitions needs rights on them. So
each of these kinds has a kopf of its own, whose end means no more than another look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import kopf
import structlog

from leeboard.adapters.kubernetes.cache import Cache, Presence
from leeboard.adapters.kubernetes.jitter import jittered
from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.adapters.kubernetes.listing import Lister
from leeboard.handlers.watching import registry_of, watch_settings

LOOK_SECONDS = 10.0
CHECK_SECONDS = 1.0
STALE_SECONDS = 60.0
STOP_SECONDS = 5.0
_log = structlog.get_logger()


async def watch_while_there(kind: ObjectKind, *, cache: Cache, lister: Lister, on_spawn: Callable[[], None]) -> None:
    """For ever; ``on_spawn`` is called whenever kopf took the signals of the process."""
    while True:
        if cache.presence(kind.kind) is Presence.LISTED and await lister.is_discovered(kind):
            await _watch(kind, cache=cache, on_spawn=on_spawn)
            await lister.look(kind)
        await asyncio.sleep(jittered(LOOK_SECONDS))
        if cache.presence(kind.kind) is not Presence.LISTED:
            await lister.look(kind)


async def _watch(kind: ObjectKind, *, cache: Cache, on_spawn: Callable[[], None]) -> None:
    """One kopf, until it ends, the kind is no longer there, or it does not bring what a sweep saw."""
    settings = watch_settings((kind,))
    # kopf's own end would kill the process ten minutes later.
    settings.process.ultimate_exiting_timeout = None
    tasks = await kopf.spawn_tasks(
        registry=registry_of(cache, (kind,)), settings=settings, memo=kopf.Memo(), clusterwide=True
    )
    on_spawn()
    _log.info("watching an optional kind", object_kind=kind.kind)
    try:
        while _is_useful(kind, cache) and not any(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _stop(kind, tasks)


def _is_useful(kind: ObjectKind, cache: Cache) -> bool:
    return cache.presence(kind.kind) is Presence.LISTED and cache.undelivered_seconds(kind.kind) < STALE_SECONDS


async def _stop(kind: ObjectKind, tasks: Collection[asyncio.Task[None]]) -> None:
    """Not ``kopf.run_tasks``: in its end it cancels every task of the process that is younger than this watch."""
    errors = [repr(task.exception()) for task in tasks if task.done() and not task.cancelled() and task.exception()]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_SECONDS)
    _log.warning("the watch of an optional kind ended", object_kind=kind.kind, errors=errors)
