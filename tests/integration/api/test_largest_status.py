"""The largest status that a planner can build is one that the API server stores."""

import json
from typing import Any

import pytest

from leeboard.api.conditions import Condition, ConditionStatus
from leeboard.api.evaluation import MAX_DATA_FAULTS, EvaluationStatus, EvaluationVerdict, PairedCounts
from leeboard.api.inference_service import InferenceService, InferenceServiceStatus, Revision
from leeboard.api.model_version import (
    Artifact,
    ColumnSchema,
    Fingerprint,
    ModelVersion,
    ModelVersionStatus,
    Signature,
)
from leeboard.api.rollout import MAX_CHECKS
from leeboard.api.rollout_status import (
    MAX_FAILED,
    MAX_HISTORY,
    MAX_PREVIOUS,
    CheckStatus,
    FailedRevision,
    HistoryEntry,
    Pause,
    RequestOutcome,
    RequestStatus,
    RevisionOutcome,
    ShadowFirst,
    StepKind,
    StepPhase,
    StepStatus,
    TrafficStatus,
    Verdict,
)
from leeboard.api.rollout_steps import MAX_STEPS
from leeboard.api.training_job import (
    Failure,
    FailureClass,
    JobReference,
    JobResult,
    LoggedModelReference,
    Metric,
    ModelVersionReference,
    Outcome,
    RunReference,
    TrainingJob,
    TrainingJobStatus,
)
from tests.integration.api.kubectl import Kubectl
from tests.integration.api.manifests import DIGEST, inference_service, model_version, training_job

pytestmark = pytest.mark.integration

SINCE = "2026-11-21T10:00:00Z"
LONG = "é" * 100_000


def conditions() -> tuple[Condition, ...]:
    return tuple(
        Condition(
            type=f"{number:064}",
            status=ConditionStatus.UNKNOWN,
            reason="R" * 64,
            message=LONG,
            observed_generation=1,
            last_transition_time=SINCE,
        )
        for number in range(16)
    )


def failure() -> Failure:
    return Failure(class_=FailureClass.CODE_ERROR, reason="R" * 64, message=LONG, last_log_lines=(LONG,) * 100)


def training_job_status() -> TrainingJobStatus:
    return TrainingJobStatus(
        phase="P" * 64,
        observed_generation=1,
        conditions=conditions(),
        attempt=1_000_000,
        start_time=SINCE,
        completion_time=SINCE,
        outcome=Outcome.FAILED,
        run=RunReference(id="r" * 64, experiment_id="e" * 64, url="u" * 2048),
        job=JobReference(name="j" * 63, uid="u" * 64),
        job_result=JobResult(outcome=Outcome.FAILED, failure=failure(), finished_at=SINCE),
        logged_model=LoggedModelReference(id="m" * 64, name="n" * 512),
        failure=failure(),
        metrics=tuple(Metric(name=f"{number:0250}", value=LONG) for number in range(200)),
        model_version=ModelVersionReference(name="v" * 63, version="9" * 10),
    )


def model_version_status() -> ModelVersionStatus:
    columns = tuple(ColumnSchema(name=LONG, type=LONG) for _ in range(3000))
    return ModelVersionStatus(
        phase="P" * 64,
        observed_generation=1,
        conditions=conditions(),
        artifact=Artifact(uri="models:/" + "m" * 500, digest=DIGEST, bytes=2**60),
        signature=Signature(inputs=columns, outputs=columns),
        requirements=(LONG,) * 1000,
        fingerprint=Fingerprint(
            flavor="f" * 64,
            python_version="3" * 64,
            row_wise=True,
            row_wise_reason=LONG,
            tolerance="t" * 64,
            lean=True,
            environment="Refuse",
            differences=(LONG,) * 1000,
            example_answer="a" * 128,
            record="r" * 128,
        ),
        attempt=1_000_000,
        evaluation=EvaluationStatus(
            verdict=EvaluationVerdict.NOT_BETTER,
            reason="R" * 64,
            message=LONG,
            at=SINCE,
            champion="9" * 10,
            dataset=DIGEST,
            after=SINCE,
            rows=2**31,
            not_later=2**31,
            unlabelled=2**31,
            data_faults=(LONG,) * MAX_DATA_FAULTS,
            measure="MeanAbsoluteError",
            candidate_value=LONG,
            champion_value=LONG,
            counts=PairedCounts(both=2**31, only_candidate=2**31, only_champion=2**31, neither=2**31),
            gain=LONG,
            low=LONG,
            high=LONG,
        ),
    )


def inference_service_status() -> InferenceServiceStatus:
    failure = FailedRevision(revision="r" * 63, version="9" * 10, reason=LONG, message=LONG, at=SINCE)
    return InferenceServiceStatus(
        phase="P" * 64,
        observed_generation=1,
        conditions=conditions(),
        url="u" * 2048,
        stable=revision(),
        canary=revision(),
        draining=(revision(),) * 9,
        previous=(revision(),) * MAX_PREVIOUS,
        step=step(),
        traffic=traffic(),
        checks=tuple(check(number) for number in range(MAX_CHECKS)),
        paused=Pause(since=SINCE, by=LONG),
        request=request(),
        failed=(failure,) * MAX_FAILED,
        history=(decision(),) * MAX_HISTORY,
    )


def revision() -> Revision:
    return Revision(
        name="r" * 63,
        model_version="v" * 63,
        version="9" * 10,
        digest=DIGEST,
        deployment="d" * 63,
        image="i" * 1024,
        template_hash="h" * 71,
        replicas=1000,
        ready_replicas=1000,
        since=SINCE,
        keep_until=SINCE,
    )


def step() -> StepStatus:
    return StepStatus(
        index=MAX_STEPS,
        total=MAX_STEPS,
        kind=StepKind.PROMOTION,
        phase=StepPhase.WAITING_FOR_PERSON,
        started_at=SINCE,
        phase_since=SINCE,
        confirmed_at=SINCE,
        ends_at=SINCE,
        held_since=SINCE,
        shadow_first=ShadowFirst.NOT_NEEDED,
        message=LONG,
    )


def traffic() -> TrafficStatus:
    return TrafficStatus(
        provider="p" * 32,
        address="u" * 2048,
        asked=100,
        applied=100,
        confirmed=True,
        accepted_at=SINCE,
        measured=LONG,
        measured_requests=2**60,
        measured_at=SINCE,
        mirrored=100,
        message=LONG,
    )


def request() -> RequestStatus:
    outcome = RequestOutcome.REFUSED
    return RequestStatus(
        id="i" * 64, verb="v" * 32, revision="r" * 63, by=LONG, at=SINCE, outcome=outcome, message=LONG
    )


def decision() -> HistoryEntry:
    return HistoryEntry(
        at=SINCE,
        outcome=RevisionOutcome.SUPERSEDED,
        version="9" * 10,
        revision="r" * 63,
        reason=LONG,
        by=LONG,
        message=LONG,
    )


def check(number: int) -> CheckStatus:
    return CheckStatus(
        name=f"{number:040}",
        verdict=Verdict.INCONCLUSIVE,
        value=LONG,
        lower=LONG,
        upper=LONG,
        limit=LONG,
        canary_samples=2**60,
        stable_samples=2**60,
        since=SINCE,
        message=LONG,
    )


STATUSES: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "tj/car-loan": (TrainingJob, training_job(), training_job_status),
    "mv/car-loan-v3": (ModelVersion, model_version(), model_version_status),
    "lbsvc/car-loan": (InferenceService, inference_service(), inference_service_status),
}


@pytest.mark.parametrize("name", STATUSES)
def test_the_largest_status_is_stored_whole(name: str, kubectl: Kubectl) -> None:
    model, manifest, build = STATUSES[name]
    kubectl.do("create", "-f", "-", manifest=manifest)
    status = build()
    whole = manifest | {"status": status.to_json()}

    kubectl.do(
        "apply", "--server-side", "--subresource=status", "--field-manager=leeboard-status", "-f", "-", manifest=whole
    )

    stored = kubectl.read("get", name)
    assert len(json.dumps(stored)) > 10_000
    assert model.model_validate(stored).status == status
