"""One pass over an InferenceService: which version, which part each revision plays, what to write, what to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.api.conditions import Judgement, merge_conditions
from leeboard.api.inference_service import InferenceService, InferenceServiceStatus, Revision
from leeboard.api.model_version import Fingerprint, ModelVersion
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.api.resource import Manifest
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.inference_service.blocks import NAME_TAKEN, block_of, standing
from leeboard.planning.inference_service.children import address
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.inference_service.judgements import (
    Picture,
    judgements,
    phase_of,
    refused_judgements,
    unknown_judgements,
)
from leeboard.planning.inference_service.notices import flips
from leeboard.planning.inference_service.revisions import desired_revision, template_hash
from leeboard.planning.inference_service.roles import Roles, Scene, advance, routed
from leeboard.planning.inference_service.target import Choice, Refused, Target, choose
from leeboard.planning.inference_service.troubles import Trouble, trouble_of
from leeboard.planning.inference_service.world import World, ready_replicas, wanted_replicas, world_of
from leeboard.planning.inference_service.writes import Stage, removal_due, repair_due, writes
from leeboard.planning.plan import Plan
from leeboard.planning.serving import RUNTIMES, Served, check_findings, deployment_of

LOOK_AGAIN = timedelta(seconds=1)
"""How soon to look again when the cache lags behind our own write, or a draining pod still has an endpoint."""
CONFLICT_RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Known:
    """One observation without unknowns: ``rejections`` are those that still stand."""

    resource: InferenceService
    world: World
    versions: Sequence[ModelVersion]
    rejections: tuple[Rejection, ...]
    defaults: Defaults
    now: datetime


def plan(resource: InferenceService, facts: InferenceServiceFacts, *, defaults: Defaults, now: datetime) -> Plan:
    """What should be written and said; a part of the world that is Unknown changes nothing."""
    if resource.metadata.deletion_timestamp is not None:
        return Plan()
    if resource.metadata.namespace == defaults.operator_namespace:
        message = f"{resource.metadata.namespace} is the operator's own namespace: use another one"
        said = refused_judgements(ServiceReason.NAMESPACE_REFUSED, message)
        return Plan(status=_unserved(resource, said, now=now, phase="Degraded"))
    world, versions = world_of(resource, facts), facts.model_versions
    if isinstance(world, Unknown):
        return _hold(resource, world, now=now)
    if isinstance(versions, Unknown):
        return _hold(resource, versions, now=now)
    rejections = standing(resource, facts.rejections, world=world)
    return _planned(Known(resource, world, versions, rejections, defaults, now))


def _planned(known: Known) -> Plan:
    """Observe, advance the parts, write towards them, say what is true now."""
    status, world = known.resource.status, known.world
    choice = _choice(known)
    desired = _desired(known, choice)
    scene = Scene(world, desired, known.resource.spec.server.replicas, known.now)
    roles = advance(Roles(status.stable, status.canary, status.draining), scene)
    stage = Stage(
        resource=known.resource,
        world=world,
        roles=roles,
        routed=routed(roles, scene),
        manifests=_manifests(known, roles),
        rejections=known.rejections,
        now=known.now,
    )
    picture = Picture(
        resource=known.resource,
        world=world,
        roles=roles,
        choice=choice,
        desired=desired,
        fingerprint=_fingerprint(known, roles),
        blocked=block_of(known.rejections),
        trouble=_trouble(known, roles),
    )
    said = judgements(picture)
    return Plan(
        status=_status(picture, said, now=known.now),
        writes=writes(stage),
        notices=(*roles.notices, *flips(status, said)),
        requeue_after=min(_appointments(stage), default=None),
    )


def _choice(known: Known) -> Choice:
    """The version that should serve; a template with faults is refused before anything is made from it."""
    server = known.resource.spec.server
    faults = RUNTIMES[server.runtime].findings(server)
    if faults:
        return Refused(ServiceReason.INVALID_TEMPLATE, "; ".join(str(fault) for fault in faults))
    if faults := check_findings(known.resource.spec):
        return Refused(ServiceReason.INVALID_ROLLOUT, "; ".join(str(fault) for fault in faults))
    return choose(known.resource, known.versions, stable=known.resource.status.stable)


def _desired(known: Known, choice: Choice) -> Revision | None:
    """The revision of the chosen version."""
    if not isinstance(choice, Target):
        return None
    status = known.resource.status
    before = (status.stable, status.canary, *status.draining)
    return desired_revision(known.resource, choice, known=before, defaults=known.defaults, now=known.now)


def _manifests(known: Known, roles: Roles) -> Mapping[str, Manifest]:
    """The Deployments of stable and canary, as far as their ModelVersion and their template are still there."""
    resource = known.resource
    runtime, template = RUNTIMES[resource.spec.server.runtime], template_hash(resource.spec.server)
    made = {}
    for revision in (roles.stable, roles.canary):
        version = None if revision is None or revision.template_hash != template else _version_of(known, revision)
        if revision is None or version is None or version.status.artifact is None or version.status.fingerprint is None:
            continue
        served = Served(resource, revision, version.status.artifact, version.status.fingerprint, known.defaults)
        made[revision.name] = deployment_of(served, runtime)
    return made


def _version_of(known: Known, revision: Revision) -> ModelVersion | None:
    """The ModelVersion that a revision was made from, as long as it speaks of the same files."""
    for version in known.versions:
        artifact = version.status.artifact
        if version.metadata.name == revision.model_version and artifact and artifact.digest == revision.digest:
            return version
    return None


def _fingerprint(known: Known, roles: Roles) -> Fingerprint | None:
    """What was proven about the version that serves, or will."""
    revision = roles.stable or roles.canary
    version = None if revision is None else _version_of(known, revision)
    return None if version is None else version.status.fingerprint


def _trouble(known: Known, roles: Roles) -> Trouble | None:
    """What ails the pods that should become ready: the canary's, else those of a stable that is not complete."""
    revision = roles.canary or roles.stable
    if revision is None:
        return None
    deployment = known.world.deployment(revision.deployment)
    if roles.canary is None and ready_replicas(deployment) >= known.resource.spec.server.replicas:
        return None
    return trouble_of(known.world.pods_of(revision.name), deployment)


def _appointments(stage: Stage) -> Iterator[timedelta]:
    """When to look again although nothing may have happened."""
    for revision in stage.roles.draining:
        yield max(removal_due(revision) - stage.now, LOOK_AGAIN)
    if any(item.code == NAME_TAKEN for item in stage.rejections):
        yield CONFLICT_RETRY
    repair = repair_due(stage)
    if repair is not None:
        yield max(repair - stage.now, LOOK_AGAIN)


def _status(picture: Picture, said: Sequence[Judgement], *, now: datetime) -> InferenceServiceStatus:
    """The whole status; equal facts give an equal one."""
    roles, resource = picture.roles, picture.resource
    return InferenceServiceStatus(
        phase=phase_of(picture),
        observed_generation=resource.metadata.generation,
        conditions=merge_conditions(resource.status.conditions, said, generation=resource.metadata.generation, now=now),
        url=address(resource) if picture.world.service is not None else resource.status.url,
        stable=_counted(picture, roles.stable),
        canary=_counted(picture, roles.canary),
        draining=tuple(item for item in (_counted(picture, revision) for revision in roles.draining) if item),
    )


def _counted(picture: Picture, revision: Revision | None) -> Revision | None:
    """A revision with the pods that its Deployment asks for and has."""
    if revision is None:
        return None
    live = picture.world.deployment(revision.deployment)
    asked = wanted_replicas(live)
    replicas = picture.resource.spec.server.replicas if asked is None else asked
    return revision.model_copy(update={"replicas": replicas, "ready_replicas": ready_replicas(live)})


def _unserved(
    resource: InferenceService, said: Sequence[Judgement], *, now: datetime, phase: str | None
) -> InferenceServiceStatus:
    """The status as it was, with other conditions."""
    generation = resource.metadata.generation
    conditions = merge_conditions(resource.status.conditions, said, generation=generation, now=now)
    return resource.status.model_copy(
        update={"phase": phase, "observed_generation": generation, "conditions": conditions}
    )


def _hold(resource: InferenceService, unknown: Unknown, *, now: datetime) -> Plan:
    """Nothing is written; conditions are Unknown only where nothing was ever known."""
    if resource.status.conditions:
        return Plan(requeue_after=LOOK_AGAIN)
    said = unknown_judgements(unknown.why)
    return Plan(status=_unserved(resource, said, now=now, phase="Pending"), requeue_after=LOOK_AGAIN)
