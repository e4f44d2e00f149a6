"""A service that may be trained again, watched, with what was concluded of it: what tests of retraining begin with."""

from __future__ import annotations

from typing import Any

from leeboard.api.conditions import Condition, ConditionType, condition_of, timestamp
from leeboard.api.monitoring_status import (
    FeatureStatus,
    QualityFault,
    QualityStatus,
    ServedDriftStatus,
)
from leeboard.api.retraining import Retraining
from leeboard.monitoring.memory import Memory
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Report, Watch
from leeboard.monitoring.windows import Windows, advance
from leeboard.planning.plan import Create
from tests.unit.monitoring.watched import PROFILE
from tests.unit.planning.inference_service.builders import START, a_service, a_version, profiled
from tests.unit.planning.inference_service.simulation import SimulatedCluster

TEMPLATE: dict[str, Any] = {
    "kind": "TrainingJob",
    "metadata": {"name": "train-car-loan", "namespace": "team", "uid": "uid-template"},
    "spec": {"model": "car-loan", "template": {"spec": {"containers": [{"name": "train", "image": "trainer:1"}]}}},
}
DRIFT_ONLY = {"triggers": [{"drift": {"mode": "DriftOnly"}}]}


def a_drift(revision: str, *, verdict: str = "Drift") -> ServedDriftStatus:
    return ServedDriftStatus(
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


def watched(cluster: SimulatedCluster, drift: ServedDriftStatus | None = None) -> None:
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
