"""How the life of a canary ends: it takes over, it is taken back, or another one takes its place.

Each is one change of the state; the split and the pods follow from it in the same pass. Nothing takes requests from the
only version that answers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import Revision
from leeboard.api.reasons_inference_service import ServiceEvent, ServiceReason
from leeboard.api.rollout_status import MAX_PREVIOUS, RevisionOutcome
from leeboard.api.verbs import RequestVerb
from leeboard.planning.duration import seconds_of
from leeboard.planning.inference_service.revisions import identity_of
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import EVENT_OF_OUTCOME, Decision, State, in_role, without
from leeboard.planning.plan import NoticeType


def first(revision: Revision) -> Decision:
    """Why a history begins."""
    return Decision(str(ServiceEvent.FIRST_DEPLOYMENT), f"version {revision.version} serves")


def promoted(state: State, scene: Scene) -> State:
    """The canary is stable from now on; the one before keeps its pods for a while, to go back to."""
    canary, stable = state.canary, state.stable
    if canary is None:
        return state
    taken = replace(state, stable=in_role(canary, now=scene.now), previous=without(state.previous, canary))
    taken = taken.without_canary().forgiving(canary)
    outcome, why = _success(state, canary)
    if stable is not None:
        taken = _left(taken, stable, outcome, scene=scene)
    told = taken.remembering(canary, outcome, why, now=scene.now)
    return told.telling(EVENT_OF_OUTCOME[outcome], why.message)


def aborted(state: State, scene: Scene, why: Decision) -> State:
    """All requests go back to stable, the canary goes, and is not started again by itself."""
    canary = state.canary
    if canary is None or not may_end(state, scene):
        return state
    over = _ended(state).without_canary().drained(canary, now=scene.now)
    if not (state.is_rolling_back and why.reason == ServiceReason.BY_A_PERSON):
        over = over.failing(canary, why, now=scene.now)
    told = over.remembering(canary, RevisionOutcome.ABORTED, why, now=scene.now)
    message = f"version {canary.version} goes back: {why.reason}: {why.message}"
    return told.telling(ServiceEvent.ABORTED, message, kind=NoticeType.WARNING)


def superseded(state: State, scene: Scene) -> State:
    """Another version is desired: the canary goes, and none of its evidence is kept."""
    canary = state.canary
    if canary is None or not may_end(state, scene):
        return state
    wanted = scene.wanted(state)
    next_one = f"version {wanted.version} is desired" if wanted else "another one is desired"
    over = _ended(state).without_canary().drained(canary, now=scene.now)
    why = Decision(str(ServiceEvent.SUPERSEDED), next_one)
    told = over.remembering(canary, RevisionOutcome.SUPERSEDED, why, now=scene.now)
    return told.telling(ServiceEvent.SUPERSEDED, f"version {canary.version} goes before it took over: {next_one}")


def may_end(state: State, scene: Scene) -> bool:
    """Whether the canary may lose its requests and go."""
    return not scene.is_stable_lost(state)


def _ended(state: State) -> State:
    """A way back that is given up leaves stable in good standing."""
    return state.forgiving(state.stable) if state.is_rolling_back and state.stable else state


def _success(state: State, canary: Revision) -> tuple[RevisionOutcome, Decision]:
    """As what the canary takes over, and the sentence about it."""
    stable, version = state.stable, canary.version
    if stable is None:
        return RevisionOutcome.FIRST, first(canary)
    moved = f"requests moved from version {stable.version} to version {version}"
    if state.is_rolling_back:
        why = Decision(str(ServiceReason.ROLLED_BACK), moved, _asker(state, RequestVerb.ROLLBACK))
        return RevisionOutcome.ROLLED_BACK, why
    if identity_of(canary) == identity_of(stable):
        message = f"version {version} runs on new pods"
        return RevisionOutcome.RESTARTED, Decision("Restarted", message, _asker(state, RequestVerb.RESTART))
    return RevisionOutcome.PROMOTED, Decision("Promoted", moved, _asker(state, RequestVerb.PROMOTE))


def _asker(state: State, verb: RequestVerb) -> str:
    """Who asked for it by the last request, if that was it and meant this canary."""
    request, canary = state.request, state.canary
    is_it = request is not None and canary is not None and request.verb == verb and request.at >= canary.since
    return request.by if request is not None and is_it else ""


def _left(state: State, before: Revision, outcome: RevisionOutcome, *, scene: Scene) -> State:
    """What becomes of the version that served: kept to go back to, unless one went away from it for good."""
    if outcome is not RevisionOutcome.PROMOTED:
        return state.drained(before, now=scene.now)
    rollout = scene.resource.spec.rollout
    warm = 0 if rollout.strategy == "Replace" else seconds_of(rollout.rollback.keep_warm)
    until = timestamp(scene.now + timedelta(seconds=warm)) if warm else None
    kept = in_role(before, now=scene.now, keep_until=until)
    state = replace(state, previous=(kept, *without(state.previous, before))[:MAX_PREVIOUS])
    return state if warm else state.drained(before, now=scene.now)
