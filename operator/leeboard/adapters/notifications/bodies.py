"""What is posted: a document of ours, or what Slack and those who speak its format take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leeboard.api.names import Kind
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.topics import Format, Topic

VERSION = "leeboard.dev/notification/v1"
MAX_TEXT = 1024
_MARKS = {NoticeType.WARNING: ":warning:", NoticeType.NORMAL: ":information_source:"}


@dataclass(frozen=True, slots=True)
class Subject:
    """Which object a message is about."""

    cluster: str
    kind: Kind
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Message:
    """One notice as it is told; ``time`` is RFC 3339, ``id`` the same however often it is posted."""

    id: str
    time: str
    topic: Topic
    subject: Subject
    notice: Notice


def body_of(message: Message, format_: Format, *, missed: int) -> Mapping[str, object]:
    """What is posted; ``missed`` are the messages that this endpoint should have had since the last one it took."""
    match format_:
        case Format.JSON:
            return _document(message, missed)
        case Format.SLACK:
            return {"text": _text(message, missed)}


def _document(message: Message, missed: int) -> Mapping[str, object]:
    subject, notice = message.subject, message.notice
    return {
        "version": VERSION,
        "id": message.id,
        "time": message.time,
        "topic": message.topic.value,
        "type": notice.type.value,
        "reason": notice.reason,
        "message": notice.message[:MAX_TEXT],
        "cluster": subject.cluster,
        "object": {
            "kind": subject.kind.value,
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
        },
        "missed": missed,
    }


def _text(message: Message, missed: int) -> str:
    """Three lines at most; what users wrote can neither mention anybody nor make a link."""
    subject, notice = message.subject, message.notice
    where = f"{subject.kind.value} `{subject.namespace}/{subject.name}` on {subject.cluster}"
    lines = [f"{_MARKS[notice.type]} *{notice.reason}* {where}", notice.message[:MAX_TEXT]]
    if missed:
        lines.append(f"_not told before this: {missed} other messages_")
    return escaped("\n".join(lines))


def escaped(text: str) -> str:
    """Slack's three control characters as it wants them: https://docs.slack.dev/messaging/formatting-message-text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
