"""What a notice is about, and who is told of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from leeboard.api.names import Kind
from leeboard.api.reasons_monitoring import MonitoringEvent
from leeboard.api.reasons_retraining import RetrainingEvent
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.topics import Endpoint, Topic, topic_of

SERVICE, VERSION, TRAINING = Kind.INFERENCE_SERVICE, Kind.MODEL_VERSION, Kind.TRAINING_JOB
NORMAL, WARNING = NoticeType.NORMAL, NoticeType.WARNING


@pytest.mark.parametrize(
    ("kind", "type_", "reason", "topic"),
    [
        (SERVICE, WARNING, "DriftDetected", Topic.DRIFT),
        (SERVICE, NORMAL, "DriftEnded", Topic.DRIFT),
        (SERVICE, WARNING, "ReferenceMismatch", Topic.DRIFT),
        (SERVICE, WARNING, "DataBroken", Topic.DATA),
        (SERVICE, WARNING, "PerformanceLost", Topic.PERFORMANCE),
        (SERVICE, NORMAL, "RetrainingTriggered", Topic.RETRAINING),
        (SERVICE, NORMAL, "RetrainingEnded", Topic.RETRAINING),
        (SERVICE, WARNING, "RetrainingCircuitOpened", Topic.RETRAINING),
        (SERVICE, NORMAL, "WaitingForPerson", Topic.APPROVAL),
        (VERSION, NORMAL, "WaitsForDecision", Topic.APPROVAL),
        (SERVICE, NORMAL, "Switched", Topic.ROLLOUT),
        (SERVICE, WARNING, "Aborted", Topic.ROLLOUT),
        (SERVICE, WARNING, "CanaryFailed", Topic.ROLLOUT),
        (SERVICE, WARNING, "StoppedServing", Topic.SERVING),
        (TRAINING, WARNING, "CodeError", Topic.TRAINING),
        (TRAINING, WARNING, "TrackingUnavailable", Topic.TROUBLE),
        (VERSION, WARNING, "ScoringFailed", Topic.TROUBLE),
        (SERVICE, WARNING, "ImagePullFailed", Topic.TROUBLE),
        (SERVICE, NORMAL, "StepStarted", None),
        (TRAINING, NORMAL, "Registered", None),
        (VERSION, NORMAL, "EvidenceChanged", Topic.APPROVAL),
        (VERSION, NORMAL, "NotBetter", Topic.APPROVAL),
        (VERSION, NORMAL, "Better", Topic.RETRAINING),
        (VERSION, NORMAL, "Ready", None),
        (VERSION, NORMAL, "NoReference", None),
        (VERSION, NORMAL, "RejectedByAPerson", None),
    ],
)
def test_the_subject_of_a_notice(kind: Kind, type_: NoticeType, reason: str, *, topic: Topic | None) -> None:
    assert topic_of(kind, Notice(type_, reason, "")) is topic


@pytest.mark.parametrize("reason", [*MonitoringEvent, *RetrainingEvent])
def test_everything_that_is_told_of_the_loop_has_a_subject_of_its_own(reason: str) -> None:
    assert topic_of(SERVICE, Notice(NORMAL, str(reason), "")) not in {None, Topic.TROUBLE}


def test_an_endpoint_is_told_of_its_topics_in_its_namespaces() -> None:
    every = Endpoint(url_file="/url")
    some = Endpoint(url_file="/url", topics=(Topic.DRIFT,), namespaces=("team-*", "loans"))
    asked = [(Topic.DRIFT, "team-a"), (Topic.DRIFT, "loans"), (Topic.DATA, "team-a"), (Topic.DRIFT, "loans-b")]
    assert [every.wants(*one) for one in asked] == [True] * 4
    assert [some.wants(*one) for one in asked] == [True, True, False, False]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({}, "urlFile"),
        ({"urlFile": "/url", "url": "http://x"}, "url"),
        ({"urlFile": "/url", "topics": ["Weather"]}, "topics"),
        ({"urlFile": "/url", "namespaces": ["Team"]}, "namespaces"),
        ({"urlFile": "/url", "format": "Xml"}, "format"),
        ({"urlFile": "/url", "perMinute": 0}, "perMinute"),
    ],
)
def test_a_mistake_in_an_endpoint_is_refused_by_name(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Endpoint.model_validate(wrong)
