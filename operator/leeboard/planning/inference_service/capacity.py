"""How many pods each revision should have; None where somebody else says it."""

from __future__ import annotations

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import leg_of
from leeboard.planning.inference_service.world import World, wanted_replicas


def full_replicas(resource: InferenceService, world: World, stable: Revision | None) -> int:
    """Pods that carry all requests: what the spec says, or what stable's autoscaler has come to."""
    scaling = resource.spec.server.autoscaling
    if scaling is None:
        return resource.spec.server.replicas
    live = None if stable is None else wanted_replicas(world.deployment(stable.deployment))
    return min(max(scaling.min_replicas, live or 0), scaling.max_replicas)


def is_replacing(state: State, scene: Scene) -> bool:
    """Whether stable gives way before the canary has pods: there is no room for both."""
    has_both = state.stable is not None and state.canary is not None
    return has_both and scene.resource.spec.rollout.strategy == "Replace"


def may_start(revision: Revision, state: State, scene: Scene) -> bool:
    """Whether there is room for a revision's pods."""
    stable, canary = state.stable, state.canary
    if stable is None or canary is None or revision.name != canary.name or not is_replacing(state, scene):
        return True
    return not scene.world.has_pods(stable.name)


def replicas_of(revision: Revision, state: State, scene: Scene) -> int:
    """Pods that stable or the canary should have. The canary never loses any while it is one: its share may be higher
    than what its step asks for now, and stable keeps all until the canary has taken over.
    """
    stable, canary, step = state.stable, state.canary, state.step
    if stable is not None and revision.name == stable.name:
        return 0 if is_replacing(state, scene) else scene.full
    if stable is None or canary is None or step is None or is_replacing(state, scene):
        return scene.full
    live = wanted_replicas(scene.world.deployment(canary.deployment)) or 0
    return max(scene.needed(leg_of(scene.course, step)), min(live, scene.full))
