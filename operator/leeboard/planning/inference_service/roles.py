"""Which revision plays which part, and when the parts change.

      desired                 all pods available           only its endpoints answer         margin over
    ----------> canary ------------------------> selected ---------------------------> stable -> draining -> deleted
                  |                                  |                                  (the one before)
                  | another is desired               | loses its pods: the Service goes back to stable
                  v                                  v
               draining                           canary

Capacity first, then the switch, then its confirmation, then the drain, then the removal. What the Service selects is
read from the live Service, so every arrow can be taken again after a crash; the times are in status.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import Revision
from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.planning.inference_service.revisions import recorded_revision
from leeboard.planning.inference_service.world import STRANGER, World, available_replicas, ready_replicas
from leeboard.planning.plan import Notice, NoticeType

MAX_DRAINING = 8
"""As many as status holds; a further version waits until one of them is gone."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Who serves, who comes up, who goes."""

    stable: Revision | None = None
    canary: Revision | None = None
    draining: tuple[Revision, ...] = ()
    notices: tuple[Notice, ...] = ()

    def names(self) -> set[str]:
        """Names of all revisions that have a part."""
        return {item.name for item in (self.stable, self.canary, *self.draining) if item is not None}

    def telling(self, reason: ServiceEvent, message: str) -> Roles:
        """The same parts, and one event more."""
        return replace(self, notices=(*self.notices, Notice(NoticeType.NORMAL, reason, message)))


@dataclass(frozen=True, slots=True)
class Scene:
    """What the parts are judged by: the world, the revision that is desired (None while none can be named), the number
    of pods that it needs, and the time.
    """

    world: World
    desired: Revision | None
    replicas: int
    now: datetime

    def carries(self, revision: Revision) -> bool:
        """Whether a revision has all the pods that are asked for."""
        return available_replicas(self.world.deployment(revision.deployment)) >= self.replicas

    def is_desired(self, revision: Revision) -> bool:
        """Whether ``revision`` is the one that should serve."""
        return self.desired is not None and self.desired.name == revision.name

    def is_unwanted(self, revision: Revision) -> bool:
        """Whether another one should serve; not while none can be named."""
        return self.desired is not None and self.desired.name != revision.name

    def in_role(self, revision: Revision) -> Revision:
        """``revision`` with a new part from now on."""
        return revision.model_copy(update={"since": timestamp(self.now)})


def advance(roles: Roles, scene: Scene) -> Roles:
    """The parts after this observation; the same ones, without events, when nothing happened."""
    for transition in TRANSITIONS:
        roles = transition(roles, scene)
    return roles


def routed(roles: Roles, scene: Scene) -> str | None:
    """The revision that the Service should select; None while there is nothing to select."""
    stable, canary, world = roles.stable, roles.canary, scene.world
    if canary is None:
        return stable.name if stable is not None else world.selected
    if stable is None:
        another_serves = world.selected != canary.name and world.may_answer(world.selected)
        return world.selected if another_serves and not scene.carries(canary) else canary.name
    stable_is_lost = ready_replicas(world.deployment(stable.deployment)) == 0
    canary_answers = ready_replicas(world.deployment(canary.deployment)) > 0
    if world.selected == canary.name:
        return canary.name if canary_answers or stable_is_lost else stable.name
    if scene.is_desired(canary) and (scene.carries(canary) or (stable_is_lost and canary_answers)):
        return canary.name
    return stable.name


def may_be_removed(revision: Revision, world: World) -> bool:
    """Whether no request can be on its way to a revision: not selected, and no endpoint that could be its own."""
    own = world.ready_endpoints.get(revision.name, 0) + world.ready_endpoints.get(STRANGER, 0)
    return world.selected != revision.name and own == 0


def _recover(roles: Roles, scene: Scene) -> Roles:
    """A status that was lost: what the Service selects and answers is stable."""
    selected = scene.world.selected
    known = roles.canary is not None and roles.canary.name == selected
    if roles.stable is not None or known or not scene.world.may_answer(selected):
        return roles
    recorded = (recorded_revision(item, now=scene.now) for item in scene.world.deployments.values())
    found = next((item for item in recorded if item is not None and item.name == selected), None)
    return roles if found is None else replace(roles, stable=found, draining=_without(roles.draining, found))


def _promote(roles: Roles, scene: Scene) -> Roles:
    """Confirmed: the canary alone answers. A first deployment waits for all its pods, unless another one is desired."""
    canary, stable = roles.canary, roles.stable
    if canary is None or scene.world.selected != canary.name or not scene.world.answers_alone(canary.name):
        return roles
    if stable is None:
        if not scene.carries(canary) and not scene.is_unwanted(canary):
            return roles
        first = replace(roles, stable=scene.in_role(canary), canary=None)
        return first.telling(ServiceEvent.FIRST_DEPLOYMENT, f"version {canary.version} serves")
    if len(roles.draining) >= MAX_DRAINING:
        return roles
    moved = replace(
        roles,
        stable=scene.in_role(canary),
        canary=None,
        draining=(*_without(roles.draining, stable), scene.in_role(stable)),
    )
    what = f"from version {stable.version} to version {canary.version}"
    return moved.telling(ServiceEvent.SWITCHED, f"requests moved {what}; the pods before finish what they have")


def _withdraw(roles: Roles, scene: Scene) -> Roles:
    """Another version is desired: the canary goes, unless requests reach it; then the switch is finished first."""
    canary = roles.canary
    if canary is None or not scene.is_unwanted(canary):
        return roles
    if scene.world.selected == canary.name and (roles.stable is not None or scene.world.may_answer(canary.name)):
        return roles
    if len(roles.draining) >= MAX_DRAINING:
        return roles
    gone = replace(roles, canary=None, draining=(*_without(roles.draining, canary), scene.in_role(canary)))
    return gone.telling(
        ServiceEvent.SUPERSEDED, f"version {canary.version} goes before it served: another one is desired"
    )


def _start(roles: Roles, scene: Scene) -> Roles:
    """The desired revision becomes the canary; one that was draining is taken back."""
    desired = scene.desired
    if desired is None or roles.canary is not None or (roles.stable and roles.stable.name == desired.name):
        return roles
    started = replace(roles, canary=desired, draining=_without(roles.draining, desired))
    if len(started.draining) >= MAX_DRAINING:
        return roles
    return started.telling(ServiceEvent.DEPLOYING, f"version {desired.version} comes up, pods: {scene.replicas}")


def _adopt_strays(roles: Roles, scene: Scene) -> Roles:
    """A Deployment of ours without a part (a crash before the status was written) drains like any other."""
    for name in sorted(scene.world.deployments):
        deployment = scene.world.deployment(name)
        revision = None if deployment is None else recorded_revision(deployment, now=scene.now)
        if revision is None or revision.name in roles.names() or len(roles.draining) >= MAX_DRAINING:
            continue
        roles = replace(roles, draining=(*roles.draining, revision))
    return roles


def _finish(roles: Roles, scene: Scene) -> Roles:
    """A draining revision without a Deployment has no part any more."""
    for revision in roles.draining:
        if scene.world.deployment(revision.deployment) is None:
            rest = replace(roles, draining=_without(roles.draining, revision))
            roles = rest.telling(ServiceEvent.DRAINED, f"the pods of version {revision.version} were told to stop")
    return roles


def _without(revisions: tuple[Revision, ...], one: Revision) -> tuple[Revision, ...]:
    """All but the revision of that name."""
    return tuple(item for item in revisions if item.name != one.name)


TRANSITIONS: tuple[Callable[[Roles, Scene], Roles], ...] = (
    _recover,
    _promote,
    _withdraw,
    _start,
    _adopt_strays,
    _finish,
)
