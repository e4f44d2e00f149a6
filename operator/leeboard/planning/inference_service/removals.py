"""Deployments of draining revisions go when no request can reach them and every proxy has had time to follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from leeboard.api.inference_service import Revision
from leeboard.planning.inference_service.routing import Routing
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.world import World
from leeboard.planning.plan import Delete, Write, ref_of, uid_of
from leeboard.planning.traffic.endpoints import STRANGER

DRAIN_MARGIN = timedelta(seconds=5)
"""From the end of its part to the removal of its pods: every kube-proxy has followed by then."""


def removals(state: State, scene: Scene, routing: Routing) -> Iterator[Write]:
    """Deployments of draining revisions."""
    for revision in state.draining:
        live = scene.world.deployment(revision.deployment)
        if live is not None and scene.now >= removal_due(revision) and may_be_removed(revision, scene.world, routing):
            yield Delete(ref_of(live), uid_of(live))


def removal_due(revision: Revision) -> datetime:
    """When a draining revision may go at the earliest."""
    return datetime.fromisoformat(revision.since) + DRAIN_MARGIN


def may_be_removed(revision: Revision, world: World, routing: Routing) -> bool:
    """Whether no request can be on its way to a revision: no split names it, no endpoint could be its own, and the
    split without it is in force. A revision without a ready pod answers nobody, whatever is in force.
    """
    own = world.ready_endpoints.get(revision.name, 0) + world.ready_endpoints.get(STRANGER, 0)
    if own > 0 or routing.may_reach(revision.name):
        return False
    return routing.is_in_force or world.ready_pods(revision.name) == 0
