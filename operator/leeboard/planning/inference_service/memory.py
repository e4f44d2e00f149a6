"""What must outlive a lost status: which versions are not started by themselves, where a rollback goes, and the request
that was answered last. Live objects say the rest.

It is kept in a ConfigMap as long as some version has failed, written before the status, and read only when there is no
status. So an aborted version stays aborted, a rollback goes on, and no request is answered twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import Field, ValidationError

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.reasons_inference_service import ServiceEvent, ServiceReason
from leeboard.api.resource import ApiModel
from leeboard.api.rollout_status import FailedRevision, RequestStatus
from leeboard.planning.config_maps import config_map, live_config_map
from leeboard.planning.inference_service.offers import Offers
from leeboard.planning.inference_service.roles import starting
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State, without
from leeboard.planning.inference_service.world import World
from leeboard.planning.plan import Apply, Create, Delete, NoticeType, Write, ref_of, uid_of

CONTENT = "memory"
KEY = "memory.json"


class Memory(ApiModel):
    """The part of a state that no live object tells."""

    failed: tuple[FailedRevision, ...] = Field(description="What is not started again by itself.")
    previous: tuple[Revision, ...] = Field(description="Where a rollback goes.")
    request: RequestStatus | None = Field(default=None, description="What was answered last.")

    @classmethod
    def of(cls, state: State) -> Memory:
        """What a state would lose; pods are counted anew."""
        uncounted = (item.model_copy(update={"replicas": 0, "ready_replicas": 0}) for item in state.previous)
        return cls(failed=state.failed, previous=tuple(uncounted), request=state.request)


def memory_writes(resource: InferenceService, world: World, state: State) -> Iterator[Write]:
    """Written when it changes, gone when nothing has failed."""
    live = live_config_map(resource.metadata, CONTENT, world.config_maps)
    if not state.failed:
        if live is not None:
            yield Delete(ref_of(live), uid_of(live))
        return
    text = Memory.of(state).model_dump_json(by_alias=True, exclude_none=True)
    manifest = config_map(resource.metadata, CONTENT, {KEY: text})
    if live is None:
        yield Create(manifest)
    elif (live.get("data") or {}).get(KEY) != text:
        yield Apply(manifest, uid_of(live))


def reminded(state: State, scene: Scene, offers: Offers) -> State:
    """A state that was read from live objects, with what they do not tell; a rollback that was under way goes on."""
    memory = _read(scene.resource, scene.world)
    if memory is None or state.stable is None or state.failed or state.previous or state.request is not None:
        return state
    previous, draining = without(memory.previous, state.stable), state.draining
    for revision in previous:
        draining = without(draining, revision)
    state = replace(
        state, failed=memory.failed, previous=previous, draining=draining, request=memory.request or state.request
    )
    return _going_back(state, scene, offers)


def _going_back(state: State, scene: Scene, offers: Offers) -> State:
    """Stable is left behind by a person's word: only a rollback in the middle looks so."""
    failure = None if state.stable is None else state.failure_of(state.stable)
    if state.stable is None or state.canary is not None or failure is None:
        return state
    target = offers.way_back(state) if failure.reason == ServiceReason.ROLLED_BACK else "it serves"
    if isinstance(target, str):
        what = f"version {state.stable.version} goes on serving: {target}"
        return state.forgiving(state.stable).telling(ServiceEvent.ROLLING_BACK, what, kind=NoticeType.WARNING)
    what = f"the way back to version {target.version} goes on"
    return starting(state, target, scene, is_known=True).telling(ServiceEvent.ROLLING_BACK, what)


def _read(resource: InferenceService, world: World) -> Memory | None:
    """What was kept; None as well when somebody has spoilt it."""
    live = live_config_map(resource.metadata, CONTENT, world.config_maps)
    try:
        return None if live is None else Memory.model_validate_json((live.get("data") or {}).get(KEY, ""))
    except ValidationError:
        return None
