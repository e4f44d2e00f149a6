"""What one pass writes: missing children made, spoilt ones repaired, the Service switched, drained pods removed.

Fields are compared, never whole objects: only what we own and what the API server does not normalise, so that a settled
service writes nothing. A pod template that another version of the operator asked for is left as it is: an upgrade
restarts no pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import GROUP
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Rejection
from leeboard.planning.inference_service import children
from leeboard.planning.inference_service.roles import Roles, may_be_removed
from leeboard.planning.inference_service.world import World, wanted_replicas
from leeboard.planning.plan import Apply, Create, Delete, JsonPatch, ObjectRef, Write, ref_of, uid_of
from leeboard.planning.serving import APPLIED, RUNTIMES

DRAIN_MARGIN = timedelta(seconds=5)
"""From the confirmed switch to the removal of the old pods: every kube-proxy has followed by then."""
REPAIR_INTERVAL = timedelta(minutes=1)
"""An admission webhook that changes our template would otherwise make us write for ever."""
REPAIRED = f"{GROUP}/repaired"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the writes are made from. ``manifests`` are the Deployments of stable and canary by revision, without those
    whose ModelVersion or template is not there any more.
    """

    resource: InferenceService
    world: World
    roles: Roles
    routed: str | None
    manifests: Mapping[str, Manifest]
    rejections: tuple[Rejection, ...]
    now: datetime

    def is_refused(self, ref: ObjectRef) -> bool:
        """Whether the API server refused this object."""
        return any((item.kind, item.name) == (ref.kind, ref.name) for item in self.rejections)


def writes(stage: Stage) -> tuple[Write, ...]:
    """The writes in their order; capacity comes before the switch because the switch waits until it is observed."""
    service = tuple(_service(stage))
    if any(isinstance(write, Create) and stage.is_refused(ref_of(write.manifest)) for write in service):
        return ()  # without its address nothing else is of use
    wanted = (*service, *_budget(stage), *_deployments(stage), *_removals(stage))
    return tuple(write for write in wanted if not stage.is_refused(_ref(write)))


def repair_due(stage: Stage) -> datetime | None:
    """When a spoilt Deployment that was repaired a moment ago may be repaired again."""
    for revision in (stage.roles.stable, stage.roles.canary):
        live = None if revision is None else stage.world.deployment(revision.deployment)
        manifest = None if revision is None else stage.manifests.get(revision.name)
        if live is None or manifest is None or not _is_spoilt(live, manifest):
            continue
        if (repaired := _repaired_at(live)) is not None:
            return repaired + REPAIR_INTERVAL
    return None


def removal_due(revision: Revision) -> datetime:
    """When a draining revision may go at the earliest."""
    return datetime.fromisoformat(revision.since) + DRAIN_MARGIN


def _ref(write: Write) -> ObjectRef:
    """The object that a write is about."""
    match write:
        case Create() | Apply():
            return ref_of(write.manifest)
        case JsonPatch() | Delete():
            return write.ref
        case _:
            assert_never(write)


def _service(stage: Stage) -> Iterator[Write]:
    """The Service, selecting what it should."""
    if stage.routed is None:
        return
    server = stage.resource.spec.server
    ports = RUNTIMES[server.runtime].ports(server)
    manifest = children.service(stage.resource, revision=stage.routed, ports=ports)
    live = stage.world.service
    if live is None:
        yield Create(manifest)
    elif not (_has_labels(live, manifest) and _same_service(live["spec"], manifest["spec"])):
        yield Apply(manifest, uid_of(live))


def _same_service(live: Manifest, wanted: Manifest) -> bool:
    """Selector as a whole, and our port among the ports."""
    port = wanted["ports"][0]
    ports = [{key: item.get(key) for key in port} for item in live.get("ports") or ()]
    return live.get("selector") == wanted["selector"] and port in ports


def _budget(stage: Stage) -> Iterator[Write]:
    """The disruption budget over what serves, or what will."""
    covered = stage.roles.stable or stage.roles.canary
    if covered is None:
        return
    manifest = children.budget(stage.resource, revision=covered.name)
    live = stage.world.budget
    if live is None:
        yield Create(manifest)
    elif not _has_labels(live, manifest) or any(
        live["spec"].get(key) != value for key, value in manifest["spec"].items()
    ):
        yield Apply(manifest, uid_of(live))


def _deployments(stage: Stage) -> Iterator[Write]:
    """Stable's and the canary's Deployments."""
    for revision in (stage.roles.stable, stage.roles.canary):
        if revision is not None:
            yield from _deployment(stage, revision)


def _deployment(stage: Stage, revision: Revision) -> Iterator[Write]:
    """One Deployment: made when it is missing (not while one of its name is leaving), repaired, scaled."""
    live = stage.world.deployments.get(revision.deployment)
    manifest = stage.manifests.get(revision.name)
    if live is None:
        if manifest is not None:
            yield Create(manifest)
        return
    if stage.world.deployment(revision.deployment) is None:
        return
    if manifest is not None and _is_spoilt(live, manifest):
        repaired = _repaired_at(live)
        if repaired is None or stage.now >= repaired + REPAIR_INTERVAL:
            yield Apply(_marked(manifest, now=stage.now), uid_of(live))
        return
    replicas = stage.resource.spec.server.replicas
    if wanted_replicas(live) != replicas:
        yield JsonPatch(ref_of(live), uid_of(live), ({"op": "replace", "path": "/spec/replicas", "value": replicas},))


def _is_spoilt(live: Manifest, wanted: Manifest) -> bool:
    """Whether somebody changed what we own of a template that is the one we would ask for today."""
    if _applied(live) != _applied(wanted):
        return False
    ours, theirs = wanted["spec"]["template"], live["spec"]["template"]
    return not (_has_labels(live, wanted) and _has_labels(theirs, ours) and _runs(theirs) >= _runs(ours))


def _runs(template: Manifest) -> set[tuple[str, str, str, str]]:
    """Name, image, command and arguments of every container: strings, which nobody normalises."""
    spec = template["spec"]
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return {
        (str(item["name"]), str(item.get("image")), str(item.get("command")), str(item.get("args")))
        for item in containers
    }


def _has_labels(live: Manifest, wanted: Manifest) -> bool:
    """Whether our labels are all there."""
    labels = live["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted["metadata"]["labels"].items())


def _applied(manifest: Manifest) -> str | None:
    """Hash of the template that was asked for."""
    return (manifest["metadata"].get("annotations") or {}).get(APPLIED)


def _marked(manifest: Manifest, *, now: datetime) -> Manifest:
    """``manifest`` with the time of its repair on it."""
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "annotations": {**metadata["annotations"], REPAIRED: timestamp(now)}}}


def _repaired_at(live: Manifest) -> datetime | None:
    """When a repair was made; a time that cannot be read says nothing."""
    said = (live["metadata"].get("annotations") or {}).get(REPAIRED)
    try:
        moment = None if said is None else datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _removals(stage: Stage) -> Iterator[Write]:
    """Draining Deployments whose margin is over and which no request can reach."""
    for revision in stage.roles.draining:
        live = stage.world.deployment(revision.deployment)
        if live is None or stage.now < removal_due(revision) or stage.routed != stage.world.selected:
            continue
        if may_be_removed(revision, stage.world):
            yield Delete(ref_of(live), uid_of(live))
