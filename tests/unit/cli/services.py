"""Statuses as the operator writes them, built from the API's own models."""

from __future__ import annotations

from datetime import UTC, datetime

from leeboard.api.conditions import Condition, ConditionStatus
from leeboard.api.inference_service import (
    InferenceService,
    InferenceServiceSpec,
    InferenceServiceStatus,
    ModelChoice,
    Revision,
)
from leeboard.api.resource import Metadata
from leeboard.api.rollout_status import (
    CheckStatus,
    FailedRevision,
    HistoryEntry,
    Pause,
    RequestOutcome,
    RequestStatus,
    RevisionOutcome,
    StepKind,
    StepPhase,
    StepStatus,
    TrafficStatus,
    Verdict,
)
from leeboard.api.verbs import REQUEST, REQUESTED_BY

NOW = datetime(2026, 3, 1, 12, 10, 0, tzinfo=UTC)


def revision(number: int, *, ready: int = 2, replicas: int = 2, keep_until: str | None = None) -> Revision:
    """A revision of version ``number``."""
    return Revision(
        name=f"loans-{number:010d}",
        model_version=f"loans-v{number}",
        version=str(number),
        digest=f"sha256:{'0' * 64}",
        deployment=f"loans-{number:010d}",
        image="runtime:1",
        template_hash="1",
        replicas=replicas,
        ready_replicas=ready,
        since="2026-03-01T12:00:00Z",
        keep_until=keep_until,
    )


def condition(type_: str, status: ConditionStatus, reason: str, *, message: str = "") -> Condition:
    """A condition of generation 1."""
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        observed_generation=1,
        last_transition_time="2026-03-01T12:00:00Z",
    )


def service(
    status: InferenceServiceStatus, *, generation: int = 1, request: str = "", by: str = ""
) -> InferenceService:
    """The service ``loans``, with the annotations of a request if there is one."""
    annotations = {REQUEST: request, REQUESTED_BY: by} if request else {}
    return InferenceService(
        metadata=Metadata(
            name="loans",
            namespace="team",
            uid="uid-1",
            generation=generation,
            resource_version="17",
            creation_timestamp="2026-03-01T10:00:00Z",
            annotations=annotations,
        ),
        spec=InferenceServiceSpec(model=ModelChoice(name="loans", follow="Approved")),
        status=status,
    )


def settled() -> InferenceServiceStatus:
    """One version serves and nothing moves."""
    return InferenceServiceStatus(
        observed_generation=1,
        conditions=(condition("Ready", ConditionStatus.TRUE, "Serving"),),
        stable=revision(7),
    )


def in_the_middle() -> InferenceServiceStatus:
    """The second step of a rollout, with all that a status may hold."""
    failure = FailedRevision(
        revision="loans-5", version="5", reason="CheckFailed", message="errors", at="2026-03-01T10:10:00Z"
    )
    return InferenceServiceStatus(
        observed_generation=1,
        conditions=moving(),
        stable=revision(7),
        canary=revision(8, ready=1, replicas=1),
        previous=(revision(6, ready=1, replicas=1, keep_until="2026-03-01T13:00:00Z"),),
        step=second_step(),
        traffic=a_fifth(),
        checks=undecided(),
        paused=Pause(since="2026-03-01T12:09:00Z", by="ann"),
        request=RequestStatus(
            id="a1", verb="pause", by="ann", at="2026-03-01T12:09:00Z", outcome=RequestOutcome.DONE, message="at step 2"
        ),
        failed=(failure,),
        history=(
            HistoryEntry(
                at="2026-03-01T11:10:00Z",
                outcome=RevisionOutcome.PROMOTED,
                version="7",
                revision="loans-0000000007",
                by="bob",
            ),
        ),
    )


def moving() -> tuple[Condition, ...]:
    """Conditions while version 8 is on its way."""
    return (
        condition("Ready", ConditionStatus.TRUE, "Serving", message="version 7 serves"),
        condition("Progressing", ConditionStatus.TRUE, "Observing", message="step 2 of 3"),
        condition("UpToDate", ConditionStatus.FALSE, "RollingOut", message="version 8 is on its way"),
        condition("Stalled", ConditionStatus.FALSE, "NotStalled"),
    )


def second_step() -> StepStatus:
    """The second of three steps is observed."""
    return StepStatus(
        index=1,
        total=3,
        kind=StepKind.WEIGHT,
        phase=StepPhase.OBSERVING,
        started_at="2026-03-01T12:05:00Z",
        phase_since="2026-03-01T12:05:02Z",
        confirmed_at="2026-03-01T12:05:02Z",
        ends_at="2026-03-01T12:15:02Z",
        message="613 requests needed, 90 expected in 10m",
    )


def a_fifth() -> TrafficStatus:
    """A fifth of the requests goes to the canary."""
    return TrafficStatus(
        provider="GatewayAPI",
        address="http://gw",
        asked=20,
        applied=20,
        confirmed=True,
        measured="19.4",
        measured_requests=541,
        measured_at="2026-03-01T12:09:57Z",
    )


def undecided() -> tuple[CheckStatus, ...]:
    """Two checks that cannot say yet."""
    return (
        CheckStatus(
            name="errors",
            verdict=Verdict.INCONCLUSIVE,
            value="0.001",
            lower="-0.004",
            upper="0.012",
            limit="0.01",
            canary_samples=105,
            stable_samples=436,
            message="the interval is still wider than the margin",
        ),
        CheckStatus(name="slow", verdict=Verdict.NO_DATA, message="the pods' counts are not known"),
    )
