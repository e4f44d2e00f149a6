"""All endpoints: each wanted notice goes to the mailbox of each that wants it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping

from leeboard.adapters.notifications.bodies import Message, Subject
from leeboard.adapters.notifications.mailbox import Desk, Mailbox
from leeboard.api.conditions import timestamp
from leeboard.api.names import Kind, short_hash
from leeboard.api.resource import Metadata
from leeboard.planning.plan import Notice
from leeboard.planning.topics import Endpoint, topic_of

MOST_REMEMBERED = 4096


class Notifier:
    """The port ``Messages``. What waits when the operator ends is lost after a moment: messages are told at most
    once for a turn, though an endpoint that answers too late may get one again, with the same id.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint], desk: Desk, *, cluster: str) -> None:
        self._desk = desk
        self._cluster = cluster
        self._mailboxes = tuple(Mailbox(name, endpoint, desk) for name, endpoint in sorted(endpoints.items()))
        self._last: OrderedDict[str, str] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []

    def offer(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:
        """See ports.Messages."""
        topic = topic_of(kind, notice)
        if topic is None or not self._desk.may_send() or not self._is_news(metadata.uid, notice):
            return
        time = timestamp(self._desk.now())
        message = Message(
            short_hash(metadata.uid, notice.reason, notice.message, time, length=32),
            time,
            topic,
            Subject(self._cluster, kind, metadata.namespace, metadata.name, metadata.uid),
            notice,
        )
        for mailbox in self._mailboxes:
            if mailbox.endpoint.wants(topic, metadata.namespace):
                mailbox.offer(message)

    def start(self) -> None:
        """Begin to post."""
        self._tasks = [asyncio.create_task(one.deliver_for_ever(), name="notifications") for one in self._mailboxes]

    async def stop(self, *, seconds: float) -> None:
        """Let what waits go out within ``seconds``, then end."""
        if self._tasks:
            emptied = [asyncio.create_task(one.emptied()) for one in self._mailboxes]
            _, late = await asyncio.wait(emptied, timeout=seconds)
            for task in (*late, *self._tasks):
                task.cancel()
            await asyncio.gather(*late, *self._tasks, return_exceptions=True)
        self._tasks = []

    def _is_news(self, uid: str, notice: Notice) -> bool:
        """Whether it says something else than the last message about the object: passes may say a thing again."""
        said = short_hash(notice.reason, notice.message)
        is_news = self._last.pop(uid, None) != said
        self._last[uid] = said
        if len(self._last) > MOST_REMEMBERED:
            self._last.popitem(last=False)
        return is_news
