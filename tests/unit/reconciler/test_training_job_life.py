"""Whole lives of TrainingJobs through the real loop, over the API server and MLflow in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from leeboard.api.names import API_VERSION, Kind, Tag
from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.planning import training_job
from leeboard.planning.facts import LoggedModel, Run, RunStatus
from leeboard.planning.plan import Create, Delete, JsonPatch, ObjectRef
from leeboard.ports import Key
from leeboard.reconciler.kind import KindEntry
from leeboard.reconciler.loop import World, reconcile
from leeboard.reconciler.observe_training_job import observe_training_job
from tests.support.builders_training import DEFAULTS, training
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_surroundings import Clock, CountedTracking, sources

KEY = Key(Kind.TRAINING_JOB, "credit", "car-loan")
REF = ObjectRef(API_VERSION, "TrainingJob", "credit", "car-loan")
CREATED = "2026-11-21T12:00:00Z"
READY = LoggedModel("m-1", "model", "READY")
KINDS = {Kind.TRAINING_JOB: KindEntry(TrainingJob.model_validate, observe_training_job, training_job.plan)}


@dataclass
class Life:
    """One TrainingJob and everything around it."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    tracking: CountedTracking = field(default_factory=CountedTracking)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        resource = training()
        self.cluster.put({"apiVersion": API_VERSION, "kind": "TrainingJob", **resource.to_json()})
        self.restart()

    def restart(self) -> None:
        """The operator forgets everything."""
        self.world = World(sources(self.cluster, self.tracking), self.clock, DEFAULTS, KINDS)

    async def settle(self) -> Manifest:
        """Passes until one wants nothing more; the status then."""
        for _ in range(20):
            for job in self.of_kind("Job"):
                job["metadata"].setdefault("creationTimestamp", CREATED)
            told = len(self.cluster.statuses)
            verdict = await reconcile(KEY, self.world)
            if not verdict.at_once and not verdict.back_off and len(self.cluster.statuses) == told:
                break
            if verdict.back_off and self.tracking.is_down:
                break
        return self.status

    @property
    def status(self) -> Manifest:
        return dict(self.cluster.objects[REF].get("status") or {})

    def of_kind(self, kind: str) -> list[Manifest]:
        return [manifest for ref, manifest in self.cluster.objects.items() if ref.kind == kind]

    def pod(self, phase: str, **state: object) -> None:
        """What the kubelet says of the attempt's pod."""
        (job,) = self.of_kind("Job")
        labels = job["spec"]["template"]["metadata"]["labels"]
        status = {"name": "train", "imageID": "trainer@sha256:abc", "state": state}
        self.cluster.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "pod", "namespace": "credit", "labels": labels, "creationTimestamp": CREATED},
                "spec": {"containers": [{"name": "train"}]},
                "status": {"phase": phase, "containerStatuses": [status]},
            }
        )

    def job_ends(self, condition: str, code: int) -> None:
        """The pod ends with ``code``, and the Job controller says so."""
        self.pod("Failed" if code else "Succeeded", terminated={"exitCode": code})
        (job,) = self.of_kind("Job")
        ended = {"type": condition, "status": "True", "reason": "", "message": "", "lastTransitionTime": CREATED}
        self.cluster.put({**job, "status": {"conditions": [ended]}})

    def vanish(self, kind: str) -> None:
        for ref in [ref for ref in self.cluster.objects if ref.kind == kind]:
            del self.cluster.objects[ref]

    def creations(self, kind: str) -> int:
        """How often an object of ``kind`` was made."""
        writes = [write for write in self.cluster.written if isinstance(write, Create)]
        return len([write for write in writes if write.manifest["kind"] == kind])

    def run(self) -> Run:
        (run,) = self.tracking.runs.values()
        return run


async def running() -> Life:
    """A training whose pod runs."""
    life = Life()
    await life.settle()
    life.pod("Running", running={})
    await life.settle()
    return life


async def test_up_to_its_job_a_training_costs_three_writes_and_three_calls_of_mlflow() -> None:
    life = Life()

    status = await life.settle()

    assert status["phase"] == "Starting"
    assert (len(life.cluster.written), len(life.cluster.statuses), life.cluster.notices) == (1, 2, [])
    assert life.tracking.calls == 3


async def test_a_training_that_goes_well_ends_as_one_registered_version() -> None:
    life = await running()
    life.tracking.runs[life.run().id] = replace(life.run(), metrics=(("accuracy", "0.9"),))
    life.tracking.models_of_runs[life.run().id] = (LoggedModel("m-0", "model", "PENDING"), READY)
    life.job_ends("Complete", 0)

    status = await life.settle()

    assert (status["phase"], status["outcome"], status["metrics"]) == (
        "Succeeded",
        "Succeeded",
        [{"name": "accuracy", "value": "0.9"}],
    )
    assert [found.source for found in life.tracking.versions["car-loan"]] == ["models:/m-1"]
    assert [found["metadata"]["name"] for found in life.of_kind("ModelVersion")] == ["car-loan-v1"]
    assert (life.run().status, life.run().tags[Tag.CLOSED]) == (RunStatus.FINISHED, "1")
    assert [notice.reason for notice in life.cluster.notices] == ["Running", "Registered"]
    assert [type(write) for write in life.cluster.written] == [Create, Create, JsonPatch]
    assert [status["phase"] for status in life.cluster.statuses] == [
        *("Pending", "Starting", "Running"),
        *("Registering", "Registering", "Succeeded"),
    ]


async def test_a_running_and_an_ended_training_ask_nothing_and_write_nothing() -> None:
    life = await running()
    calls = life.tracking.calls
    await life.settle()
    assert life.tracking.calls == calls

    life.tracking.models_of_runs[life.run().id] = (READY,)
    life.job_ends("Complete", 0)
    await life.settle()
    (job,) = life.of_kind("Job")
    life.cluster.put({**job, "spec": {**job["spec"], "ttlSecondsAfterFinished": 1}})
    calls, written, told = life.tracking.calls, len(life.cluster.written), len(life.cluster.statuses)
    life.restart()

    await life.settle()

    assert (life.tracking.calls, len(life.cluster.written), len(life.cluster.statuses)) == (calls, written, told)


async def test_a_code_error_ends_with_its_log_in_mlflow_and_in_status() -> None:
    life = await running()
    life.cluster.logs["pod", "train"] = tuple(f"line {number}" for number in range(1500))
    life.job_ends("Failed", 3)

    status = await life.settle()

    assert (status["phase"], status["failure"]["class"]) == ("Failed", "CodeError")
    assert status["failure"]["lastLogLines"] == [f"line {number}" for number in range(1480, 1500)]
    (text,) = life.tracking.texts.values()
    assert text.splitlines() == [f"line {number}" for number in range(500, 1500)]
    assert life.run().status is RunStatus.FAILED


async def test_a_bad_image_is_told_and_its_job_deleted_at_the_deadline() -> None:
    life = Life()
    await life.settle()
    life.pod("Pending", waiting={"reason": "ErrImagePull", "message": "not found"})
    told = await life.settle()
    life.clock.at += DEFAULTS.start_deadline

    status = await life.settle()

    assert told["phase"] == "Starting"
    assert (status["failure"]["class"], status["failure"]["reason"]) == ("NeverStarted", "ImagePullBackOff")
    assert status["outcome"] == "Failed"
    assert life.of_kind("Job") == []
    assert isinstance(life.cluster.written[-1], Delete)


async def test_a_script_that_logs_no_model_is_an_invalid_result() -> None:
    life = await running()
    life.job_ends("Complete", 0)

    status = await life.settle()

    assert (status["failure"]["class"], status["outcome"]) == ("ResultInvalid", "Failed")
    assert life.run().status is RunStatus.FAILED
    assert life.tracking.versions == {}


@pytest.mark.parametrize("seen", [True, False], ids=["after it was seen", "before it was seen"])
async def test_a_job_that_vanished_while_the_operator_was_away_is_recovered(*, seen: bool) -> None:
    life = Life()
    if seen:
        await life.settle()
    else:
        await reconcile(KEY, life.world)
        await reconcile(KEY, life.world)
    life.tracking.runs[life.run().id] = replace(life.run(), status=RunStatus.FINISHED)
    life.tracking.models_of_runs[life.run().id] = (READY,)
    life.vanish("Job")
    life.restart()

    status = await life.settle()

    assert status["outcome"] == "Succeeded"
    assert (life.creations("Job"), len(life.tracking.versions["car-loan"])) == (1, 1)


async def test_a_vanished_job_without_a_model_is_a_lost_result_and_no_second_training() -> None:
    life = await running()
    life.vanish("Job")
    life.vanish("Pod")

    status = await life.settle()

    assert (status["failure"]["class"], status["outcome"]) == ("ResultLost", "Failed")
    assert life.creations("Job") == 1


async def test_a_training_restored_without_status_is_already_trained() -> None:
    life = await running()
    life.tracking.models_of_runs[life.run().id] = (READY,)
    life.job_ends("Complete", 0)
    await life.settle()
    for kind in ("Job", "Pod", "ModelVersion"):
        life.vanish(kind)
    resource = life.cluster.objects[REF]
    del resource["status"]
    resource["metadata"]["uid"] = "uid-of-another-life"
    life.restart()

    status = await life.settle()

    assert (status["outcome"], status["modelVersion"]["name"]) == ("Succeeded", "car-loan-v1")
    assert {item["reason"] for item in status["conditions"] if item["type"] == "Succeeded"} == {"AlreadyTrained"}
    assert (life.creations("Job"), len(life.tracking.runs), len(life.tracking.versions["car-loan"])) == (1, 1, 1)
    assert len(life.of_kind("ModelVersion")) == 1


Crash = Callable[[Life], None]


@pytest.mark.parametrize("passes", range(1, 12))
async def test_a_lost_status_after_any_pass_leads_to_one_run_one_job_and_one_version(passes: int) -> None:
    life = Life()

    async def advance(times: int) -> None:
        for _ in range(times):
            for job in life.of_kind("Job"):
                job["metadata"].setdefault("creationTimestamp", CREATED)
            await reconcile(KEY, life.world)

    await advance(min(passes, 4))
    await life.settle() if passes > 4 else None
    if life.of_kind("Job"):
        life.tracking.models_of_runs[life.run().id] = (READY,)
        life.job_ends("Complete", 0)
    await advance(max(0, passes - 4))
    life.cluster.objects[REF].pop("status", None)
    life.restart()
    await life.settle()
    if life.status.get("outcome") is None:
        life.tracking.models_of_runs[life.run().id] = (READY,)
        life.job_ends("Complete", 0)

    status = await life.settle()

    assert status["outcome"] == "Succeeded"
    assert (life.creations("Job"), len(life.tracking.runs), len(life.tracking.versions["car-loan"])) == (1, 1, 1)


async def test_a_training_that_is_being_deleted_asks_nothing() -> None:
    life = Life()
    life.cluster.objects[REF]["metadata"]["deletionTimestamp"] = CREATED

    await life.settle()

    assert (life.tracking.calls, life.cluster.written, life.cluster.statuses) == (0, [], [])


async def test_a_run_that_somebody_deleted_ends_a_vanished_job_as_lost() -> None:
    life = await running()
    life.tracking.runs.clear()
    life.vanish("Job")
    life.vanish("Pod")

    status = await life.settle()

    assert (status["failure"]["class"], status["outcome"]) == ("ResultLost", "Failed")


async def test_nothing_is_decided_before_the_cache_is_complete() -> None:
    life = await running()
    life.vanish("Job")
    life.cluster.is_complete = False
    calls, told = life.tracking.calls, len(life.cluster.statuses)

    await life.settle()

    assert (life.tracking.calls, len(life.cluster.statuses)) == (calls, told)


async def test_an_mlflow_that_is_away_at_the_start_makes_the_training_wait() -> None:
    life = Life()
    life.tracking.is_down = True

    waiting = await life.settle()
    life.tracking.is_down = False
    status = await life.settle()

    conditions = {item["type"]: item["status"] for item in waiting["conditions"]}
    assert (waiting["phase"], conditions["TrackingReady"], conditions["Stalled"]) == ("Pending", "False", "False")
    assert (status["phase"], life.creations("Job")) == ("Starting", 1)


async def test_an_mlflow_that_is_away_at_the_end_loses_nothing() -> None:
    life = await running()
    life.tracking.models_of_runs[life.run().id] = (READY,)
    life.job_ends("Complete", 0)
    life.tracking.is_down = True
    waiting = await life.settle()
    life.tracking.is_down = False

    status = await life.settle()

    assert waiting["jobResult"]["outcome"] == "Succeeded"
    assert status["outcome"] == "Succeeded"
