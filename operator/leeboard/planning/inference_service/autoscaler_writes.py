"""Autoscalers of the revisions that get requests.

stable alone            at least minReplicas
stable beside a canary  at least what it has: all requests may come back to it at once
canary                  at least the pods that its step needs; once it has its share, the number stays, so that
                        stable's autoscaler cannot take the share away by adding pods of its own
anybody else            none: its pods stay as many as they are until they go
"""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.inference_service import Revision
from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.planning.autoscaling import autoscaler, is_same_autoscaler
from leeboard.planning.inference_service.capacity import is_replacing
from leeboard.planning.inference_service.routing import Routing
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.stand import ROUTED
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.steps import PROMOTION, leg_of
from leeboard.planning.inference_service.world import wanted_replicas
from leeboard.planning.observed import label_of
from leeboard.planning.plan import Apply, Create, Delete, Write, ref_of, uid_of


def autoscaler_writes(state: State, scene: Scene, routing: Routing) -> Iterator[Write]:
    """What is missing is made once there are pods to count, what says something else is put right, the rest goes."""
    wanted = {item["metadata"]["name"]: item for item in _wanted(state, scene)}
    live = {item["metadata"]["name"]: item for item in scene.world.autoscalers}
    for name, manifest in wanted.items():
        if name not in live:
            yield Create(manifest)
        elif not is_same_autoscaler(live[name], manifest):
            yield Apply(manifest, uid_of(live[name]))
    for name, item in live.items():
        if name not in wanted and not (_is_asked_for(scene) and routing.may_reach(label_of(item, Label.REVISION))):
            yield Delete(ref_of(item), uid_of(item))


def _wanted(state: State, scene: Scene) -> Iterator[Manifest]:
    """The autoscalers that should be there; none over a Deployment without pods, where it would do nothing."""
    scaling = scene.resource.spec.server.autoscaling
    for revision in (state.stable, state.canary):
        if revision is None or scaling is None or not wanted_replicas(scene.world.deployment(revision.deployment)):
            continue
        least = _least(revision, state, scene)
        if least is not None:
            yield autoscaler(scene.resource, revision, scaling=scaling, least=least)


def _least(revision: Revision, state: State, scene: Scene) -> int | None:
    """Fewest pods of stable or the canary; None for a stable that has to give way."""
    stable, canary, step = state.stable, state.canary, state.step
    scaling = scene.resource.spec.server.autoscaling
    if stable is None or canary is None:
        return scene.full if scaling is None else scaling.min_replicas
    if revision.name == stable.name:
        return None if is_replacing(state, scene) else scene.full
    given = scene.world.least_pods(canary.deployment)
    if given is not None and step is not None and (step.confirmed_at is not None or step.phase in ROUTED):
        return given
    return scene.needed(PROMOTION if step is None else leg_of(scene.course, step))


def _is_asked_for(scene: Scene) -> bool:
    """Whether the service is scaled by autoscalers at all."""
    return scene.resource.spec.server.autoscaling is not None
