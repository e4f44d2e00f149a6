"""TrainingJobs of past triggers go when there are too many, and none that anything still rests on."""

from __future__ import annotations

import pytest

from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import controller_reference
from leeboard.planning.plan import Delete
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.retrained import DRIFT_ONLY, drifting, end, made, served
from tests.unit.planning.inference_service.simulation import SimulatedCluster


def a_past(
    cluster: SimulatedCluster, name: str, *, day: int, outcome: str | None = "Succeeded", **status: object
) -> None:
    """A TrainingJob of the service that ended on that day of January; without an outcome it runs."""
    owner = cluster.resource.metadata
    ended = {} if outcome is None else {"outcome": outcome, "completionTime": f"2026-01-{day:02}T00:00:00Z"}
    metadata = {
        "name": name,
        "namespace": owner.namespace,
        "uid": f"uid-{name}",
        "labels": owner_labels(Kind.INFERENCE_SERVICE, name=owner.name, uid=owner.uid),
        "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, owner)],
    }
    spec = {"model": "car-loan"}
    cluster.trainings[name] = {
        "apiVersion": API_VERSION,
        "kind": "TrainingJob",
        "metadata": metadata,
        "spec": spec,
        "status": {**ended, **status},
    }


def brought(number: int) -> dict[str, str]:
    return {"name": f"car-loan-v{number}", "version": str(number)}


def gone(cluster: SimulatedCluster) -> set[str]:
    return {write.ref.name for write in cluster.writes if isinstance(write, Delete) and write.ref.kind == "TrainingJob"}


def test_the_newest_three_that_succeeded_and_the_newest_three_that_failed_stay() -> None:
    cluster = served()
    for day in range(1, 7):
        a_past(cluster, f"good-{day}", day=day)
        a_past(cluster, f"bad-{day}", day=day, outcome="Failed")
        a_past(cluster, f"runs-{day}", day=day, outcome=None)
    cluster.reconcile()
    assert gone(cluster) == {"good-1", "good-2", "good-3", "bad-1", "bad-2", "bad-3"}
    cluster.writes.clear()
    cluster.advance(2)
    assert gone(cluster) == set()


@pytest.mark.parametrize(("limit", "stay"), [({"succeeded": 0}, set()), ({"succeeded": 2}, {"old", "older"})])
def test_the_spec_says_how_many_stay(limit: dict[str, int], stay: set[str]) -> None:
    cluster = served({**DRIFT_ONLY, "historyLimit": limit})
    a_past(cluster, "old", day=2)
    a_past(cluster, "older", day=1)
    cluster.reconcile()
    assert {"old", "older"} - gone(cluster) == stay


def test_what_serves_what_waits_and_the_last_evidence_stay_whatever_the_limit() -> None:
    cluster = drifting({**DRIFT_ONLY, "historyLimit": {"succeeded": 0, "failed": 0}})
    cluster.advance(3)
    (last,) = made(cluster)
    cluster.versions.append(a_version(2, is_approved=False))
    a_past(cluster, "serves", day=1, modelVersion=brought(1))
    a_past(cluster, "waits", day=2, modelVersion=brought(2))
    a_past(cluster, "never-registered", day=3, modelVersion=brought(9))
    end(cluster, last, outcome="Failed")
    cluster.advance(3)
    assert gone(cluster) == {"never-registered"}


def test_the_template_stays_and_so_does_what_belongs_to_somebody_else() -> None:
    cluster = served({**DRIFT_ONLY, "historyLimit": {"succeeded": 0}})
    cluster.trainings["train-car-loan"]["status"] = {"outcome": "Succeeded", "completionTime": "2026-01-01T00:00:00Z"}
    a_past(cluster, "stranger", day=1)
    cluster.trainings["stranger"]["metadata"]["ownerReferences"][0]["uid"] = "another"
    cluster.reconcile()
    assert gone(cluster) == set()


def test_a_template_that_retraining_made_once_stays() -> None:
    cluster = served({**DRIFT_ONLY, "historyLimit": {"succeeded": 0}})
    a_past(cluster, "train-car-loan", day=1)
    cluster.reconcile()
    assert gone(cluster) == set()
