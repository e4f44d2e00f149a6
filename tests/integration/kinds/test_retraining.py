"""From counted rows to one TrainingJob: a real API server, a real MLflow, and pods that speak the counters' format."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.watched_world import SECONDS, Pod, World
from tests.integration.mlflow_server import MlflowServer
from tests.support.profiles import Reference
from tests.unit.monitoring.test_watch_labels import REFERENCE as LABELLED
from tests.unit.monitoring.watched import REFERENCE

pytestmark = pytest.mark.integration


class PodWorld(World):
    """Its pod is a little server that has counted what it is told to."""

    pod: Pod

    def prepare(self, **retraining: object) -> None:
        super().prepare(**retraining)
        self.pod.revision = self.revision
        self.answer_at(self.pod.server_port)
        # What a pod counted before it was first asked may be from before its operator.
        eventually(lambda: self.pod.asked > 1, what="the first questions")

    def judged_rows(self, seed: int, *, shift: float = 0.0) -> str:
        """The verdict on a window with two thousand such rows."""
        return self.judged(lambda: self.pod.serve(seed, shift=shift))


@pytest.fixture
def reference() -> Reference:
    """What the version was built from, without labels."""
    return REFERENCE


@pytest.fixture
def pod(reference: Reference) -> Iterator[Pod]:
    """One server."""
    server = Pod(reference)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(api: Api, namespace: str, *, mlflow_server: MlflowServer, pod: Pod) -> PodWorld:
    world = PodWorld(api, namespace, mlflow=mlflow_server, profile=json.dumps(pod.reference.document).encode())
    world.pod = pod
    world.approve(1)
    return world


def test_drift_makes_one_training_job_also_when_the_operator_is_killed_in_between(
    world: PodWorld, start_operator: StartOperator
) -> None:
    first = start_operator(**SECONDS)
    first.wait_until_leading()
    world.prepare(triggers=[{"drift": {"mode": "DriftOnly"}}])
    eventually(lambda: world.condition("DriftDetected") == "Unknown/NoWindowYet", what="the first look")
    assert [world.judged_rows(seed) for seed in (10, 11)] == ["Stable", "Stable"]
    assert world.condition("Monitored") == "True/Counted"
    world.judged_rows(12, shift=1.5)
    world.judged_rows(13, shift=1.5)
    world.pod.serve(14, shift=1.5)
    eventually(lambda: bool(world.trigger()), what="a trigger", seconds=60)
    first.process.kill()
    first.process.wait()

    start_operator(**SECONDS).wait_until_leading()
    eventually(lambda: world.trigger().get("seen") is True, what="the TrainingJob", seconds=60)

    (job,) = world.trainings()
    trigger = world.trigger()
    assert job["metadata"]["name"] == trigger["trainingJob"]
    assert job["metadata"]["annotations"]["leeboard.dev/trigger"] == trigger["id"]
    assert job["spec"]["modelVersion"]["approval"] == "Manual"
    assert "car_value" in trigger["evidence"]
    assert world.drift()["drifted"] == ["car_value"]
    assert world.condition("Retraining") == "True/Training"
    assert world.condition("DriftDetected") == "True/Drift"


def test_a_person_is_answered_with_the_training_job_or_with_the_guard(
    world: PodWorld, start_operator: StartOperator
) -> None:
    start_operator(**SECONDS).wait_until_leading()
    world.prepare()
    assert world.ask("retrain", identity="first") == "Done"
    eventually(lambda: len(world.trainings()) == 1, what="the TrainingJob")
    assert world.status()["request"]["message"] == f"TrainingJob {world.trainings()[0]['metadata']['name']}"
    eventually(lambda: world.trigger().get("seen") is True, what="that it was seen")
    assert world.ask("retrain", identity="second") == "Refused"
    assert "is under way" in world.status()["request"]["message"]
    assert len(world.trainings()) == 1


@pytest.mark.parametrize("reference", [LABELLED], ids=["a reference with labels"])
def test_labels_that_show_a_loss_make_one_training_job(world: PodWorld, start_operator: StartOperator) -> None:
    start_operator(**SECONDS).wait_until_leading()
    world.prepare(triggers=[{"drift": {"mode": "PerformanceOnly"}}])
    eventually(lambda: world.condition("PerformanceLost") == "Unknown/LabelsNeeded", what="that labels are taken")

    world.pod.answer(wrong=0.2, hours=6)

    eventually(lambda: world.trigger().get("seen") is True, what="the TrainingJob", seconds=60)
    assert (world.trigger()["kind"], len(world.trainings())) == ("Performance", 1)
    assert "BalancedAccuracy" in world.trigger()["evidence"]
    assert world.condition("PerformanceLost") == "True/Worse"
    assert world.status()["performance"]["labels"] == 3600
