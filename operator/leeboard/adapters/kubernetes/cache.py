"""What the API server held when we last heard of it: per kind, filled by our LIST, kept by events and our own writes.

Order is by resourceVersion, never by arrival. A uid never comes back, so a deleted one is remembered for two sweeps and
can not be revived by a LIST that was under way. The answer to each of our writes goes in at once: a pass that follows a
write sees it, whether the watch has delivered it or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.adapters.kubernetes.objects import content_of, is_newer, slim, version_of
from leeboard.api.names import Kind, Label
from leeboard.api.resource import Manifest


class Origin(StrEnum):
    """Who tells of a change."""

    FIRST_LIST = "FirstList"  # it was there when we started
    NEWS = "News"  # somebody else changed it, or we created a resource that has a key of its own
    OUR_STATUS = "OurStatus"  # the loop looks at that resource again by itself


OnChange = Callable[[str, Manifest, Origin], None]


class Presence(StrEnum):
    """What is known of a kind.

    Unlisted ──LIST──> Listed ──404──> Doubted ──404──> Absent
                         ^                │               │
                         └──────LIST──────┴──────LIST─────┘
    """

    UNLISTED = "Unlisted"  # not asked yet: no key may be processed
    LISTED = "Listed"  # every object is here
    DOUBTED = "Doubted"  # it was there and one LIST was answered 404: its objects are unknown
    ABSENT = "Absent"  # the API server has no such kind, so there are no objects


class EventType(StrEnum):
    """Watch event types; kopf replays its LIST with none, which is an upsert as well."""

    UPSERT = "UPSERT"
    DELETED = "DELETED"


@dataclass(slots=True)
class _Store:
    by_uid: dict[str, Manifest] = field(default_factory=dict)
    by_owner: dict[str, set[str]] = field(default_factory=dict)
    by_namespace: dict[str, set[str]] = field(default_factory=dict)
    by_name: dict[tuple[str, str], str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    gone_before: set[str] = field(default_factory=set)
    undelivered: dict[str, tuple[str, float]] = field(default_factory=dict)
    presence: Presence = Presence.UNLISTED


class Cache:
    """Watched objects; ``on_change(kind, object, origin)`` is told of all but our own writes of children.

    ``on_presence(kind)`` is told when an optional kind comes or goes after the first look at it.
    """

    def __init__(
        self,
        kinds: Iterable[ObjectKind],
        *,
        on_change: OnChange,
        steady: Callable[[], float],
        on_presence: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stores: dict[str, _Store] = {kind.kind: _Store() for kind in kinds}
        self._on_change = on_change
        self._on_presence = on_presence
        self._steady = steady

    @property
    def is_complete(self) -> bool:
        """Whether every kind was listed once, or is known to be absent: no key may be processed before."""
        return all(store.presence is not Presence.UNLISTED for store in self._stores.values())

    def presence(self, kind: str) -> Presence:
        """What is known of one kind."""
        return self._stores[kind].presence

    def sizes(self) -> Mapping[str, int]:
        """Number of objects by kind."""
        return {kind: len(store.by_uid) for kind, store in self._stores.items()}

    def undelivered_seconds(self, kind: str) -> float:
        """How long ago a LIST saw something of ``kind`` that no watch event has brought yet; 0 when there is none."""
        since = [seen_at for _, seen_at in self._stores[kind].undelivered.values()]
        return self._steady() - min(since) if since else 0.0

    def owned(self, kind: str, uid: str) -> tuple[Manifest, ...]:
        """Objects of ``kind`` that carry the owner's uid label, by name."""
        store = self._stores[kind]
        return _sorted(store.by_uid[key] for key in store.by_owner.get(uid, ()))

    def everywhere(self, kind: str) -> tuple[Manifest, ...]:
        """Every object of ``kind``, by name."""
        return _sorted(self._stores[kind].by_uid.values())

    def in_namespace(self, kind: str, namespace: str) -> tuple[Manifest, ...]:
        """Every object of ``kind`` in the namespace, by name."""
        store = self._stores[kind]
        return _sorted(store.by_uid[key] for key in store.by_namespace.get(namespace, ()))

    def named(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """The object of that name, None when there is none."""
        store = self._stores[kind]
        uid = store.by_name.get((namespace, name))
        return None if uid is None else store.by_uid[uid]

    def event(self, kind: str, type_: EventType, manifest: Manifest) -> None:
        """A watch event arrived."""
        store, uid = self._stores[kind], manifest["metadata"]["uid"]
        if type_ is EventType.DELETED:
            self._remove(store, uid)
            store.undelivered.pop(uid, None)
            self._on_change(kind, slim(kind, manifest), Origin.NEWS)
            return
        expected = store.undelivered.get(uid)
        if expected and not is_newer(expected[0], than=version_of(manifest)):
            del store.undelivered[uid]
        if self._put(kind, store, manifest):
            self._on_change(kind, store.by_uid[uid], Origin.NEWS)

    def wrote(self, kind: str, manifest: Manifest) -> None:
        """Our own write returned ``manifest``; kinds that are not watched are ignored.

        A child's key is processed again anyway; a resource of ours, a ModelVersion, is told of: it has a key of its
        own, and its watch event will be no news.
        """
        if kind in self._stores and self._put(kind, self._stores[kind], manifest) and kind in set(Kind):
            self._on_change(kind, self._stores[kind].by_uid[manifest["metadata"]["uid"]], Origin.NEWS)

    def announced(self, kind: str, manifest: Manifest) -> None:
        """Our own write of a status: whoever depends on it is told now, and its watch event is no news any more."""
        if self._put(kind, self._stores[kind], manifest):
            self._on_change(kind, self._stores[kind].by_uid[manifest["metadata"]["uid"]], Origin.OUR_STATUS)

    def deleted(self, kind: str, uid: str) -> None:
        """Our own delete removed the object of that uid at once."""
        if kind in self._stores:
            self._remove(self._stores[kind], uid)

    def replace(self, kind: str, items: Iterable[Manifest], *, version: str) -> int:
        """A complete LIST at ``version``: take what is newer, drop what is gone; the number of differences.

        Objects that the watch brought after ``version`` stay. What differs is expected from the watch: see
        ``undelivered_seconds``.
        """
        store = self._stores[kind]
        was_complete, changed, listed = store.presence is Presence.LISTED, 0, set()
        for manifest in items:
            uid = manifest["metadata"]["uid"]
            listed.add(uid)
            if self._put(kind, store, manifest):
                changed += 1
                if was_complete:
                    store.undelivered[uid] = (version_of(manifest), self._steady())
                self._on_change(kind, store.by_uid[uid], Origin.NEWS if was_complete else Origin.FIRST_LIST)
        for uid in [uid for uid in store.by_uid if uid not in listed]:
            manifest = store.by_uid[uid]
            if not is_newer(version_of(manifest), than=version):
                changed += 1
                self._remove(store, uid)
                self._on_change(kind, manifest, Origin.NEWS)
        store.undelivered = {uid: seen for uid, seen in store.undelivered.items() if uid in listed}
        store.gone_before, store.gone = store.gone, set()
        self._turn(kind, Presence.LISTED)
        return changed

    def missing(self, kind: str) -> None:
        """A LIST of an optional kind was answered that there is no such kind; one that was there is asked for again."""
        store = self._stores[kind]
        if store.presence is Presence.LISTED:
            self._turn(kind, Presence.DOUBTED)
            return
        store.undelivered.clear()
        for uid in list(store.by_uid):
            self._remove(store, uid)
        self._turn(kind, Presence.ABSENT)

    def _turn(self, kind: str, presence: Presence) -> None:
        store = self._stores[kind]
        before, store.presence = store.presence, presence
        if before not in {presence, Presence.UNLISTED}:
            self._on_presence(kind)

    def _put(self, kind: str, store: _Store, manifest: Manifest) -> bool:
        """Take what is newer; whether it says anything new of what is kept."""
        metadata = manifest["metadata"]
        uid = metadata["uid"]
        if uid in store.gone or uid in store.gone_before:
            return False
        known = store.by_uid.get(uid)
        if known is not None and not is_newer(version_of(manifest), than=version_of(known)):
            return False
        store.by_uid[uid] = kept = slim(kind, manifest)
        if known is None:
            self._index(store, manifest, uid)
            return True
        return content_of(kept) != content_of(known)

    def _index(self, store: _Store, manifest: Manifest, uid: str) -> None:
        metadata = manifest["metadata"]
        store.by_namespace.setdefault(metadata["namespace"], set()).add(uid)
        store.by_name[metadata["namespace"], metadata["name"]] = uid
        owner = (metadata.get("labels") or {}).get(Label.UID)
        if owner:
            store.by_owner.setdefault(owner, set()).add(uid)

    def _remove(self, store: _Store, uid: str) -> None:
        store.gone.add(uid)
        manifest = store.by_uid.pop(uid, None)
        if manifest is None:
            return
        # Its name may be another object's already.
        place = (manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        if store.by_name.get(place) == uid:
            del store.by_name[place]
        owner = (manifest["metadata"].get("labels") or {}).get(Label.UID, "")
        for index, key in ((store.by_namespace, manifest["metadata"]["namespace"]), (store.by_owner, owner)):
            members = index.get(key)
            if members is not None:
                members.discard(uid)
                if not members:
                    del index[key]


def _sorted(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    return tuple(sorted(manifests, key=lambda manifest: manifest["metadata"]["name"]))
