"""Which revision plays which part, and when the parts change.

     wanted            its last step, everything confirmed              kept warm for a while
    --------> canary -----------------------------------> stable -----------------------------> previous
                |                                            ^                                  |     |
                | aborted, or another is wanted              | wanted again, or rollback        |     | time over
                v                                            +------ canary, no steps <---------+     v
             draining --------------------------------------------------------------------> Deployment deleted
                          no request can reach it, margin over

What is routed is read from the live objects, so every arrow can be taken again after a crash; the times are in status.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from leeboard.api.inference_service import Revision
from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.api.rollout_status import RevisionOutcome
from leeboard.planning.inference_service.endings import first, promoted, superseded
from leeboard.planning.inference_service.revisions import identity_of, recorded_revision
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import first_step
from leeboard.planning.inference_service.state import MAX_DRAINING, State, in_role, without


def advance(state: State, scene: Scene) -> State:
    """The parts after this observation; the same ones, without events, when nothing happened."""
    for transition in TRANSITIONS:
        state = transition(state, scene)
    return state


def recover(state: State, scene: Scene) -> State:
    """A status that was lost: what the live objects send requests to, and what answers, is stable."""
    applied = scene.applied(state)
    routed = scene.world.selected if applied is None else applied.stable
    is_canary = state.canary is not None and state.canary.name == routed
    if state.stable is not None or is_canary or not scene.world.may_answer(routed):
        return state
    found = next((item for item in recorded(scene) if item.name == routed), None)
    if found is None:
        return state
    known = replace(state, stable=found, draining=without(state.draining, found))
    # A crash before the first status, or a status that was lost altogether: the history begins with what serves.
    return known if known.history else known.remembering(found, RevisionOutcome.FIRST, first(found), now=scene.now)


def starting(state: State, revision: Revision, scene: Scene, *, is_known: bool) -> State:
    """``revision`` becomes the canary; one that is known to be good needs no steps."""
    started = replace(
        state,
        canary=in_role(revision, now=scene.now),
        draining=without(state.draining, revision),
        step=first_step(() if is_known else scene.course, now=scene.now),
        paused=None,
    )
    return started.telling(ServiceEvent.DEPLOYING, f"version {revision.version} comes up, pods: {scene.full}")


def is_within_window(revision: Revision, state: State, scene: Scene) -> bool:
    """Whether a revision served not long ago: going back to it skips steps and analysis."""
    window = scene.resource.spec.rollout.rollback.window
    return any(item.name == revision.name for item in state.previous[:window])


def _withdraw(state: State, scene: Scene) -> State:
    """Another version is wanted. A canary that alone can answer takes over first, so that the next has one to leave."""
    canary, stable = state.canary, state.stable
    if canary is None or not scene.is_unwanted(canary, state):
        return state
    if stable is None:
        return state if scene.world.may_answer(canary.name) else superseded(state, scene)
    wanted = scene.wanted(state)
    if scene.is_stable_lost(state) and wanted is not None and wanted.name != stable.name:
        return promoted(state, scene)
    return superseded(state, scene)


def _start(state: State, scene: Scene) -> State:
    """The wanted revision becomes the canary; one that was draining or kept is taken back."""
    wanted = scene.wanted(state)
    if wanted is None or state.canary is not None or (state.stable and state.stable.name == wanted.name):
        return state
    if len(without(state.draining, wanted)) >= MAX_DRAINING:
        return state
    is_known = state.stable is None or is_within_window(wanted, state, scene) or _is_restart(wanted, state.stable)
    return starting(state, wanted, scene, is_known=is_known)


def _is_restart(wanted: Revision, stable: Revision) -> bool:
    """Whether it is the version and template that serves already, on new pods."""
    return identity_of(wanted) == identity_of(stable)


def _adopt_strays(state: State, scene: Scene) -> State:
    """A Deployment of ours without a part (a crash before the status was written) drains like any other."""
    names = {item.name for item in state.known}
    for revision in recorded(scene):
        if revision.name not in names and len(state.draining) < MAX_DRAINING:
            state = replace(state, draining=(*state.draining, revision))
    return state


def recorded(scene: Scene) -> tuple[Revision, ...]:
    """The revisions that the live Deployments say they are."""
    found = (scene.world.deployment(name) for name in sorted(scene.world.deployments))
    said = (recorded_revision(item, now=scene.now) for item in found if item is not None)
    return tuple(item for item in said if item is not None)


def _cool(state: State, scene: Scene) -> State:
    """A version before that was kept long enough drains; its record stays, to go back to."""
    for revision in state.previous:
        is_over = revision.keep_until is not None and scene.now >= datetime.fromisoformat(revision.keep_until)
        is_back = state.canary is not None and state.canary.name == revision.name
        if not is_over or is_back or len(state.draining) >= MAX_DRAINING:
            continue
        cold = revision.model_copy(update={"keep_until": None})
        kept = tuple(cold if item.name == revision.name else item for item in state.previous)
        state = replace(state, previous=kept)
        if scene.world.deployment(revision.deployment) is not None:
            state = state.drained(revision, now=scene.now)
    return state


def _finish(state: State, scene: Scene) -> State:
    """A draining revision without a Deployment has no part any more."""
    for revision in state.draining:
        if scene.world.deployment(revision.deployment) is None:
            rest = replace(state, draining=without(state.draining, revision))
            state = rest.telling(ServiceEvent.DRAINED, f"the pods of version {revision.version} were told to stop")
    return state


TRANSITIONS: tuple[Callable[[State, Scene], State], ...] = (_withdraw, _start, _cool, _adopt_strays, _finish)
