"""What one pass writes: missing children made, spoilt ones repaired, requests split, drained pods removed.

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
from leeboard.api.inference_service import Revision
from leeboard.api.names import GROUP
from leeboard.api.resource import Manifest
from leeboard.planning.autoscaling import replicas_are_ours
from leeboard.planning.facts import Rejection
from leeboard.planning.inference_service import children
from leeboard.planning.inference_service.autoscaler_writes import autoscaler_writes
from leeboard.planning.inference_service.capacity import may_start, replicas_of
from leeboard.planning.inference_service.label_secrets import label_secrets
from leeboard.planning.inference_service.removals import removals
from leeboard.planning.inference_service.routing import Routing
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.traffic_writes import SERVICE, traffic_writes
from leeboard.planning.inference_service.world import wanted_replicas
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, ObjectRef, Write, ref_of, uid_of
from leeboard.planning.serving import APPLIED

REPAIR_INTERVAL = timedelta(minutes=1)
"""An admission webhook that changes our template would otherwise make us write for ever."""
REPAIRED = f"{GROUP}/repaired"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the writes are made from. ``manifests`` are the Deployments of stable and canary by revision, without those
    whose ModelVersion or template is not there any more; ``evidence`` are the writes that keep what was counted,
    ``trainings`` are the TrainingJobs that have to be there.
    """

    state: State
    scene: Scene
    routing: Routing
    manifests: Mapping[str, Manifest]
    rejections: tuple[Rejection, ...]
    evidence: tuple[Write, ...] = ()
    trainings: tuple[Write, ...] = ()

    def is_refused(self, ref: ObjectRef) -> bool:
        """Whether the API server refused this object."""
        return any((item.kind, item.name) == (ref.kind, ref.name) for item in self.rejections)


def writes(stage: Stage) -> tuple[Write, ...]:
    """The writes in their order. Capacity comes before requests because a split waits until it is observed; the split
    comes first of all because a weight that has to go has to go now.
    """
    split = tuple(traffic_writes(stage.state, stage.scene, stage.routing))
    if any(isinstance(write, Create) and _is_address(stage, write) for write in split):
        return ()  # without its address nothing else is of use
    scaling = autoscaler_writes(stage.state, stage.scene, stage.routing)
    going = removals(stage.state, stage.scene, stage.routing)
    wanted = (*split, *_budget(stage), *_deployments(stage), *scaling, *stage.evidence, *stage.trainings, *going)
    return tuple(write for write in wanted if not stage.is_refused(_ref(write)))


def _is_address(stage: Stage, write: Create) -> bool:
    """Whether it is the Service of the service's own name, and refused."""
    ref = ref_of(write.manifest)
    return ref.kind == SERVICE and ref.name == stage.scene.resource.metadata.name and stage.is_refused(ref)


def repair_due(stage: Stage) -> datetime | None:
    """When a spoilt Deployment that was repaired a moment ago may be repaired again."""
    for revision in (stage.state.stable, stage.state.canary):
        live = None if revision is None else stage.scene.world.deployment(revision.deployment)
        manifest = None if revision is None else stage.manifests.get(revision.name)
        if live is None or manifest is None or not _is_spoilt(live, manifest):
            continue
        if (repaired := _repaired_at(live)) is not None:
            return repaired + REPAIR_INTERVAL
    return None


def _ref(write: Write) -> ObjectRef:
    """The object that a write is about."""
    match write:
        case Create() | CreateSecret() | Apply():
            return ref_of(write.manifest)
        case JsonPatch() | Delete():
            return write.ref
        case _:
            assert_never(write)


def _budget(stage: Stage) -> Iterator[Write]:
    """The disruption budget over what serves, or what will."""
    covered = stage.state.stable or stage.state.canary
    if covered is None:
        return
    manifest = children.budget(stage.scene.resource, revision=covered.name)
    live = stage.scene.world.budget
    if live is None:
        yield Create(manifest)
    elif not _has_labels(live, manifest) or any(
        live["spec"].get(key) != value for key, value in manifest["spec"].items()
    ):
        yield Apply(manifest, uid_of(live))


def _deployments(stage: Stage) -> Iterator[Write]:
    """Stable's and the canary's Deployments."""
    for revision in (stage.state.stable, stage.state.canary):
        if revision is not None:
            yield from _deployment(stage, revision)


def _deployment(stage: Stage, revision: Revision) -> Iterator[Write]:
    """One Deployment: made when it is missing (not while one of its name is leaving), repaired, scaled."""
    live = stage.scene.world.deployments.get(revision.deployment)
    manifest = stage.manifests.get(revision.name)
    if live is None:
        if manifest is not None and may_start(revision, stage.state, stage.scene):
            secrets = tuple(label_secrets(stage.scene.resource.metadata, manifest))
            if any(stage.is_refused(_ref(secret)) for secret in secrets):
                return  # its pods could not start
            yield from secrets
            yield Create(_sized(manifest, replicas_of(revision, stage.state, stage.scene)))
        return
    if stage.scene.world.deployment(revision.deployment) is None:
        return
    if manifest is not None and _is_spoilt(live, manifest):
        repaired = _repaired_at(live)
        if repaired is None or stage.scene.now >= repaired + REPAIR_INTERVAL:
            sized = _sized(manifest, _replicas(stage, revision, live))
            yield Apply(_marked(sized, now=stage.scene.now), uid_of(live))
        return
    replicas = _replicas(stage, revision, live)
    if wanted_replicas(live) != replicas:
        yield JsonPatch(ref_of(live), uid_of(live), ({"op": "replace", "path": "/spec/replicas", "value": replicas},))


def _replicas(stage: Stage, revision: Revision, live: Manifest) -> int:
    """Pods of a live Deployment as we write them: those that an autoscaler has set are said again as they are."""
    if replicas_are_ours(live, stage.scene.world.autoscaler(revision.deployment)):
        return replicas_of(revision, stage.state, stage.scene)
    return wanted_replicas(live) or 0


def _sized(manifest: Manifest, replicas: int) -> Manifest:
    """``manifest`` with so many pods."""
    return {**manifest, "spec": {**manifest["spec"], "replicas": replicas}}


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
