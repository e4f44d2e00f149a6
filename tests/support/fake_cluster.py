"""The API server in memory, as far as the port shows it; it passes the same contract test as the adapter."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import assert_never

from leeboard.api.names import API_VERSION, Kind, Label
from leeboard.api.resource import Manifest, Metadata, is_controlled_by
from leeboard.errors import AlreadyExistsError, ConflictError, LeeboardError, NotLeaderError
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, Notice, ObjectRef, Write, ref_of
from leeboard.ports import Key


@dataclass
class FakeCluster:
    """``failures`` are raised by the next writes, one each; ``is_leader`` shuts the gate when false; kinds in
    ``absent`` are those that the API server does not have.
    """

    is_leader: bool = True
    is_complete: bool = True
    absent: set[str] = field(default_factory=set)
    objects: dict[ObjectRef, Manifest] = field(default_factory=dict)
    logs: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    written: list[Write] = field(default_factory=list)
    statuses: list[Manifest] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    failures: list[LeeboardError] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def put(self, manifest: Manifest) -> Manifest:
        """Somebody else's create or update; the stored object."""
        return self._store(copy.deepcopy(manifest))

    async def get(self, ref: ObjectRef) -> Manifest | None:
        return copy.deepcopy(self.objects.get(ref))

    def children(self, owner: Metadata, kind: str) -> Children | Unknown:
        return self._select(kind, lambda metadata: (metadata.get("labels") or {}).get(Label.UID) == owner.uid)

    def serves(self, kind: str) -> bool:
        return kind not in self.absent

    def cached(self, kind: str, namespace: str) -> Children | Unknown:
        return self._select(kind, lambda metadata: metadata["namespace"] == namespace)

    def named(self, kind: str, namespace: str, name: str) -> Manifest | Unknown | None:
        found = self.cached(kind, namespace)
        return found if isinstance(found, Unknown) else found.named(name)

    async def log_tail(self, ref: ObjectRef, container: str, *, lines: int) -> tuple[str, ...] | None:
        log = self.logs.get((ref.name, container))
        return None if log is None else log[-lines:]

    async def write(self, owner: Metadata, kind: Kind, write: Write) -> None:  # noqa: ARG002 - the port's signature
        self._gate()
        match write:
            case Create(manifest=manifest):
                self._create(owner, manifest)
            case CreateSecret(manifest=manifest, hex_digits=hex_digits):
                if ref_of(manifest) not in self.objects:
                    self._store({**copy.deepcopy(manifest), "data": dict.fromkeys(hex_digits, "drawn")})
            case Apply(manifest=manifest, uid=uid):
                self._demand(ref_of(manifest), uid)
                self._store({**copy.deepcopy(manifest), "metadata": {**manifest["metadata"], "uid": uid}})
            case JsonPatch(ref=ref, uid=uid, operations=operations):
                self._demand(ref, uid)
                for operation in operations:
                    self._add(ref, operation["path"], operation["value"])
            case Delete(ref=ref, uid=uid):
                self._demand(ref, uid)
                del self.objects[ref]
            case _:
                assert_never(write)
        self.written.append(write)

    async def write_status(self, key: Key, uid: str, status: Manifest) -> None:
        self._gate()
        ref = ObjectRef(API_VERSION, key.kind.value, key.namespace, key.name)
        self._demand(ref, uid)
        self._store({**self.objects[ref], "status": copy.deepcopy(status)})
        self.statuses.append(status)

    async def notify(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:  # noqa: ARG002 - the port's signature
        self.notices.append(notice)

    def _gate(self) -> None:
        if not self.is_leader:
            raise NotLeaderError("shut")
        if self.failures:
            raise self.failures.pop(0)

    def _create(self, owner: Metadata, manifest: Manifest) -> None:
        found = self.objects.get(ref_of(manifest))
        if found is None:
            self._store(copy.deepcopy(manifest))
        elif not is_controlled_by(found, owner.uid):
            raise AlreadyExistsError(f"{manifest['metadata']['name']} already exists")

    def _add(self, ref: ObjectRef, path: str, value: object) -> None:
        """The one operation that plans use: set a field."""
        *parents, last = path.strip("/").split("/")
        place = self.objects[ref]
        for parent in parents:
            place = place[parent]
        place[last] = value

    def _demand(self, ref: ObjectRef, uid: str) -> None:
        found = self.objects.get(ref)
        if found is None or found["metadata"]["uid"] != uid:
            raise ConflictError(f"{ref.name} is gone or another one")

    def _store(self, manifest: Manifest) -> Manifest:
        number = next(self._numbers)
        metadata = {"uid": f"uid-{number}", **manifest["metadata"], "resourceVersion": str(number)}
        self.objects[ref_of(manifest)] = manifest = {**manifest, "metadata": metadata}
        return copy.deepcopy(manifest)

    def _select(self, kind: str, fits: Callable[[Manifest], bool]) -> Children | Unknown:
        if not self.is_complete:
            return Unknown("the cache is not complete yet")
        found = [item for ref, item in self.objects.items() if ref.kind == kind and fits(item["metadata"])]
        return Children(tuple(sorted(copy.deepcopy(found), key=lambda item: item["metadata"]["name"])))
