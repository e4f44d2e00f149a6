"""Which split should be live after this pass.

The canary's weight is raised by its step only, when the pods for it are there, and lowered at once: while pods are
missing it keeps the smallest of what is live, what is asked for, and what its ready pods carry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from leeboard.api.inference_service import Revision
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import ROUTED
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import NOTHING, Share, leg_of
from leeboard.planning.moments import exact
from leeboard.planning.traffic import Answer, Confirmed, Split


@dataclass(frozen=True, slots=True)
class Routing:
    """The split that should be live, the one that is, and what whoever splits says of it; ``asked`` is the share that
    the step asks for. ``is_readable`` when nothing is live, or what is live can be understood.
    """

    split: Split | None
    applied: Split | None
    answer: Answer | None
    is_in_force: bool
    asked: Share = NOTHING
    is_readable: bool = True

    def may_reach(self, revision: str) -> bool:
        """Whether a request may still be sent to ``revision``; while nothing is known, it may."""
        splits = (split for split in (self.split, self.applied) if split is not None)
        return not self.is_readable or any(split.reaches(revision) for split in splits)


def routing_of(state: State, scene: Scene, *, is_new: bool) -> tuple[State, Routing]:
    """The split for this state, and the state with the moment at which the gateway took it over. ``is_new`` when the
    canary was no canary before: whatever is live for it is none of this rollout's.
    """
    applied = scene.applied(state)
    split = _split(state, scene, None if is_new else applied)
    is_readable = applied is not None or scene.world.service is None
    if split is None:
        nothing = Routing(None, applied, None, is_in_force=scene.world.service is None, is_readable=is_readable)
        return replace(state, accepted_at=None), nothing
    answer = scene.confirmation(state, split)
    accepted = state.accepted_at or exact(scene.now) if isinstance(answer, Confirmed) else None
    state = replace(state, accepted_at=accepted)
    in_force = isinstance(answer, Confirmed) and scene.has_settled(state)
    return state, Routing(split, applied, answer, in_force, _asked(state, scene), is_readable)


def _split(state: State, scene: Scene, applied: Split | None) -> Split | None:
    """Who should get the requests."""
    stable, canary = state.stable, state.canary
    if stable is None:
        return _first(canary, scene, applied)
    if canary is None:
        return Split(stable.name)
    if scene.is_stable_lost(state):
        return Split(canary.name)
    share = NOTHING if scene.ready(canary) == 0 else _share(state, scene, _live(applied, canary))
    split = share.split(stable=stable.name, canary=canary.name)
    carried = scene.carried(split, state) if split.weight else 0
    return replace(split, weight=min(split.weight, carried))


def _first(canary: Revision | None, scene: Scene, applied: Split | None) -> Split | None:
    """Nothing is known to serve: the first version, but not in place of another one that answers meanwhile."""
    selected = scene.world.selected if applied is None else applied.stable
    if canary is None:
        return Split(selected) if selected is not None and scene.world.may_answer(selected) else None
    another_serves = selected != canary.name and scene.world.may_answer(selected)
    if selected is not None and another_serves and not scene.carries(canary):
        return Split(selected)
    return Split(canary.name)


def _share(state: State, scene: Scene, live: Share) -> Share:
    """What the canary may have now, before its pods are counted; ``live`` is what it has."""
    asked, step = _asked(state, scene), state.step
    if step is not None and (step.confirmed_at is not None or step.phase in ROUTED):
        return asked
    return Share(min(live.weight, asked.weight), live.mirror, live.match)


def _live(applied: Split | None, canary: Revision) -> Share:
    """What the canary has by the live objects."""
    if applied is not None and applied.stable == canary.name:
        return Share(weight=100)
    if applied is None or applied.canary != canary.name:
        return NOTHING
    return Share(applied.weight, applied.mirror, applied.match)


def _asked(state: State, scene: Scene) -> Share:
    """What the step asks for."""
    if state.canary is None or state.stable is None or state.step is None:
        return NOTHING
    return leg_of(scene.course, state.step).share
