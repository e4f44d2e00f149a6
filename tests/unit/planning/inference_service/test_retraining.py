"""From a verdict to one TrainingJob: latched first, made next, followed to its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leeboard.api.conditions import ConditionType, timestamp
from leeboard.api.model_version import Decision, ModelVersion
from leeboard.monitoring.watch import Report
from leeboard.planning.plan import Create
from tests.unit.monitoring.watched import PROFILE
from tests.unit.planning.inference_service.builders import a_version, profiled
from tests.unit.planning.inference_service.reading import events, versions_of
from tests.unit.planning.inference_service.retrained import (
    DRIFT_ONLY,
    TEMPLATE,
    a_drift,
    a_quality,
    drifting,
    end,
    made,
    said,
    served,
    stable_of,
    watching,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster


def test_a_trigger_is_latched_before_its_training_job_is_made_and_makes_one_only() -> None:
    cluster = drifting()

    cluster.reconcile()
    trigger = cluster.resource.status.retraining.trigger  # type: ignore[union-attr]
    assert trigger is not None
    assert (made(cluster), trigger.kind, trigger.id) == ([], "Drift", "Drift/2026-02-28T12:00:00Z/1")
    assert "car_value (PSI 0.4200) drifted" in trigger.evidence

    cluster.advance(5)
    (job,) = made(cluster)
    assert job["metadata"]["name"] == trigger.training_job
    assert job["metadata"]["annotations"]["leeboard.dev/trigger"] == trigger.id
    assert job["spec"] == {**TEMPLATE["spec"], "modelVersion": {"approval": "Manual"}}
    assert cluster.resource.status.retraining.trigger.seen  # type: ignore[union-attr]
    assert said(cluster) == "True/Training"
    assert events(cluster) == ["RetrainingTriggered", "DriftDetected"]


def test_an_operator_that_dies_after_the_status_makes_the_same_training_job() -> None:
    cluster = drifting()
    cluster.reconcile()
    first = cluster.planned()
    second = cluster.planned()  # the first one died before its write
    assert [w for w in first.writes if isinstance(w, Create)] == [w for w in second.writes if isinstance(w, Create)]
    cluster.watch = None  # and the new leader has not looked yet
    cluster.advance(3)
    assert len(made(cluster)) == 1


def test_an_automatic_approval_is_left_as_the_template_has_it() -> None:
    cluster = drifting({**DRIFT_ONLY, "autoApprove": True})
    cluster.advance(3)
    assert made(cluster)[0]["spec"] == TEMPLATE["spec"]


def test_a_training_is_followed_to_its_end_and_the_version_waits_for_its_way() -> None:
    cluster = drifting()
    cluster.advance(3)
    (job,) = made(cluster)
    cluster.versions.append(a_version(2, is_approved=False))
    end(cluster, job, modelVersion={"name": "car-loan-v2", "version": "2"})
    cluster.advance(2)
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert memory.trigger is not None
    assert (memory.trigger.outcome, memory.trigger.version) == ("Succeeded", "2")
    assert said(cluster) == "False/VersionPending"
    assert "RetrainingEnded" in events(cluster)
    assert len(made(cluster)) == 1


def retrained(version: ModelVersion) -> SimulatedCluster:
    """Drift had the model trained again, and this version came out of it."""
    cluster = drifting()
    cluster.advance(3)
    (job,) = made(cluster)
    cluster.versions.append(version)
    end(cluster, job, modelVersion={"name": "car-loan-v2", "version": "2"})
    cluster.reconcile()
    return cluster


def test_a_version_that_serves_and_is_healthy_helped() -> None:
    cluster = retrained(profiled(a_version(2)))
    for _ in range(60):
        cluster.advance()
        if versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}:
            break
    assert versions_of(cluster)["stable"] == "2"
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert memory.trigger is not None
    assert not memory.trigger.judged
    name = stable_of(cluster)
    healthy = Report(a_drift(name, verdict="Stable"), healthy_at=timestamp(cluster.now + timedelta(days=1)))
    cluster.watch = watching({name: PROFILE}, stable=name, **{name: healthy})
    cluster.advance(2)
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert memory.trigger is not None
    assert (memory.trigger.judged, memory.fruitless) == (True, 0)
    assert (said(cluster), len(made(cluster))) == ("False/NoTrigger", 1)


def test_while_the_new_version_takes_over_nothing_else_is_trained() -> None:
    cluster = retrained(profiled(a_version(2)))
    cluster.advance()
    assert cluster.resource.status.canary is not None
    assert said(cluster) == "False/RolloutUnderWay"


def test_a_version_that_a_person_rejected_is_waited_for_no_longer_and_did_not_help() -> None:
    version = a_version(2, is_approved=False)
    decision = Decision(state="Rejected", by="ann", evidence_digest=f"sha256:{1:064x}")
    rejected = version.model_copy(update={"spec": version.spec.model_copy(update={"decision": decision})})
    cluster = retrained(rejected)
    cluster.advance(2)
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert (said(cluster), memory.fruitless) == ("False/CoolingDown", 1)


def test_a_training_job_that_somebody_deleted_is_lost_and_not_made_again() -> None:
    cluster = drifting()
    cluster.advance(3)
    (job,) = made(cluster)
    del cluster.trainings[job["metadata"]["name"]]
    cluster.advance(3)
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert memory.trigger is not None
    assert (memory.trigger.outcome, len(made(cluster))) == ("Lost", 1)


def test_by_default_drift_alone_trains_nothing_and_says_that_labels_are_needed() -> None:
    cluster = drifting({"triggers": [{"drift": {}}]})
    cluster.advance(3)
    assert (made(cluster), said(cluster)) == ([], "False/LabelsNeeded")


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ({}, "Unknown/NotObserved"),
        ({"drift": "Stable"}, "False/NoTrigger"),
        ({"drift": "Suspected"}, "False/NoTrigger"),
        ({"drift": "NoData"}, "Unknown/NotObserved"),
        ({"drift": "ReferenceMismatch"}, "False/ReferenceMismatch"),
        ({"drift": "Drift", "quality": "Broken"}, "False/QualityVeto"),
    ],
)
def test_only_a_drift_on_good_data_trains(reports: dict[str, str], expected: str) -> None:
    cluster = served()
    name = stable_of(cluster)
    drift = a_drift(name, verdict=reports["drift"]) if "drift" in reports else None
    quality = a_quality(name) if "quality" in reports else None
    cluster.watch = watching({name: PROFILE}, stable=name, **{name: Report(drift, quality)})
    cluster.advance(3)
    assert (made(cluster), said(cluster)) == ([], expected)


def test_nothing_is_decided_before_somebody_looked_or_by_what_was_counted_as_a_canary() -> None:
    cluster = served()
    cluster.advance(2)
    assert (made(cluster), said(cluster)) == ([], "Unknown/NotObserved")

    name = stable_of(cluster)
    cluster.watch = watching({name: PROFILE}, stable="another", **{name: Report(drift=a_drift(name))})
    cluster.advance(3)
    assert (made(cluster), said(cluster)) == ([], "Unknown/NotObserved")
    assert said(cluster, ConditionType.DRIFT_DETECTED) == "absent"


def test_a_new_operator_says_nothing_else_before_it_has_looked() -> None:
    cluster = drifting({**DRIFT_ONLY, "suspend": True})
    cluster.advance(3)
    before = cluster.resource.status
    cluster.watch = None
    cluster.advance(2)
    assert cluster.resource.status == before


def test_a_service_with_all_of_it_settles() -> None:
    cluster = drifting({**DRIFT_ONLY, "suspend": True})
    cluster.advance(3)
    assert cluster.is_settled()
    assert said(cluster) == "False/Suspended"
