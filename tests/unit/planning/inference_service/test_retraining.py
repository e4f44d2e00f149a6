"""From a verdict to one TrainingJob: latched first, made next, followed to its end, and asked for by people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from leeboard.api.conditions import Condition, ConditionType, condition_of, timestamp
from leeboard.api.model_version import Decision, ModelVersion
from leeboard.api.monitoring import Monitoring
from leeboard.api.monitoring_status import (
    DriftStatus,
    FeatureStatus,
    PerformanceStatus,
    QualityFault,
    QualityStatus,
)
from leeboard.api.retraining import Retraining
from leeboard.monitoring.memory import Memory
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Report, Watch
from leeboard.monitoring.windows import Windows, advance
from leeboard.planning.config_maps import config_map_name
from leeboard.planning.facts import Rejection
from leeboard.planning.monitoring.settings import settings_of
from leeboard.planning.plan import Create
from tests.unit.monitoring.watched import PROFILE
from tests.unit.planning.inference_service.builders import START, a_service, a_version, profiled
from tests.unit.planning.inference_service.reading import events, versions_of
from tests.unit.planning.inference_service.rolling import ask
from tests.unit.planning.inference_service.simulation import SimulatedCluster

TEMPLATE: dict[str, Any] = {
    "kind": "TrainingJob",
    "metadata": {"name": "train-car-loan", "namespace": "team", "uid": "uid-template"},
    "spec": {"model": "car-loan", "template": {"spec": {"containers": [{"name": "train", "image": "trainer:1"}]}}},
}
DRIFT_ONLY = {"triggers": [{"drift": {"mode": "DriftOnly"}}]}


def a_drift(revision: str, *, verdict: str = "Drift") -> DriftStatus:
    return DriftStatus(
        revision=revision,
        version="1",
        profile=f"sha256:{9:064x}",
        since="2026-02-27T12:00:00Z",
        until="2026-02-28T12:00:00Z",
        rows=2400,
        verdict=verdict,
        drifted=("car_value",),
        drift_since="2026-02-25T12:00:00Z",
        prediction="Stable",
        features=(FeatureStatus(name="car_value", standing="Drifted", psi="0.4200"),),
    )


def a_quality(revision: str) -> QualityStatus:
    return QualityStatus(
        revision=revision,
        version="1",
        profile=f"sha256:{9:064x}",
        since="2026-02-28T11:00:00Z",
        until="2026-02-28T12:00:00Z",
        rows=100,
        verdict="Broken",
        faults=(QualityFault(feature="income", fault="null", share="0.3000", usual="0.0100"),),
    )


def watching(profiles: dict[str, Profile], *, stable: str, **reports: Report) -> Watch:
    windows = advance(Windows(), {}, profiles=profiles, now=START)
    return Watch(Memory(windows=windows), reports, (stable,))


def stable_of(cluster: SimulatedCluster) -> str:
    stable = cluster.resource.status.stable
    assert stable is not None
    return stable.name


def watched(cluster: SimulatedCluster, drift: DriftStatus | None = None) -> None:
    """Stable is watched, and this was concluded of it."""
    name = stable_of(cluster)
    cluster.watch = watching({name: PROFILE}, stable=name, **{name: Report(drift)})


def served(fields: dict[str, Any] | None = DRIFT_ONLY, *, template: bool = True) -> SimulatedCluster:
    """Version 1 serves and may be trained again."""
    service = a_service()
    retraining = None
    if fields is not None:
        retraining = Retraining.model_validate({"trainingJobRef": {"name": "train-car-loan"}, **fields})
    spec = service.spec.model_copy(update={"retraining": retraining})
    cluster = SimulatedCluster(service.model_copy(update={"spec": spec}), [profiled(a_version(1))])
    if template:
        cluster.trainings["train-car-loan"] = {**TEMPLATE}
    for _ in range(30):
        cluster.advance()
        if cluster.resource.status.stable is not None and not cluster.resource.status.draining:
            break
    cluster.writes.clear()
    cluster.notices.clear()
    return cluster


def drifting(fields: dict[str, Any] | None = DRIFT_ONLY) -> SimulatedCluster:
    cluster = served(fields)
    watched(cluster, drift=a_drift(stable_of(cluster)))
    return cluster


def told(cluster: SimulatedCluster, kind: ConditionType) -> Condition | None:
    return condition_of(cluster.resource.status.conditions, kind)


def said(cluster: SimulatedCluster, kind: ConditionType = ConditionType.RETRAINING) -> str:
    found = told(cluster, kind)
    return "absent" if found is None else f"{found.status.value}/{found.reason}"


def made(cluster: SimulatedCluster) -> list[dict[str, Any]]:
    """TrainingJobs that the operator made."""
    creates = [write.manifest for write in cluster.writes if isinstance(write, Create)]
    return [manifest for manifest in creates if manifest["kind"] == "TrainingJob"]


def end(cluster: SimulatedCluster, job: dict[str, Any], **status: object) -> None:
    """The training ends."""
    live = cluster.trainings[job["metadata"]["name"]]
    live["status"] = {"outcome": "Succeeded", "completionTime": timestamp(cluster.now), **status}


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


def test_a_canary_that_drifts_is_reported_and_trains_nothing() -> None:
    cluster = served()
    cluster.versions.append(profiled(a_version(2)))
    cluster.reconcile()
    canary = cluster.resource.status.canary
    assert canary is not None
    name = stable_of(cluster)
    profiles = {name: PROFILE, canary.name: PROFILE}
    cluster.watch = watching(profiles, stable=name, **{canary.name: Report(drift=a_drift(canary.name))})
    cluster.reconcile()
    assert cluster.resource.status.canary_drift == a_drift(canary.name)
    assert cluster.resource.status.drift is None
    assert made(cluster) == []


def test_a_person_is_answered_with_the_name_of_the_training_job() -> None:
    cluster = served({})
    answer = ask(cluster, "retrain")
    trigger = cluster.resource.status.retraining.trigger  # type: ignore[union-attr]
    assert trigger is not None
    assert (answer, trigger.by, trigger.kind) == (f"Done: TrainingJob {trigger.training_job}", "ann", "OnDemand")
    cluster.advance(3)
    (job,) = made(cluster)
    assert job["spec"] == TEMPLATE["spec"]
    assert job["metadata"]["annotations"]["leeboard.dev/trigger-actor"] == "ann"


def test_a_person_is_refused_with_the_guards_sentence() -> None:
    cluster = served({"suspend": True})
    assert ask(cluster, "retrain") == "Refused: spec.retraining.suspend is true"
    cluster.advance(2)
    assert made(cluster) == []


def test_a_second_request_within_the_cooldown_is_refused_until_when() -> None:
    cluster = served({})
    ask(cluster, "retrain")
    cluster.advance(3)
    end(cluster, made(cluster)[0], outcome="Failed")
    cluster.advance(2)
    assert ask(cluster, "retrain", identity="again").startswith("Refused: the last training ended 2026-03-01T12:")


def test_without_retraining_in_the_spec_a_person_is_told_where_to_name_it() -> None:
    cluster = served(None)
    assert ask(cluster, "retrain") == (
        "Refused: spec.retraining is not set: name a TrainingJob in spec.retraining.trainingJobRef"
    )
    assert said(cluster) == "absent"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (None, "names TrainingJob train-car-loan, which does not exist in this namespace"),
        ({**TEMPLATE, "spec": {**TEMPLATE["spec"], "model": "other"}}, "which trains other, not car-loan"),
        ({**TEMPLATE, "spec": {**TEMPLATE["spec"], "dataset": {"digest": "sha256:1"}}}, "spec.dataset.digest pins"),
    ],
)
def test_a_template_that_cannot_be_used_is_told_with_its_path(template: dict[str, Any] | None, sentence: str) -> None:
    cluster = drifting()
    del cluster.trainings["train-car-loan"]
    if template is not None:
        cluster.trainings["train-car-loan"] = template
    cluster.advance(2)
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (found.reason, made(cluster)) == ("TemplateInvalid", [])
    assert found.message.startswith("spec.retraining.trainingJobRef ")
    assert sentence in found.message
    assert ask(cluster, "retrain").startswith("Refused: spec.retraining.trainingJobRef ")


def test_a_refused_training_job_is_told_and_does_not_stop_the_service() -> None:
    cluster = drifting()
    cluster.reconcile()
    name = cluster.resource.status.retraining.trigger.training_job  # type: ignore[union-attr]
    generation = cluster.resource.metadata.generation
    cluster.rejections = (Rejection(403, "quota exceeded", "TrainingJob", name, generation),)
    cluster.advance(2)
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (found.reason, found.message) == (
        "TemplateInvalid",
        f"the API server refuses TrainingJob {name}: quota exceeded",
    )
    assert said(cluster, ConditionType.STALLED) == "False/NotStalled"
    assert made(cluster) == []
    cluster.rejections = ()
    cluster.advance(2)
    assert len(made(cluster)) == 1


def test_verdicts_stand_in_status_and_stay_until_somebody_has_looked_again() -> None:
    cluster = drifting(None)
    cluster.reconcile()
    drift = a_drift(stable_of(cluster))
    assert cluster.resource.status.drift == drift
    assert said(cluster, ConditionType.DRIFT_DETECTED) == "True/Drift"
    assert said(cluster, ConditionType.DATA_QUALITY) == "Unknown/NoWindowYet"
    cluster.watch = None
    cluster.reconcile()
    assert cluster.resource.status.drift == drift
    assert said(cluster, ConditionType.DRIFT_DETECTED) == "True/Drift"
    watched(cluster, drift=a_drift(stable_of(cluster), verdict="Stable"))
    cluster.reconcile()
    assert said(cluster, ConditionType.DRIFT_DETECTED) == "False/Stable"
    assert events(cluster) == ["DriftDetected", "DriftEnded"]


def test_the_config_map_is_written_once_and_again_when_something_ended() -> None:
    cluster = served(None)
    watched(cluster)
    cluster.advance(3)
    name = config_map_name(cluster.resource.metadata, "monitoring")
    assert Watch.from_data(cluster.config_maps[name]["data"]) == cluster.watch
    assert len(cluster.writes) == 1
    watch = cluster.watch
    assert watch is not None
    cluster.watch = Watch(watch.memory, watch.reports, ("before", *watch.was_stable))
    cluster.advance(3)
    assert len(cluster.writes) == 2
    assert Watch.from_data(cluster.config_maps[name]["data"]) == cluster.watch


def test_the_clock_asks_for_a_training_when_it_is_due_and_is_looked_at_then() -> None:
    cluster = served({"triggers": [{"schedule": {"cron": "1 12 * * *"}}]})
    cluster.reconcile()
    due = cluster.reconcile().requeue_after
    assert due is not None
    assert (cluster.now + due).strftime("%H:%M:%S") == "12:01:00"
    cluster.tick += int(due.total_seconds())
    cluster.advance(2)
    assert [job["spec"] for job in made(cluster)] == [TEMPLATE["spec"]]


def test_new_data_ask_for_a_training_once() -> None:
    uri = "https://data.example/loans.csv"
    cluster = served({"triggers": [{"newData": {"uri": uri}}]})
    cluster.marks[uri] = "a"
    cluster.advance(2)
    assert made(cluster) == []
    cluster.marks[uri] = "b"
    cluster.advance(5)
    assert len(made(cluster)) == 1


def test_the_spec_of_monitoring_is_what_windows_are_judged_by() -> None:
    spec = Monitoring.model_validate(
        {"window": {"period": "1h", "longest": "4h", "minSamples": 50, "qualityPeriod": "5m"}, "drift": {"size": "0.3"}}
    )
    found = settings_of(spec)
    assert (found.period.total_seconds(), found.longest.total_seconds(), found.min_samples) == (3600, 14400, 50)
    assert (found.quality_period.total_seconds(), found.drift_size, found.warn_size) == (300, 0.3, 0.1)


def labelled(cluster: SimulatedCluster) -> None:
    """The service takes labels."""
    labels = {"tokenKeysSecret": "keys", "feedbackSecret": "feedback"}
    spec = cluster.resource.spec.model_copy(update={"monitoring": Monitoring.model_validate({"labels": labels})})
    cluster.resource = cluster.resource.model_copy(update={"spec": spec})


@pytest.mark.parametrize(
    ("mode", "verdict", "labels", "expected", "performance"),
    [
        ("DriftAndPerformance", "Worse", 900, "True/Training", "True/Worse"),
        ("DriftAndPerformance", "Unproven", 900, "False/LabelsNeeded", "Unknown/LabelsNeeded"),
        ("DriftAndPerformance", "Unproven", 1200, "False/NoTrigger", "False/Unproven"),
        ("DriftAndPerformance", "TooFewLabels", 100, "False/LabelsNeeded", "Unknown/LabelsNeeded"),
        ("DriftAndPerformance", None, 0, "False/LabelsNeeded", "Unknown/LabelsNeeded"),
        ("PerformanceOnly", "Worse", 900, "True/Training", "True/Worse"),
        ("PerformanceOnly", "Unproven", 1200, "False/NoTrigger", "False/Unproven"),
    ],
)
def test_labels_decide_where_the_mode_asks_for_them(
    mode: str, verdict: str | None, *, labels: int, expected: str, performance: str
) -> None:
    cluster = served({"triggers": [{"drift": {"mode": mode}}]})
    labelled(cluster)
    name = stable_of(cluster)
    found = None
    if verdict is not None:
        found = PerformanceStatus(
            revision=name,
            version="1",
            until="2026-02-28T11:00:00Z",
            verdict=verdict,
            metric="BalancedAccuracy",
            value="0.9100",
            reference="0.9440",
            labels=labels,
            needed=1100,
        )
    drift = a_drift(name, verdict="Stable" if mode == "PerformanceOnly" else "Drift")
    cluster.watch = watching({name: PROFILE}, stable=name, **{name: Report(drift, None, found)})
    cluster.advance(3)
    assert (said(cluster), said(cluster, ConditionType.PERFORMANCE_LOST)) == (expected, performance)
    assert len(made(cluster)) == (expected == "True/Training")
    assert cluster.resource.status.performance == found


def test_a_service_with_all_of_it_settles() -> None:
    cluster = drifting({**DRIFT_ONLY, "suspend": True})
    cluster.advance(3)
    assert cluster.is_settled()
    assert said(cluster) == "False/Suspended"
