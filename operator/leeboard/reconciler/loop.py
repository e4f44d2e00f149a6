"""One pass: observe, plan, apply. It alone decides what an error means for the next pass.

observe (I/O): the live resource, its children, MLflow -> frozen facts, unknown is a value
plan (pure):   plan(resource, facts, now) -> Plan
apply (I/O):   writes, actions, then status if it differs, then notices
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from pydantic import ValidationError

from leeboard.api.names import API_VERSION, Kind
from leeboard.api.resource import Manifest, Metadata
from leeboard.errors import (
    AlreadyExistsError,
    ConflictError,
    LeeboardError,
    NotLeaderError,
    PermanentError,
    RejectedError,
    TransientError,
)
from leeboard.planning.defaults import Defaults
from leeboard.planning.plan import (
    Apply,
    Create,
    CreateSecret,
    Delete,
    JsonPatch,
    Notice,
    NoticeType,
    ObjectRef,
    Plan,
    Write,
    ref_of,
)
from leeboard.ports import Clock, Cluster, Key, Messages, Nobody, Sources, Tracking
from leeboard.reconciler.kind import KindEntry, Resource
from leeboard.reconciler.rejections import RETRY_SECONDS, Rejections

PASS_SECONDS = 120.0
_log = structlog.get_logger()


class Outcome(StrEnum):
    """How a pass ended, as the metrics count it."""

    SETTLED = "settled"
    CHANGED = "changed"
    GONE = "gone"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    TRANSIENT = "transient"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    NOT_LEADER = "not_leader"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the worker does with the key next: at once, after its back-off, or in so many seconds."""

    outcome: Outcome
    at_once: bool = False
    back_off: bool = False
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a pass reaches."""

    sources: Sources
    clock: Clock
    defaults: Defaults
    kinds: Mapping[Kind, KindEntry[Any, Any]]
    messages: Messages = field(default_factory=Nobody)
    rejections: Rejections = field(default_factory=Rejections)

    @property
    def cluster(self) -> Cluster:
        """The API server: the one source that is written to."""
        return self.sources.cluster

    @property
    def tracking(self) -> Tracking:
        """MLflow, which carries out actions."""
        return self.sources.tracking


async def reconcile(key: Key, world: World) -> Verdict:
    """One pass over ``key``; every foreseen error becomes a verdict."""
    try:
        async with asyncio.timeout(PASS_SECONDS):
            return await _pass(key, world)
    except ConflictError as error:
        _log.info("the world moved", error=str(error))
        return Verdict(Outcome.CONFLICT, back_off=True)
    except (TransientError, TimeoutError) as error:
        _log.warning("will try again", error=str(error) or "the pass took too long")
        return Verdict(Outcome.TRANSIENT, back_off=True)
    except NotLeaderError as error:
        _log.warning("nothing written", error=str(error))
        return Verdict(Outcome.NOT_LEADER, back_off=True)
    except PermanentError as error:
        _log.error("cannot go on", error=str(error))
        return Verdict(Outcome.FAILED, back_off=True)


async def _pass(key: Key, world: World) -> Verdict:
    manifest = await world.cluster.get(ObjectRef(API_VERSION, key.kind.value, key.namespace, key.name))
    if manifest is None:
        world.rejections.forget(key)
        return Verdict(Outcome.GONE)
    entry = world.kinds[key.kind]
    try:
        resource: Resource = entry.parse(manifest)
    except ValidationError as error:
        return await _unreadable(key, manifest, error, world=world)
    structlog.contextvars.bind_contextvars(generation=resource.metadata.generation)
    at = asyncio.get_running_loop().time()
    rejections = await world.rejections.current(key, resource.metadata, cluster=world.cluster, at=at)
    facts = await entry.observe(resource, sources=world.sources, rejections=rejections)
    plan = entry.plan(resource, facts, defaults=world.defaults, now=world.clock.now())
    verdict = await _apply(key, resource, plan, world=world, live_status=manifest.get("status") or {})
    return _look_again(verdict, plan, is_refused=bool(rejections))


async def _apply(key: Key, resource: Resource, plan: Plan, *, world: World, live_status: Manifest) -> Verdict:
    for write in plan.writes:
        try:
            await world.cluster.write(resource.metadata, key.kind, write)
        except (RejectedError, AlreadyExistsError) as error:
            return _refused(key, resource.metadata, error, write=write, world=world)
    failure = await _act(plan, world)
    is_told = await _tell(key, resource.metadata, plan, world=world, live_status=live_status)
    if failure is not None:
        raise failure
    changed = bool(plan.writes or plan.actions or is_told)
    return Verdict(Outcome.CHANGED if changed else Outcome.SETTLED, at_once=changed)


async def _act(plan: Plan, world: World) -> LeeboardError | None:
    """Actions in order up to the first that fails; the status is told before that failure counts."""
    for action in plan.actions:
        try:
            await world.tracking.carry_out(action)
        except LeeboardError as error:
            return error
        _log.info("done in MLflow", action=type(action).__name__)
    return None


async def _tell(key: Key, metadata: Metadata, plan: Plan, *, world: World, live_status: Manifest) -> bool:
    """Write the status if it differs, and the notices; whether there was a new status."""
    status = plan.status.to_json() if plan.status is not None else live_status
    if status != live_status:
        await world.cluster.write_status(key, metadata.uid, status)
        _log.info("status", phase=status.get("phase"))
    for notice in plan.notices:
        _log.info("told", reason=notice.reason, note=notice.message)
        await _announce(key.kind, metadata, notice, world=world)
    return status != live_status


async def _announce(kind: Kind, metadata: Metadata, notice: Notice, *, world: World) -> None:
    """An event for those who look at the object, a message for those who want to be told."""
    world.messages.offer(kind, metadata, notice)
    await world.cluster.notify(kind, metadata, notice)


def _refused(
    key: Key, metadata: Metadata, error: RejectedError | AlreadyExistsError, *, write: Write, world: World
) -> Verdict:
    """Remember it and look again at once: the plan was made without knowing it, so nothing else of it is done."""
    ref = _target(write)
    at = asyncio.get_running_loop().time()
    world.rejections.remember(key, error, ref=ref, generation=metadata.generation, at=at)
    _log.warning("refused by the API server", object_kind=ref.kind, object=ref.name, error=str(error))
    return Verdict(Outcome.REJECTED, at_once=True)


def _target(write: Write) -> ObjectRef:
    match write:
        case Create(manifest=manifest) | CreateSecret(manifest=manifest) | Apply(manifest=manifest):
            return ref_of(manifest)
        case JsonPatch(ref=ref) | Delete(ref=ref):
            return ref


def _look_again(verdict: Verdict, plan: Plan, *, is_refused: bool) -> Verdict:
    wanted = [plan.requeue_after.total_seconds()] if plan.requeue_after is not None else []
    wanted += [RETRY_SECONDS] if is_refused else []
    after = min(wanted, default=None)
    return Verdict(verdict.outcome, at_once=verdict.at_once, back_off=verdict.back_off, after_seconds=after)


async def _unreadable(key: Key, manifest: Manifest, error: ValidationError, *, world: World) -> Verdict:
    """A stored object that this version cannot read: say so and leave it until it changes."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    _log.error("stored object cannot be read", field=where, error=first["msg"])
    notice = Notice(
        NoticeType.WARNING,
        "UnreadableObject",
        f"This operator cannot read {where}: {first['msg']}. Apply the object again with a valid value.",
    )
    await _announce(key.kind, Metadata.model_validate(manifest["metadata"]), notice, world=world)
    return Verdict(Outcome.UNREADABLE)
