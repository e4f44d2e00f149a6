"""Writes that make a split so.

Services that are missing come first. A route is next where all whom it sends requests to have endpoints already, so
that a weight that has to go goes at once; else it follows the Services that it refers to. What nothing refers to any
more goes in the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children
from leeboard.planning.inference_service.routing import Routing
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.plan import Apply, Create, Delete, Write, ref_of, uid_of
from leeboard.planning.traffic import Confirmed

SERVICE = "Service"


def traffic_writes(state: State, scene: Scene, routing: Routing) -> Iterator[Write]:
    """What is missing is made, what says something else is put right, what is left over goes once nobody needs it."""
    if routing.split is None:
        return
    wanted = scene.splitter.provider.objects(scene.road(state), routing.split)
    is_prepared = isinstance(scene.prepared(state, routing.split), Confirmed)
    missing = [item for item in wanted if item["kind"] == SERVICE and _live(scene, item) is None]
    rest = [item for item in wanted if item not in missing]
    for manifest in (*missing, *sorted(rest, key=lambda item: (item["kind"] == SERVICE) is is_prepared)):
        live = _live(scene, manifest)
        if live is None:
            if manifest["kind"] == SERVICE or is_prepared:
                yield Create(manifest)
        elif not scene.splitter.provider.is_same(live, manifest):
            yield Apply(manifest, uid_of(live))
    if routing.is_in_force:
        yield from _leftovers(scene, wanted)


def _leftovers(scene: Scene, wanted: tuple[Manifest, ...]) -> Iterator[Write]:
    """Routes of a provider before, and Services of revisions whose Deployment is gone."""
    kept = {(item["kind"], item["metadata"]["name"]) for item in wanted}
    for live in _every(scene):
        name = live["metadata"]["name"]
        is_needed = (live["kind"], name) in kept or (live["kind"] == SERVICE and name in scene.world.deployments)
        if not is_needed:
            yield Delete(ref_of(live), uid_of(live))


def _live(scene: Scene, wanted: Manifest) -> Manifest | None:
    """The observed object of a wanted one."""
    key = (wanted["kind"], wanted["metadata"]["name"])
    return next((item for item in _every(scene) if (item["kind"], item["metadata"]["name"]) == key), None)


def _every(scene: Scene) -> Iterator[Manifest]:
    """Every Service and route of ours."""
    seen = scene.world.seen
    yield from seen.services.items
    if isinstance(seen.routes, Children):
        yield from seen.routes.items
