"""A training that brought nothing better: it did not help, its version waits for a person, and the loop goes on."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.api.conditions import ConditionType
from leeboard.api.evaluation import EvaluationStatus
from leeboard.api.model_version import ModelVersion
from leeboard.api.retraining_status import RetrainingStatus, TriggerStatus
from tests.unit.planning.inference_service.builders import a_version, condition, profiled
from tests.unit.planning.inference_service.reading import events, versions_of
from tests.unit.planning.inference_service.retrained import (
    DRIFT_ONLY,
    TEMPLATE,
    a_drift,
    drifting,
    end,
    made,
    said,
    stable_of,
    told,
    watched,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster

EVALUATION: dict[str, Any] = {
    "dataset": {"uri": "http://data/later.csv"},
    "target": "repaid",
    "timeColumn": "timestamp",
    "minGain": "0.01",
}
COMPARED = {**DRIFT_ONLY, "evaluation": EVALUATION, "autoApprove": True}
WORDS = "version 2 answers 88.00% of 2000 rows rightly, version 1 92.00%"


def compared(verdict: str, *, is_approved: bool = False) -> ModelVersion:
    """Version 2 after the comparison."""
    version = profiled(a_version(2, is_approved=is_approved))
    found = EvaluationStatus.model_validate(
        {"verdict": verdict, "reason": verdict, "message": WORDS, "at": "2026-03-01T00:00:00Z", "champion": "1"}
    )
    return version.model_copy(update={"status": version.status.model_copy(update={"evaluation": found})})


def approved(version: ModelVersion) -> ModelVersion:
    conditions = (condition("Fingerprinted", "True"), condition("Approved", "True"))
    return version.model_copy(update={"status": version.status.model_copy(update={"conditions": conditions})})


def trained(version: ModelVersion, fields: dict[str, Any] | None = None) -> SimulatedCluster:
    """Drift had the model trained again, and this version came out of it."""
    cluster = drifting(COMPARED if fields is None else fields)
    cluster.advance(3)
    (job,) = made(cluster)
    cluster.versions.append(version)
    end(cluster, job, modelVersion={"name": "car-loan-v2", "version": "2"})
    cluster.advance(3)
    return cluster


def memory_of(cluster: SimulatedCluster) -> tuple[RetrainingStatus, TriggerStatus]:
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert memory.trigger is not None
    return memory, memory.trigger


@pytest.mark.parametrize("own", [{}, {"modelVersion": {"reference": {"artifact": "r.csv"}}}], ids=["bare", "its own"])
def test_the_training_job_says_what_its_version_is_compared_by(own: dict[str, Any]) -> None:
    cluster = drifting(COMPARED)
    cluster.trainings["train-car-loan"] = {**TEMPLATE, "spec": {**TEMPLATE["spec"], **own}}
    cluster.advance(3)
    (job,) = made(cluster)
    expected = {**EVALUATION, "service": cluster.resource.metadata.name}
    assert job["spec"]["modelVersion"] == {**own.get("modelVersion", {}), "evaluation": expected}


def test_a_version_that_is_not_better_did_not_help_and_that_counts_at_once() -> None:
    cluster = trained(compared("NotBetter"))
    memory, trigger = memory_of(cluster)
    assert (memory.fruitless, trigger.judged, trigger.evaluation) == (1, True, WORDS)
    assert events(cluster).count("RetrainingNotBetter") == 1
    assert (said(cluster), versions_of(cluster)["canary"]) == ("False/CoolingDown", None)
    cluster.advance(3)
    assert (memory_of(cluster)[0].fruitless, events(cluster).count("RetrainingNotBetter")) == (1, 1)


def test_it_counts_also_when_the_drift_is_over_and_the_condition_says_so() -> None:
    cluster = drifting(COMPARED)
    cluster.advance(3)
    (job,) = made(cluster)
    watched(cluster, a_drift(stable_of(cluster), verdict="Stable"))
    cluster.versions.append(compared("NotBetter"))
    end(cluster, job, modelVersion={"name": "car-loan-v2", "version": "2"})
    cluster.advance(3)
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (memory_of(cluster)[0].fruitless, said(cluster)) == (1, "False/NoTrigger")
    assert found.message == f"nothing asks for a training; the last one brought nothing better: {WORDS}"


def test_a_version_of_which_nobody_knows_is_waited_for_and_counts_as_nothing() -> None:
    cluster = trained(compared("Unknown"))
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (said(cluster), memory_of(cluster)[0].fruitless) == ("False/VersionPending", 0)
    assert found.message.endswith(f"waits for approval or for its rollout; {WORDS}")
    assert "RetrainingNotBetter" not in events(cluster)


def test_a_better_version_takes_its_way() -> None:
    cluster = trained(compared("Better", is_approved=True))
    assert (memory_of(cluster)[1].evaluation, memory_of(cluster)[0].fruitless) == (WORDS, 0)
    assert versions_of(cluster)["canary"] == "2" or versions_of(cluster)["stable"] == "2"


def test_one_that_a_person_approves_all_the_same_is_rolled_out_and_waited_for() -> None:
    cluster = trained(compared("NotBetter"))
    cluster.versions[-1] = approved(cluster.versions[-1])
    cluster.advance(2)
    assert said(cluster) == "False/RolloutUnderWay"
    for _ in range(60):
        cluster.advance()
        if versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}:
            break
    assert versions_of(cluster)["stable"] == "2"
    assert memory_of(cluster)[0].fruitless == 1
