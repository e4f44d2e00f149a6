"""What a notice is about, for those who are told outside the cluster, and who of them wants to hear it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from leeboard.api.names import Kind
from leeboard.api.reasons_inference_service import ServiceEvent
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.reasons_monitoring import MonitoringEvent
from leeboard.api.reasons_retraining import RetrainingEvent
from leeboard.api.reasons_training_job import TrainingReason
from leeboard.planning.plan import Notice, NoticeType

NamespacePattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*][-a-z0-9*]*$", max_length=63)]


class Topic(StrEnum):
    """Subjects of notifications: part of the API."""

    DRIFT = "Drift"  # began, ended, or the reference never fitted
    DATA = "Data"  # broken, or good again
    PERFORMANCE = "Performance"  # labels prove a loss
    RETRAINING = "Retraining"  # started, ended, the circuit opened
    APPROVAL = "Approval"  # a version or a rollout waits for a person
    ROLLOUT = "Rollout"  # promoted, aborted, rolled back, a canary that fails
    SERVING = "Serving"  # a service stopped to answer, or does again
    TRAINING = "Training"  # a TrainingJob failed or cannot go on
    TROUBLE = "Trouble"  # any other warning


class Format(StrEnum):
    """What is posted."""

    JSON = "Json"
    SLACK = "Slack"


class Endpoint(BaseModel):
    """Where the administrator has notices sent. The URL is in a file, since whoever knows it may post."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    url_file: str = Field(min_length=1, description="File with the URL, of a mounted Secret.")
    format: Format = Field(default=Format.JSON, description="What is posted.")
    namespaces: tuple[NamespacePattern, ...] = Field(default=(), description="Patterns such as team-*; none: all.")
    topics: tuple[Topic, ...] = Field(default=(), description="Subjects; none: all.")
    per_minute: int = Field(default=20, ge=1, le=600, description="Messages; the same number may come at once.")

    def wants(self, topic: Topic, namespace: str) -> bool:
        """Whether it is told of ``topic`` in ``namespace``."""
        of_topic = not self.topics or topic in self.topics
        return of_topic and (not self.namespaces or any(fnmatchcase(namespace, one) for one in self.namespaces))


_OF_SERVICES: Mapping[str, Topic] = {
    MonitoringEvent.DRIFT_DETECTED: Topic.DRIFT,
    MonitoringEvent.DRIFT_ENDED: Topic.DRIFT,
    MonitoringEvent.REFERENCE_MISMATCH: Topic.DRIFT,
    MonitoringEvent.DATA_BROKEN: Topic.DATA,
    MonitoringEvent.DATA_GOOD_AGAIN: Topic.DATA,
    MonitoringEvent.PERFORMANCE_LOST: Topic.PERFORMANCE,
    **dict.fromkeys(RetrainingEvent, Topic.RETRAINING),
    ServiceEvent.WAITING_FOR_PERSON: Topic.APPROVAL,
    ServiceEvent.FIRST_DEPLOYMENT: Topic.ROLLOUT,
    ServiceEvent.SWITCHED: Topic.ROLLOUT,
    ServiceEvent.ABORTED: Topic.ROLLOUT,
    ServiceEvent.CANARY_FAILED: Topic.ROLLOUT,
    ServiceEvent.ROLLING_BACK: Topic.ROLLOUT,
    ServiceEvent.HOLDING: Topic.ROLLOUT,
    ServiceEvent.WEIGHT_LOWERED: Topic.ROLLOUT,
    ServiceEvent.STOPPED_SERVING: Topic.SERVING,
    ServiceEvent.SERVING_AGAIN: Topic.SERVING,
}
_OF_VERSIONS: Mapping[str, Topic | None] = {
    VersionReason.BETTER: Topic.RETRAINING,
    VersionReason.READY: None,
    VersionReason.NO_REFERENCE: None,
    VersionReason.REJECTED_BY_A_PERSON: None,
}


@dataclass(frozen=True, slots=True)
class _Subjects:
    """Of one kind: topics by reason, and those of other warnings and of other notices."""

    known: Mapping[str, Topic | None]
    warning: Topic
    normal: Topic | None = None


_OF_KINDS = {
    Kind.INFERENCE_SERVICE: _Subjects(_OF_SERVICES, Topic.TROUBLE),
    # One that is known in full and not Ready waits for a person, whatever the reason is.
    Kind.MODEL_VERSION: _Subjects(_OF_VERSIONS, Topic.TROUBLE, Topic.APPROVAL),
    Kind.TRAINING_JOB: _Subjects({TrainingReason.TRACKING_UNAVAILABLE: Topic.TROUBLE}, Topic.TRAINING),
}


def topic_of(kind: Kind, notice: Notice) -> Topic | None:
    """The subject of a notice about an object of ``kind``; None: of interest to nobody outside the cluster."""
    subjects = _OF_KINDS[kind]
    if notice.reason in subjects.known:
        return subjects.known[notice.reason]
    return subjects.warning if notice.type is NoticeType.WARNING else subjects.normal
