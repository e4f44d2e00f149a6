"""One observation in which nothing is unknown, and what it says of the revisions that play a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Rejection
from leeboard.planning.inference_service.capacity import full_replicas
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.inference_service.offers import Offers
from leeboard.planning.inference_service.revisions import template_hash
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.troubles import Trouble, trouble_of
from leeboard.planning.inference_service.world import World
from leeboard.planning.serving import RUNTIMES, Served, deployment_of


@dataclass(frozen=True, slots=True)
class Known:
    """One observation without unknowns: ``rejections`` are those that still stand."""

    resource: InferenceService
    facts: InferenceServiceFacts
    offers: Offers
    rejections: tuple[Rejection, ...]

    @property
    def world(self) -> World:
        """What is there."""
        return self.offers.world

    @property
    def now(self) -> datetime:
        """The time of the pass."""
        return self.offers.now


def manifests(known: Known, state: State, *, beside: str | None) -> Mapping[str, Manifest]:
    """The Deployments of stable and canary, as far as their ModelVersion and their template are still there; the canary
    is started ``beside`` a revision with which it has to share a Service.
    """
    resource, defaults = known.resource, known.offers.defaults
    runtime, template = RUNTIMES[resource.spec.server.runtime], template_hash(resource.spec.server)
    stable = None if state.stable is None else state.stable.name
    made = {}
    for revision in (state.stable, state.canary):
        version = None if revision is None or revision.template_hash != template else known.offers.version_of(revision)
        if revision is None or version is None or version.status.artifact is None or version.status.fingerprint is None:
            continue
        artifact, fingerprint, profile = version.status.artifact, version.status.fingerprint, version.status.profile
        served = Served(resource, revision, artifact, fingerprint, defaults, profile)
        made[revision.name] = deployment_of(served, runtime, None if revision.name == stable else beside)
    return made


def version_that_serves(known: Known, state: State) -> ModelVersion | None:
    """The version that serves, or will."""
    revision = state.stable or state.canary
    return None if revision is None else known.offers.version_of(revision)


def trouble_now(known: Known, state: State) -> Trouble | None:
    """What ails the pods that should become ready: the canary's, else those of a stable that is not complete."""
    revision = state.canary or state.stable
    if revision is None:
        return None
    deployment = known.world.deployment(revision.deployment)
    full = full_replicas(known.resource, known.world, state.stable)
    if state.canary is None and known.world.ready_pods(revision.name) >= full:
        return None
    return trouble_of(known.world.pods_of(revision.name), deployment)
