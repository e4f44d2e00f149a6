"""What the planner of TrainingJobs is told: Jobs and pods from the cache, MLflow only in the stages that need it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import TypeVar

from leeboard.api.names import API_VERSION, Kind, Tag, model_version_name
from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.errors import TrackingUnavailable, TransientError
from leeboard.planning.facts import Children, PodLog, RegisteredVersion, Rejection, Run, Unknown
from leeboard.planning.plan import ObjectRef, ref_of
from leeboard.planning.training_job import Needs, TrainingJobFacts, needs
from leeboard.planning.training_job.facts import (
    experiment_of,
    intent_of,
    is_used,
    own_run,
    pods_of,
    winner,
)
from leeboard.planning.training_job.failures import failing_container
from leeboard.ports import Cluster, Sources, Tracking

LOG_LINES = 1000
T = TypeVar("T")


async def observe_training_job(
    resource: TrainingJob, /, *, sources: Sources, rejections: tuple[Rejection, ...]
) -> TrainingJobFacts:
    """Facts of one training; a question that its stage does not ask stays Unknown, and costs nothing."""
    cluster = sources.cluster
    jobs = cluster.children(resource.metadata, "Job")
    facts = TrainingJobFacts(jobs=jobs, pods=cluster.children(resource.metadata, "Pod"), rejections=rejections)
    if isinstance(jobs, Unknown) or resource.metadata.deletion_timestamp is not None:
        return facts
    observer = _Observer(resource, cluster, sources.tracking, needs(resource, jobs))
    if observer.needs.runs:
        return await observer.opening(facts)
    return await observer.later(facts)


@dataclass(frozen=True, slots=True)
class _Observer:
    """One observation."""

    resource: TrainingJob
    cluster: Cluster
    tracking: Tracking
    needs: Needs

    async def opening(self, facts: TrainingJobFacts) -> TrainingJobFacts:
        """All runs of the intent; what they left, only when there is something to find."""
        tags: dict[str, str] = {Tag.INTENT: intent_of(self.resource)}
        runs = await self._ask(self.tracking.find_runs(experiment=experiment_of(self.resource), tags=tags))
        facts = replace(facts, runs=runs)
        if isinstance(runs, Unknown) or not runs:
            return facts
        own = own_run(self.resource, runs)
        if own is None:
            return await self._versions(facts, tags=tags)
        return replace(facts, models=await self._ask(self.tracking.logged_models(own))) if is_used(own) else facts

    async def later(self, facts: TrainingJobFacts) -> TrainingJobFacts:
        """What the stages after the Job's creation ask."""
        if self.needs.log:
            facts = replace(facts, log=await self._log(facts))
        if self.needs.run is not None:
            facts = replace(facts, run=await self._ask(self.tracking.get_run(self.needs.run)))
        if self.needs.models and isinstance(facts.run, Run):
            facts = replace(facts, models=await self._ask(self.tracking.logged_models(facts.run)))
        elif self.needs.models and facts.run is None:
            facts = replace(facts, models=())
        if self.needs.versions:
            facts = await self._versions(facts, tags={Tag.UID: self.resource.metadata.uid})
        return facts

    async def _versions(self, facts: TrainingJobFacts, *, tags: dict[str, str]) -> TrainingJobFacts:
        """Versions by tag, with the resource of the one that counts; without one, who holds the model's name."""
        model = self.resource.spec.model
        versions = await self._ask(self.tracking.find_versions(model, tags=tags))
        facts = replace(facts, versions=versions)
        if isinstance(versions, Unknown):
            return facts
        version = winner(versions)
        if version is None:
            return replace(facts, registered=await self._ask(self.tracking.registered_model(model)))
        return replace(facts, model_version=await self._model_version(version))

    async def _model_version(self, version: RegisteredVersion) -> Manifest | Unknown | None:
        """The ModelVersion of that name: cached, or live where the cache has none."""
        namespace, name = self.resource.metadata.namespace, model_version_name(version.model, version.version)
        cached = self.cluster.cached(Kind.MODEL_VERSION, namespace)
        if isinstance(cached, Unknown):
            return cached
        if (found := cached.named(name)) is not None:
            return found
        return await self.cluster.get(ObjectRef(API_VERSION, Kind.MODEL_VERSION, namespace, name))

    async def _log(self, facts: TrainingJobFacts) -> PodLog | Unknown | None:
        """The end of the log of the container that tells why the attempt failed."""
        pods = pods_of(self.resource, facts.pods) if isinstance(facts.pods, Children) else ()
        container = failing_container(pods[0]) if pods else None
        if container is None:
            return None
        pod = ref_of({**pods[0], "apiVersion": "v1", "kind": "Pod"})
        try:
            lines = await self.cluster.log_tail(pod, container, lines=LOG_LINES)
        except TransientError as error:
            return Unknown(str(error))
        return PodLog(pod.name, container, lines) if lines is not None else None

    async def _ask(self, question: Awaitable[T]) -> T | Unknown:
        """MLflow's answer; no answer is Unknown."""
        try:
            return await question
        except TrackingUnavailable as error:
            return Unknown(str(error))
