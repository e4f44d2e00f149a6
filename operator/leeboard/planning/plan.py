"""A plan: everything that one pass wants changed, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from leeboard.api.resource import Manifest, Status
from leeboard.planning.actions import Action


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object of the API server."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Create:
    """POST; an object that is there already is left alone and observed in the next pass."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class CreateSecret:
    """POST of a Secret with so many random hexadecimal digits in each entry; one of that name stays as it is, unread.

    A plan holds no secret: the digits are drawn as it is carried out.
    """

    manifest: Manifest
    hex_digits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply of a whole object with the uid that was observed: never creates, never adopts."""

    manifest: Manifest
    uid: str


@dataclass(frozen=True, slots=True)
class JsonPatch:
    """JSON patch, preceded by a test of the observed uid."""

    ref: ObjectRef
    uid: str
    operations: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the object of that uid, its dependants in the background."""

    ref: ObjectRef
    uid: str


Write = Create | CreateSecret | Apply | JsonPatch | Delete


class NoticeType(StrEnum):
    """Types of Kubernetes events."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Notice:
    """An event for users, told on a transition: reason, sentence, number, next step."""

    type: NoticeType
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, what to ask of MLflow, the whole new status, what to tell, and when to look again.

    ``status`` is compared with the observed one and written only when it differs; None leaves it.
    """

    status: Status | None = None
    writes: tuple[Write, ...] = ()
    actions: tuple[Action, ...] = ()
    notices: tuple[Notice, ...] = ()
    requeue_after: timedelta | None = field(default=None)


def ref_of(manifest: Manifest) -> ObjectRef:
    """The reference of an object."""
    metadata = manifest["metadata"]
    return ObjectRef(manifest["apiVersion"], manifest["kind"], metadata["namespace"], metadata["name"])


def uid_of(manifest: Manifest) -> str:
    """The uid of an observed object."""
    return str(manifest["metadata"]["uid"])
