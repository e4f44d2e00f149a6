"""Our own complete LISTs: the barrier before the first key, and the sweep that finds what a broken watch lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

import structlog

from leeboard.adapters.kubernetes.cache import Cache, Presence
from leeboard.adapters.kubernetes.client import LIST_SECONDS, ApiClient, NotFoundError, Request, Verb
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
        """The barrier: return when every kind is in the cache or absent; one that cannot be listed is tried again."""
        for kind in self._kinds:
            while self._cache.presence(kind.kind) is Presence.UNLISTED:
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
            await self.look(kind)

    async def look(self, kind: ObjectKind) -> None:
        """One LIST of one kind; a failure is logged."""
        try:
            changed = await self.list_once(kind)
        except LeeboardError as error:
            _log.warning("sweep failed", object_kind=kind.kind, error=str(error))
            return
        if changed:
            _log.info("sweep found what the watch had not brought", object_kind=kind.kind, changed=changed)

    async def list_once(self, kind: ObjectKind) -> int:
        """One complete LIST into the cache; the number of differences. An optional kind may turn out to be absent."""
        try:
            items, version = await self._listed(kind)
        except NotFoundError:
            if not kind.is_optional:
                raise
            self._listed_at[kind.kind] = self._steady()
            self._cache.missing(kind.kind)
            return 0
        self._listed_at[kind.kind] = self._steady()
        return self._cache.replace(kind.kind, items, version=version)

    async def is_discovered(self, kind: ObjectKind) -> bool:
        """Whether the API server tells of the kind when it is asked what it has; that comes a moment after the LIST."""
        try:
            groups = await self._client.send(Request(Verb.GET, "APIGroupList", "/apis"))
            if kind.group not in {group["name"] for group in groups.get("groups", ())}:
                return False
            answer = await self._client.send(Request(Verb.GET, "APIResourceList", f"/apis/{kind.api_version}"))
        except LeeboardError as error:
            _log.warning("cannot ask for the kinds of the API server", error=str(error))
            return False
        return kind.plural in {resource["name"] for resource in answer.get("resources", ())}

    async def _listed(self, kind: ObjectKind) -> tuple[list[Manifest], str]:
        """Every object of a kind, and the version of the LIST."""
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
                return items, version
