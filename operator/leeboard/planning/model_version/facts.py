"""What a pass knows of a model version, and which facts it asks for in which stage.

    CHECKING ──> ATTEMPT ──> RECORDING ──> REFERENCE ──> PROFILING ──┬──────────────────────────> LATCHED
        ^           │ (transient: the       │   ^            │       │                             ^
        └───────────┘  next attempt)        │   └────────────┘       └─> EVALUATION ──> COMPARING ─┘
                                            └── no reference, or given up ^ (where the spec asks for it)

CHECKING asks MLflow whether the version is what the resource says; ATTEMPT watches the fingerprint pod; RECORDING keeps
its record in MLflow; only what MLflow holds is latched, and nothing is asked again. REFERENCE asks which rows the
profile is built from, PROFILING watches the pod that builds and keeps it. EVALUATION asks which version serves,
COMPARING watches the pod in which both answer the same rows: once, and before any approval. A spec that changes before
there is a profile leads from LATCHED back to REFERENCE, and to attempts that are there already when the reference is
the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leeboard.api.conditions import ConditionStatus, ConditionType, condition_of
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Label, child_name, short_hash
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, PodLog, RegisteredModel, RegisteredVersion, Rejection, Unknown
from leeboard.planning.observed import has_condition

NOT_ASKED = Unknown("not asked in this stage")
MAX_ATTEMPTS = 3
FETCH = "fetch"
FINGERPRINT = "fingerprint"
PROFILE = "profile"
EVALUATION = "evaluation"


class Stage(StrEnum):
    """Where a version stands."""

    CHECKING = "Checking"  # no fingerprint Job of the current attempt
    ATTEMPT = "Attempt"  # it is there and has not ended well
    RECORDING = "Recording"  # it ended well: its record goes to MLflow
    REFERENCE = "Reference"  # the fingerprint is in status, and no profile Job of the current attempt
    PROFILING = "Profiling"  # it is there
    EVALUATION = "Evaluation"  # that is known, the spec asks for a comparison, and there is no Job of it
    COMPARING = "Comparing"  # it is there
    LATCHED = "Latched"  # all that will be known is in status


@dataclass(frozen=True, slots=True)
class ModelVersionFacts:
    """Observed facts; what was not asked for is Unknown. ``log`` is that of the container that loads the model;
    ``services`` and ``versions`` are those of the namespace.
    """

    jobs: Children | Unknown = NOT_ASKED
    pods: Children | Unknown = NOT_ASKED
    version: RegisteredVersion | Unknown | None = NOT_ASKED
    registered: RegisteredModel | Unknown | None = NOT_ASKED
    log: PodLog | Unknown | None = NOT_ASKED
    reference: Reference | Unknown | None = NOT_ASKED
    services: Children | Unknown = NOT_ASKED
    versions: Children | Unknown = NOT_ASKED
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What to observe outside the watch cache."""

    version: bool = False
    registered: bool = False
    log: bool = False
    reference: bool = False
    champion: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """The whole input of a plan."""

    resource: ModelVersion
    facts: ModelVersionFacts
    defaults: Defaults
    now: datetime

    def rejection(self, name: str | None = None) -> Rejection | None:
        """The API server's refusal of a Job of this generation, whichever it is or that of one name."""
        generation = self.resource.metadata.generation
        found = (item for item in self.facts.rejections if item.kind == "Job" and item.generation == generation)
        return next((item for item in found if name in {None, item.name}), None)


def current_attempt(resource: ModelVersion, jobs: Children) -> int:
    """Number of the newest attempt at the fingerprint, from 1, by status and by the Jobs that exist."""
    numbers = [_attempt_of(job) for job in jobs.items if is_ours(job, resource) and _task_of(job) == FINGERPRINT]
    return max([resource.status.attempt, 1, *numbers])


def profile_attempt(resource: ModelVersion, jobs: Children) -> int:
    """Number of the newest attempt at the profile with this spec, 0 when there is none."""
    names = {profile_job_name(resource, number): number for number in range(1, MAX_ATTEMPTS + 1)}
    return max((names.get(job["metadata"]["name"], 0) for job in jobs.items if is_ours(job, resource)), default=0)


def is_ours(job: Manifest, resource: ModelVersion) -> bool:
    """Whether a Job is of this version."""
    return is_controlled_by(job, resource.metadata.uid)


def profile_job_name(resource: ModelVersion, attempt: int) -> str:
    """Name of an attempt's Job: with another reference it starts anew."""
    metadata = resource.metadata
    return child_name(metadata.name, metadata.uid, profile_task(resource), str(attempt))


def profile_task(resource: ModelVersion) -> str:
    """The label of what belongs to a profile from the reference that the spec names, or does not."""
    reference = resource.spec.reference
    named = "" if reference is None else reference.model_dump_json(by_alias=True, exclude_none=True)
    return f"{PROFILE}-{short_hash(named)}"


def profile_job_of(resource: ModelVersion, jobs: Children) -> Manifest | None:
    """The Job of the current attempt at the profile."""
    job = jobs.named(profile_job_name(resource, profile_attempt(resource, jobs)))
    return job if job is not None and is_ours(job, resource) else None


def job_name(resource: ModelVersion, attempt: int) -> str:
    """Name of an attempt's Job."""
    return child_name(resource.metadata.name, resource.metadata.uid, FINGERPRINT, str(attempt))


def job_of(resource: ModelVersion, jobs: Children) -> Manifest | None:
    """The Job of the current attempt."""
    job = jobs.named(job_name(resource, current_attempt(resource, jobs)))
    return job if job is not None and is_controlled_by(job, resource.metadata.uid) else None


def evaluation_attempt(resource: ModelVersion, jobs: Children) -> int:
    """Number of the newest attempt at comparing it, 0 when there is none."""
    names = {evaluation_job_name(resource, number): number for number in range(1, MAX_ATTEMPTS + 1)}
    return max((names.get(job["metadata"]["name"], 0) for job in jobs.items if is_ours(job, resource)), default=0)


def evaluation_job_name(resource: ModelVersion, attempt: int) -> str:
    """Name of an attempt's Job."""
    return child_name(resource.metadata.name, resource.metadata.uid, EVALUATION, str(attempt))


def evaluation_job_of(resource: ModelVersion, jobs: Children) -> Manifest | None:
    """The Job of the current attempt at comparing it."""
    job = jobs.named(evaluation_job_name(resource, evaluation_attempt(resource, jobs)))
    return job if job is not None and is_ours(job, resource) else None


def pods_of(job: Manifest, pods: Children) -> tuple[Manifest, ...]:
    """The pods of one attempt, newest first."""
    wanted = (_task_of(job), _attempt_of(job))
    ours = [pod for pod in pods.items if (_task_of(pod), _attempt_of(pod)) == wanted]
    return tuple(sorted(ours, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True))


def stage(resource: ModelVersion, jobs: Children) -> Stage:
    """The stage that follows from what is latched and which Jobs exist."""
    if resource.status.fingerprint is not None:
        if not is_settled(resource):
            return Stage.REFERENCE if profile_job_of(resource, jobs) is None else Stage.PROFILING
        if resource.spec.evaluation is None or resource.status.evaluation is not None:
            return Stage.LATCHED
        return Stage.EVALUATION if evaluation_job_of(resource, jobs) is None else Stage.COMPARING
    job = job_of(resource, jobs)
    if job is None:
        return Stage.CHECKING
    return Stage.RECORDING if has_condition(job, "Complete") else Stage.ATTEMPT


def is_settled(resource: ModelVersion) -> bool:
    """Whether the profile is there, or was given up for this spec."""
    if resource.status.profile is not None:
        return True
    found = condition_of(resource.status.conditions, ConditionType.PROFILE_READY)
    is_of_this_spec = found is not None and found.observed_generation == resource.metadata.generation
    return is_of_this_spec and found is not None and found.status is ConditionStatus.FALSE


def needs(resource: ModelVersion, jobs: Children | None = None) -> Needs:
    """What a pass has to ask outside the cache. A latched or running one asks nothing."""
    match stage(resource, jobs or Children()):
        case Stage.CHECKING:
            return Needs(version=True, registered=True)
        case Stage.RECORDING:
            return Needs(version=True, log=True)
        case Stage.REFERENCE:
            return Needs(reference=resource.spec.reference is None)
        case Stage.EVALUATION | Stage.COMPARING:
            return Needs(champion=True)
        case Stage.ATTEMPT | Stage.PROFILING | Stage.LATCHED:
            return Needs()


def _attempt_of(manifest: Manifest) -> int:
    """Number of the attempt of a Job or a pod; 0 for one without our label."""
    number = (manifest["metadata"].get("labels") or {}).get(Label.ATTEMPT, "")
    return int(number) if number.isdigit() else 0


def _task_of(manifest: Manifest) -> str:
    """What a Job or a pod is for."""
    return str((manifest["metadata"].get("labels") or {}).get(Label.TASK, FINGERPRINT))
