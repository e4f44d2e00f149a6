"""The port ``Watching``: every watched service is polled every 15 s, or more often where windows are short, beside the
passes.

due ──> pods asked ──> windows advanced ──> due ones judged ──mark changed──> key queued ──> a pass writes the ConfigMap

What is known lives here and in the service's ConfigMap, which a new leader begins from. Nothing is written, and no pass
is made, while no window ends and no pod goes. A pod that is told to end is asked at once and again until it has ended:
its server goes only after a second without a request, so that the last answer holds all that it counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import structlog
from pydantic import ValidationError

from leeboard.api.names import Kind, Label
from leeboard.api.resource import Manifest, Metadata, is_controlled_by
from leeboard.monitoring.cells import PodReport
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Subject, Watch, advanced, closing, cursors, judged
from leeboard.planning.facts import Unknown
from leeboard.planning.monitoring.keeping import remembered
from leeboard.planning.observed import is_leaving
from leeboard.ports import Clock, Cluster, Counters, Key, Tracking
from leeboard.reconciler.watching.profiles import Profiles
from leeboard.reconciler.watching.subjects import Polled, interval_of, polled_of

POLL_SECONDS = 15.0
TICK_SECONDS = 0.5
ENDING_SECONDS = 0.5
AT_ONCE = 32
SERVICE_SECONDS = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the watcher reaches; ``services`` are all InferenceServices, ``changed`` queues a key, ``jitter`` is a
    number from 0 to 1, another one each time.
    """

    cluster: Cluster
    counters: Counters
    tracking: Tracking
    clock: Clock
    services: Callable[[], Iterable[Manifest]]
    changed: Callable[[Key], None]
    jitter: Callable[[], float]
    interval: float = POLL_SECONDS


class Watcher:
    """What is known of every watched service; one in a process, and only the leader's polls."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._profiles = Profiles(around.tracking)
        self._known: dict[str, Watch] = {}
        self._due: dict[str, float] = {}
        self._ending: set[str] = set()
        self._polling: dict[str, asyncio.Task[None]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def known(self, owner: Metadata) -> Watch | None:
        """See ports.Watching."""
        return self._known.get(owner.uid)

    def noticed(self, kind: str, manifest: Manifest) -> None:
        """An object changed. A pod that ends is asked what it counted as long as it can say so."""
        uid = (manifest["metadata"].get("labels") or {}).get(Label.UID)
        if kind == "Pod" and uid in self._due and _may_still_tell(manifest):
            self._ending.add(uid)
            self._due[uid] = 0.0

    async def watch_for_ever(self) -> None:
        """Poll until cancelled."""
        try:
            while True:
                self._begin(asyncio.get_running_loop().time())
                await asyncio.sleep(TICK_SECONDS)
        finally:
            for task in self._polling.values():
                task.cancel()
            await asyncio.gather(*self._polling.values(), return_exceptions=True)

    def _begin(self, now: float) -> None:
        """Polls that are due; one at a time for each service, spread over the interval."""
        interval, jitter, there = self._around.interval, self._around.jitter, set()
        for service in self._around.services():
            uid = service["metadata"]["uid"]
            there.add(uid)
            if uid in self._polling or self._due.setdefault(uid, now + interval * jitter()) > now:
                continue
            usual = interval_of(service, interval) * (0.9 + 0.2 * jitter())
            self._due[uid] = now + (ENDING_SECONDS if uid in self._ending else usual)
            task = self._polling[uid] = asyncio.create_task(self._one(service), name=f"watch {uid}")
            task.add_done_callback(partial(self._ended, uid))
        for uid in {*self._due, *self._known} - there:
            self._ending.discard(uid)
            self._due.pop(uid, None)
            self._known.pop(uid, None)

    def _ended(self, uid: str, _: asyncio.Task[None]) -> None:
        self._polling.pop(uid, None)

    async def _one(self, service: Manifest) -> None:
        metadata = service["metadata"]
        names = {"namespace": metadata["namespace"], "name": metadata["name"]}
        try:
            async with self._at_once, asyncio.timeout(SERVICE_SECONDS):
                await self.look(service)
        except (TimeoutError, ValidationError) as error:
            _log.warning("a service could not be watched", **names, error=str(error) or "it took too long")
        except Exception:  # noqa: BLE001 - a defect met by one service must not stop the others
            _log.exception("watching failed by a defect", **names)

    async def look(self, service: Manifest) -> None:
        """One poll of one service; raises ValidationError when its spec cannot be read."""
        owner = Metadata.model_validate(service["metadata"])
        is_first = owner.uid not in self._known
        polled = polled_of(service, owner, self._around.cluster)
        if not isinstance(polled, Polled) or not any(map(_may_still_tell, polled.pods)):
            self._ending.discard(owner.uid)
        before = self._known.get(owner.uid) or self._stored(owner)
        if isinstance(polled, Unknown) or before is None:
            return
        if polled is None:
            self._known[owner.uid] = before
            if is_first and (service.get("status") or {}).get("drift"):
                self._changed(owner)
            return
        profiles = {name: await self._profiles.brief(ref) for name, ref in polled.profiles.items()}
        known = {name: profile for name, profile in profiles.items() if profile is not None}
        faults = {name: self._profiles.fault(ref) for name, ref in polled.profiles.items()}
        blind = {name: why for name, why in faults.items() if why is not None}
        if not known or (profiles.keys() - known.keys()) & before.memory.windows.revisions.keys():
            # later: to go on without a profile would be to forget what its pods counted
            if blind:
                self._learn(owner, before, replace(before, blind=blind))
            return
        subject = Subject(known, polled.settings, polled.stable)
        wanted = cursors(before) if polled.takes_labels else {}
        counted = await self._around.counters.cells(polled.pods, profiles=known, cursors=wanted)
        pods: Mapping[str, PodReport | None] = {
            name: None if isinstance(one, Unknown) else one for name, one in counted.items()
        }
        now = self._around.clock.now()
        after = advanced(before, pods, subject, now=now)
        after = judged(after, subject, await self._whole(polled, closing(after, subject)), now=now)
        self._learn(owner, before, replace(after, blind=blind))

    def _learn(self, owner: Metadata, before: Watch, after: Watch) -> None:
        is_first = owner.uid not in self._known
        self._known[owner.uid] = after
        if is_first or (after.mark, after.blind) != (before.mark, before.blind):
            self._changed(owner)

    def _changed(self, owner: Metadata) -> None:
        self._around.changed(Key(Kind.INFERENCE_SERVICE, owner.namespace, owner.name))

    async def _whole(self, polled: Polled, revisions: Iterable[str]) -> dict[str, Profile]:
        found = {name: await self._profiles.whole(polled.profiles[name]) for name in revisions}
        return {name: profile for name, profile in found.items() if profile is not None}

    def _stored(self, owner: Metadata) -> Watch | None:
        """What the ConfigMap remembers, else nothing yet; None while the cache cannot say."""
        config_maps = self._around.cluster.children(owner, "ConfigMap")
        if isinstance(config_maps, Unknown):
            return None
        ours = [item for item in config_maps.items if is_controlled_by(item, owner.uid)]
        return remembered(owner, ours) or Watch()


def _may_still_tell(pod: Manifest) -> bool:
    """Whether a pod was told to end and has not ended yet."""
    return is_leaving(pod) and (pod.get("status") or {}).get("phase") == "Running"
