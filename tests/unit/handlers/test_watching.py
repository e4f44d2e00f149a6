"""kopf as transport: what is watched, and that a handler only hands events on."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from leeboard.adapters.kubernetes.cache import EventType
from leeboard.adapters.kubernetes.kinds import OPTIONAL, REQUIRED, WATCHED
from leeboard.api.resource import Manifest
from leeboard.handlers.watching import registry_of, watch_settings


@dataclass
class Inbox:
    received: list[tuple[str, EventType, Manifest]] = field(default_factory=list)

    def event(self, kind: str, type_: EventType, manifest: Manifest, /) -> None:
        self.received.append((kind, type_, manifest))


def test_every_watched_kind_has_one_handler_and_nothing_else_is_registered() -> None:
    registry = registry_of(Inbox(), REQUIRED)

    watched = [handler.selector for handler in registry._watching.get_all_handlers()]
    assert [(one.group, one.version, one.plural) for one in watched if one is not None] == [
        (kind.group, kind.version, kind.plural) for kind in REQUIRED
    ]
    others = (registry._changing, registry._spawning, registry._indexing, registry._webhooks)
    assert [handler for one in others for handler in one.get_all_handlers()] == []


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (None, EventType.UPSERT),
        ("ADDED", EventType.UPSERT),
        ("MODIFIED", EventType.UPSERT),
        ("DELETED", EventType.DELETED),
    ],
)
async def test_an_event_is_handed_on(type_: str | None, expected: EventType) -> None:
    inbox, job = Inbox(), {"metadata": {"name": "job"}}
    handlers = registry_of(inbox, WATCHED)._watching.get_all_handlers()
    (handler,) = [one for one in handlers if one.selector is not None and one.selector.plural == "jobs"]

    await cast("Any", handler.fn)(event={"type": type_, "object": job}, extra="ignored")

    assert inbox.received == [("Job", expected, job)]


def test_a_kind_that_a_cluster_may_lack_is_not_among_those_whose_absence_ends_kopf() -> None:
    assert {kind.kind for kind in OPTIONAL} == {"HTTPRoute"}
    assert {kind.kind for kind in OPTIONAL}.isdisjoint(kind.kind for kind in REQUIRED)


def test_only_our_own_children_are_asked_for() -> None:
    settings = watch_settings(WATCHED)

    selectors = set(settings.watching.label_selectors.values())
    assert selectors == {"app.kubernetes.io/managed-by=leeboard"}
    assert len(settings.watching.label_selectors) == len([kind for kind in WATCHED if kind.selector])
    assert settings.scanning.disabled
    assert not settings.posting.enabled
    assert settings.peering.standalone
