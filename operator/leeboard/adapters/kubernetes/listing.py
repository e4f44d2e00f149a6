"""Our own complete LISTs: the barrier before the first key, and the sweep that finds what a broken watch lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

import structlog

from leeboard.adapters.kubernetes.cache import Cache
from leeboard.adapters.kubernetes.client import LIST_SECONDS, ApiClient, Request, Verb
from leeboard.adapters.kubernetes.jitter import jittered
from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.api.resource import Manifest
from leeboard.errors import LeeboardError

PAGE = 500
RETRY_SECONDS = 2.0
FIRST_SWEEP_SECONDS = 20.0
_log = structlog.get_logger()


class Lister:
    """Lists every watched kind into the cache."""

    def __init__(
        self, client: ApiClient, cache: Cache, kinds: tuple[ObjectKind, ...], *, steady: Callable[[], float]
    ) -> None:
        self._client = client
        self._cache = cache
        self._kinds = kinds
        self._steady = steady
        self._listed_at: dict[str, float] = {}

    def seconds_since_list(self) -> float:
        """Age of the oldest complete LIST over all kinds, infinite before the barrier."""
        if len(self._listed_at) < len(self._kinds):
            return float("inf")
        return self._steady() - min(self._listed_at.values())

    async def fill(self) -> None:
        """The barrier: return when every kind is in the cache; a kind that cannot be listed yet is tried again."""
        for kind in self._kinds:
            while not self._cache.is_complete_for(kind.kind):
                try:
                    await self.list_once(kind)
                except LeeboardError as error:
                    _log.warning("waiting for the first list", object_kind=kind.kind, error=str(error))
                    await asyncio.sleep(jittered(RETRY_SECONDS))
        _log.info("cache complete", **self._cache.sizes())

    async def sweep_for_ever(self, seconds: float) -> None:
        """List everything again and again; the first time soon, for what vanished between our LIST and the watch."""
        for turn in count():
            await asyncio.sleep(jittered(min(seconds, FIRST_SWEEP_SECONDS) if turn == 0 else seconds))
            await self.sweep()

    async def sweep(self) -> None:
        """One LIST of every kind; a failure is logged and left to the next turn."""
        for kind in self._kinds:
            try:
                changed = await self.list_once(kind)
            except LeeboardError as error:
                _log.warning("sweep failed", object_kind=kind.kind, error=str(error))
                continue
            if changed:
                _log.info("sweep found what the watch had not brought", object_kind=kind.kind, changed=changed)

    async def list_once(self, kind: ObjectKind) -> int:
        """One complete LIST into the cache; the number of differences."""
        items: list[Manifest] = []
        query = {"limit": str(PAGE)} | ({"labelSelector": kind.selector} if kind.selector else {})
        version, token = "", ""
        while True:
            page_query = query | ({"continue": token} if token else {})
            request = Request(Verb.LIST, kind.kind, kind.path(), query=page_query, timeout_seconds=LIST_SECONDS)
            page = await self._client.send(request)
            # Items of a list carry neither of the two.
            items += [{"apiVersion": kind.api_version, "kind": kind.kind} | item for item in page.get("items", ())]
            version = version or page["metadata"]["resourceVersion"]
            token = page["metadata"].get("continue", "")
            if not token:
                break
        self._listed_at[kind.kind] = self._steady()
        return self._cache.replace(kind.kind, items, version=version)
