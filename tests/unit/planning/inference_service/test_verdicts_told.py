"""What monitoring says of a service stands in its status, and what it remembers in a ConfigMap."""

from __future__ import annotations

import pytest

from leeboard.api.conditions import ConditionType
from leeboard.api.monitoring import Monitoring
from leeboard.api.monitoring_status import (
    PerformanceStatus,
)
from leeboard.monitoring.watch import Report, Watch
from leeboard.planning.config_maps import config_map_name
from leeboard.planning.monitoring.settings import settings_of
from tests.unit.monitoring.watched import PROFILE
from tests.unit.planning.inference_service.builders import a_version, profiled
from tests.unit.planning.inference_service.reading import events
from tests.unit.planning.inference_service.retrained import (
    a_drift,
    drifting,
    made,
    said,
    served,
    stable_of,
    watched,
    watching,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster


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
    assert cluster.resource.status.canary_drift == a_drift(canary.name).brief
    assert cluster.resource.status.drift is None
    assert made(cluster) == []


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
