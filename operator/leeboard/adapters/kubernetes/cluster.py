"""The port ``Cluster`` on a real API server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from leeboard.adapters.kubernetes.cache import Cache, Presence
from leeboard.adapters.kubernetes.client import ApiClient, NotFoundError, Request, Verb
from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.adapters.kubernetes.kinds import kind_of
from leeboard.adapters.kubernetes.logs import lines_of, log_request
from leeboard.adapters.kubernetes.ownership import upgrade_of
from leeboard.adapters.kubernetes.recorder import event_request
from leeboard.adapters.kubernetes.writes import request_of, status_request, target_of
from leeboard.api.names import API_VERSION, Kind, Label
from leeboard.api.resource import Manifest, Metadata, is_controlled_by
from leeboard.errors import AlreadyExistsError, ConflictError, LeeboardError, RejectedError
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, Notice, ObjectRef, Write, uid_of
from leeboard.ports import Key

_log = structlog.get_logger()
_NOT_COMPLETE = "the cache is not complete yet"


class KubernetesCluster:
    """Reads from cache and server, writes through the gate; see ports.Cluster."""

    def __init__(
        self, client: ApiClient, cache: Cache, gate: WriteGate, *, now: Callable[[], datetime], instance: str
    ) -> None:
        self._client = client
        self._cache = cache
        self._gate = gate
        self._now = now
        self._instance = instance

    async def get(self, ref: ObjectRef) -> Manifest | None:
        """The live object."""
        kind = kind_of(ref.api_version, ref.kind)
        try:
            return await self._client.send(Request(Verb.GET, kind.kind, kind.path(ref.namespace, ref.name)))
        except NotFoundError:
            return None

    def children(self, owner: Metadata, kind: str) -> Children | Unknown:
        """Cached objects that carry the owner's uid; they include what this process wrote last."""
        if not self._cache.is_complete:
            return Unknown(_NOT_COMPLETE)
        if self._cache.presence(kind) is Presence.DOUBTED:
            return Unknown(f"the API server did not know the kind {kind} when it was last asked")
        return Children(self._cache.owned(kind, owner.uid))

    def serves(self, kind: str) -> bool:
        """Whether the kind is there; true until its absence is certain."""
        return self._cache.presence(kind) is not Presence.ABSENT

    def cached(self, kind: str, namespace: str) -> Children | Unknown:
        """Cached objects of a namespace."""
        if not self._cache.is_complete:
            return Unknown(_NOT_COMPLETE)
        return Children(self._cache.in_namespace(kind, namespace))

    def named(self, kind: str, namespace: str, name: str) -> Manifest | Unknown | None:
        """One cached object, without a look at the others."""
        if not self._cache.is_complete:
            return Unknown(_NOT_COMPLETE)
        return self._cache.named(kind, namespace, name)

    async def log_tail(self, ref: ObjectRef, container: str, *, lines: int) -> tuple[str, ...] | None:
        """The log's end; None when pod or container, or its log, is not there."""
        try:
            return lines_of(await self._client.text(log_request(ref, container, lines=lines)))
        except (NotFoundError, RejectedError):
            return None

    async def write(self, owner: Metadata, kind: Kind, write: Write) -> None:
        """One write; a create that meets our own earlier one is done, one that meets a stranger raises."""
        self._gate.check()
        ref = target_of(write)
        if isinstance(write, Apply):
            await self._own(ref, write.uid)
        try:
            answer = await self._client.send(request_of(write))
        except AlreadyExistsError:
            if isinstance(write, CreateSecret):
                return  # whose it is nobody may read; its name has the owner's uid in its hash
            if not isinstance(write, Create) or not await self._is_ours(owner, write.manifest):
                raise
            return
        except RejectedError as error:
            if isinstance(write, JsonPatch):
                await self._raise_if_another(ref, write.uid, error)
            raise
        self._remember(write, ref, answer)
        _log.info("written", verb=type(write).__name__, owner_kind=kind.value, object_kind=ref.kind, object=ref.name)

    async def write_status(self, key: Key, uid: str, status: Manifest) -> None:
        """Replace our status."""
        self._gate.check()
        ref = ObjectRef(API_VERSION, key.kind.value, key.namespace, key.name)
        try:
            answer = await self._client.send(status_request(key.kind, ref=ref, uid=uid, status=status))
        except RejectedError as error:
            await self._raise_if_another(ref, uid, error)
            raise
        self._cache.announced(key.kind.value, answer)

    async def notify(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:
        """Post one event."""
        request = event_request(kind, metadata, notice, now=self._now, instance=self._instance)
        try:
            self._gate.check()
            await self._client.send(request)
        except AlreadyExistsError:
            _log.debug("event told before", reason=notice.reason)
        except LeeboardError as error:
            _log.warning("event not posted", reason=notice.reason, error=str(error))

    async def _is_ours(self, owner: Metadata, wanted: Manifest) -> bool:
        """Whether the object of that name is the one we created before, for example by a request that timed out."""
        kind, metadata = kind_of(wanted["apiVersion"], wanted["kind"]), wanted["metadata"]
        found = await self.get(ObjectRef(kind.api_version, kind.kind, metadata["namespace"], metadata["name"]))
        if found is None:
            return False
        if metadata.get("ownerReferences"):
            ours = is_controlled_by(found, owner.uid)
        else:
            ours = (found["metadata"].get("labels") or {}).get(Label.UID) == owner.uid
        if ours:
            self._cache.wrote(kind.kind, found)
        return ours

    async def _own(self, ref: ObjectRef, uid: str) -> None:
        """Before an apply: make what we POSTed ours by apply, or items that it leaves out would stay."""
        live = await self.get(ref)
        if live is None or uid_of(live) != uid:
            raise ConflictError(f"{ref.kind} {ref.name} is gone or another one")
        upgrade = upgrade_of(live)
        if upgrade is not None:
            await self._client.send(request_of(upgrade))

    async def _raise_if_another(self, ref: ObjectRef, uid: str, error: RejectedError) -> None:
        """Raise ConflictError when that object is gone or another one: a failed test of a patch is a 422 as well."""
        found = await self.get(ref)
        if found is None or uid_of(found) != uid:
            raise ConflictError(error.message) from error

    def _remember(self, write: Write, ref: ObjectRef, answer: Manifest) -> None:
        # A delete answers with a Status, or with the object: gone when it does not say that it is going.
        if isinstance(write, Delete) and "deletionTimestamp" not in answer.get("metadata", {}):
            self._cache.deleted(ref.kind, write.uid)
        else:
            self._cache.wrote(ref.kind, answer)
