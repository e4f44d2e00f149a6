"""What a pass knows of a training besides its resource, and which facts it asks for in which stage.

    OPENING ──> ATTEMPT ──> REGISTERING ──> LATCHED
       │           │ └────> CLOSING ──────────^
       │        VANISHED ──> REGISTERING | CLOSING
       └─ another life of the same intent is found, or the template is refused ──> LATCHED

The stage follows from latched status and from the Jobs that exist, never from a phase or an event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from leeboard.api.names import Kind, Label, Tag, child_name, intent
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.api.training_job import Outcome, RunReference, TrainingJob, TrainingJobStatus
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import (
    Children,
    LoggedModel,
    PodLog,
    RegisteredModel,
    RegisteredVersion,
    Rejection,
    Run,
    RunStatus,
    Unknown,
)

NOT_ASKED = Unknown("not asked in this stage")
RUN_ANNOTATION = "leeboard.dev/run"
EXPERIMENT_ANNOTATION = "leeboard.dev/experiment"


class Stage(StrEnum):
    """Where a training stands."""

    OPENING = "Opening"  # no Job yet: its run is searched for and made
    ATTEMPT = "Attempt"  # the Job exists and its result is not latched
    VANISHED = "Vanished"  # the Job was there and is gone, its result unread
    REGISTERING = "Registering"  # the Job completed: its model becomes a version
    CLOSING = "Closing"  # the attempt failed: the run is closed, pods are released
    LATCHED = "Latched"  # ended for good


@dataclass(frozen=True, slots=True)
class TrainingJobFacts:
    """Observed facts; what was not asked for is Unknown.

    ``runs`` are all of the same intent. ``versions`` carry the resource's uid, or while it has no run of its own its
    intent; ``model_version`` is the resource of the one that counts among them.
    """

    jobs: Children | Unknown = NOT_ASKED
    pods: Children | Unknown = NOT_ASKED
    runs: tuple[Run, ...] | Unknown = NOT_ASKED
    run: Run | Unknown | None = NOT_ASKED
    models: tuple[LoggedModel, ...] | Unknown = NOT_ASKED
    registered: RegisteredModel | Unknown | None = NOT_ASKED
    versions: tuple[RegisteredVersion, ...] | Unknown = NOT_ASKED
    model_version: Manifest | Unknown | None = NOT_ASKED
    log: PodLog | Unknown | None = NOT_ASKED
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What to observe outside the watch cache; ``run`` is the id of the run to read."""

    runs: bool = False
    run: str | None = None
    models: bool = False
    versions: bool = False
    log: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """The whole input of a plan."""

    resource: TrainingJob
    facts: TrainingJobFacts
    defaults: Defaults
    now: datetime

    @property
    def status(self) -> TrainingJobStatus:
        """The latched past."""
        return self.resource.status

    def rejection(self, kind: str) -> Rejection | None:
        """The API server's refusal of this generation's object of ``kind``."""
        generation = self.resource.metadata.generation
        found = (item for item in self.facts.rejections if item.kind == kind and item.generation == generation)
        return next(found, None)

    def knowing(self, status: TrainingJobStatus) -> Situation:
        """The same with more of the status known."""
        return replace(self, resource=self.resource.model_copy(update={"status": status}))


def attempt_of(resource: TrainingJob) -> int:
    """Number of the current attempt, from 1."""
    return max(resource.status.attempt, 1)


def job_name(resource: TrainingJob) -> str:
    """Name of the current attempt's Job."""
    return child_name(resource.metadata.name, resource.metadata.uid, "attempt", str(attempt_of(resource)))


def job_of(resource: TrainingJob, jobs: Children) -> Manifest | None:
    """The current attempt's Job."""
    job = jobs.named(job_name(resource))
    return job if job is not None and is_controlled_by(job, resource.metadata.uid) else None


def pods_of(resource: TrainingJob, pods: Children) -> tuple[Manifest, ...]:
    """The current attempt's pods, newest first."""
    wanted = {Label.UID: resource.metadata.uid, Label.ATTEMPT: str(attempt_of(resource)), Label.KIND: Kind.TRAINING_JOB}
    ours = [pod for pod in pods.items if wanted.items() <= (pod["metadata"].get("labels") or {}).items()]
    newest_first = sorted(ours, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True)
    return tuple(newest_first)


def run_of_job(job: Manifest) -> RunReference | None:
    """The run that the Job's containers were told to use; without its page."""
    annotations = job["metadata"].get("annotations") or {}
    if RUN_ANNOTATION not in annotations:
        return None
    return RunReference(id=annotations[RUN_ANNOTATION], experiment_id=annotations.get(EXPERIMENT_ANNOTATION, ""))


def stage(resource: TrainingJob, jobs: Children) -> Stage:
    """The stage that follows from what is latched and which Jobs exist."""
    status = resource.status
    if status.outcome is not None:
        return Stage.LATCHED
    if status.job_result is not None:
        went_well = status.job_result.outcome is Outcome.SUCCEEDED and status.failure is None
        return Stage.REGISTERING if went_well else Stage.CLOSING
    if job_of(resource, jobs) is not None:
        return Stage.ATTEMPT
    return Stage.VANISHED if status.job is not None else Stage.OPENING


def needs(resource: TrainingJob, jobs: Children | None = None) -> Needs:
    """What a pass has to ask outside the cache. A latched or running training asks MLflow nothing."""
    known = jobs or Children()
    run = resource.status.run.id if resource.status.run else None
    match stage(resource, known):
        case Stage.OPENING:
            return Needs(runs=not resource.spec.template_only)
        case Stage.ATTEMPT:
            job = job_of(resource, known)
            return Needs(log=job is not None and condition(job, "Failed") is not None)
        case Stage.VANISHED:
            return Needs(run=run, models=True)
        case Stage.REGISTERING:
            return Needs(run=run, models=resource.status.logged_model is None, versions=True)
        case Stage.CLOSING:
            return Needs(run=run, log=True)
        case Stage.LATCHED:
            return Needs()


def intent_of(resource: TrainingJob) -> str:
    """What was asked for; fields at their default do not count, so that a new field does not change old intents."""
    spec = resource.spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return intent(resource.metadata.namespace, resource.metadata.name, spec)


def experiment_of(resource: TrainingJob) -> str:
    """Name of the MLflow experiment."""
    return f"{resource.metadata.namespace}/{resource.spec.model}"


def own_run(resource: TrainingJob, runs: tuple[Run, ...]) -> Run | None:
    """The oldest run of this very resource and attempt."""
    uid, attempt = resource.metadata.uid, str(attempt_of(resource))
    ours = (run for run in runs if run.tags.get(Tag.UID) == uid and run.tags.get(Tag.ATTEMPT) == attempt)
    return next(ours, None)


def is_used(run: Run) -> bool:
    """Whether somebody trained in it already: we open runs as RUNNING and without metrics, and scripts leave traces."""
    return bool(run.metrics) or run.status not in {RunStatus.RUNNING, RunStatus.SCHEDULED}


def winner(versions: tuple[RegisteredVersion, ...]) -> RegisteredVersion | None:
    """The version that counts among those of one training: the lowest number."""
    return min(versions, key=lambda version: int(version.version), default=None)


def condition(manifest: Manifest, type_: str) -> Manifest | None:
    """The condition of an object of Kubernetes, when it is True."""
    found = (item for item in (manifest.get("status") or {}).get("conditions") or () if item.get("type") == type_)
    return next((item for item in found if item.get("status") == "True"), None)
