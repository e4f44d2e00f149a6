"""What a pass knows of a model version, and which facts it asks for in which stage.

    CHECKING ──> ATTEMPT ──> RECORDING ──> LATCHED
        ^           │ (transient: the next attempt)
        └───────────┘

CHECKING asks MLflow whether the version is what the resource says; ATTEMPT watches the fingerprint pod; RECORDING keeps
its record in MLflow; only what MLflow holds is latched, and nothing is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Label, child_name
from leeboard.api.resource import Manifest, is_controlled_by
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Children, PodLog, RegisteredModel, RegisteredVersion, Rejection, Unknown

NOT_ASKED = Unknown("not asked in this stage")
MAX_ATTEMPTS = 3
FETCH = "fetch"
FINGERPRINT = "fingerprint"


class Stage(StrEnum):
    """Where a version stands."""

    CHECKING = "Checking"  # no fingerprint Job of the current attempt
    ATTEMPT = "Attempt"  # it is there and has not ended well
    RECORDING = "Recording"  # it ended well: its record goes to MLflow
    LATCHED = "Latched"  # the fingerprint is in status


@dataclass(frozen=True, slots=True)
class ModelVersionFacts:
    """Observed facts; what was not asked for is Unknown. ``log`` is that of the container that loads the model."""

    jobs: Children | Unknown = NOT_ASKED
    pods: Children | Unknown = NOT_ASKED
    version: RegisteredVersion | Unknown | None = NOT_ASKED
    registered: RegisteredModel | Unknown | None = NOT_ASKED
    log: PodLog | Unknown | None = NOT_ASKED
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What to observe outside the watch cache."""

    version: bool = False
    registered: bool = False
    log: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """The whole input of a plan."""

    resource: ModelVersion
    facts: ModelVersionFacts
    defaults: Defaults
    now: datetime

    def rejection(self) -> Rejection | None:
        """The API server's refusal of this generation's fingerprint Job."""
        generation = self.resource.metadata.generation
        found = (item for item in self.facts.rejections if item.kind == "Job" and item.generation == generation)
        return next(found, None)


def current_attempt(resource: ModelVersion, jobs: Children) -> int:
    """Number of the newest attempt, from 1, by status and by the Jobs that exist."""
    numbers = [_attempt_of(job) for job in jobs.items if is_controlled_by(job, resource.metadata.uid)]
    return max([resource.status.attempt, 1, *numbers])


def job_name(resource: ModelVersion, attempt: int) -> str:
    """Name of an attempt's Job."""
    return child_name(resource.metadata.name, resource.metadata.uid, FINGERPRINT, str(attempt))


def job_of(resource: ModelVersion, jobs: Children) -> Manifest | None:
    """The Job of the current attempt."""
    job = jobs.named(job_name(resource, current_attempt(resource, jobs)))
    return job if job is not None and is_controlled_by(job, resource.metadata.uid) else None


def pods_of(job: Manifest, pods: Children) -> tuple[Manifest, ...]:
    """The pods of one attempt, newest first."""
    attempt = str(_attempt_of(job))
    ours = [pod for pod in pods.items if (pod["metadata"].get("labels") or {}).get(Label.ATTEMPT) == attempt]
    return tuple(sorted(ours, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True))


def stage(resource: ModelVersion, jobs: Children) -> Stage:
    """The stage that follows from what is latched and which Jobs exist."""
    if resource.status.fingerprint is not None:
        return Stage.LATCHED
    job = job_of(resource, jobs)
    if job is None:
        return Stage.CHECKING
    return Stage.RECORDING if has_condition(job, "Complete") else Stage.ATTEMPT


def needs(resource: ModelVersion, jobs: Children | None = None) -> Needs:
    """What a pass has to ask outside the cache. A latched or running one asks nothing."""
    match stage(resource, jobs or Children()):
        case Stage.CHECKING:
            return Needs(version=True, registered=True)
        case Stage.RECORDING:
            return Needs(version=True, log=True)
        case Stage.ATTEMPT | Stage.LATCHED:
            return Needs()


def has_condition(manifest: Manifest, type_: str) -> bool:
    """Whether a condition of an object of Kubernetes is True."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == type_ and item.get("status") == "True" for item in conditions)


def _attempt_of(job: Manifest) -> int:
    """Number of a Job's attempt; 0 for one without our label."""
    number = (job["metadata"].get("labels") or {}).get(Label.ATTEMPT, "")
    return int(number) if number.isdigit() else 0
