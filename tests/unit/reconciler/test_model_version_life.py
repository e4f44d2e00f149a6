"""Whole lives of ModelVersions through the real loop, over the API server and MLflow in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import API_VERSION, Kind, Tag
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest
from leeboard.planning import model_version
from leeboard.planning.plan import Create, JsonPatch, ObjectRef
from leeboard.ports import Key
from leeboard.reconciler.kind import KindEntry
from leeboard.reconciler.loop import World, reconcile
from leeboard.reconciler.observe_model_version import observe_model_version
from tests.support import builders_version as build
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_surroundings import Clock, CountedTracking, sources

KEY = Key(Kind.MODEL_VERSION, "credit", "car-loan-v3")
REF = ObjectRef(API_VERSION, "ModelVersion", "credit", "car-loan-v3")
CREATED = "2026-11-21T12:00:00Z"
KINDS = {Kind.MODEL_VERSION: KindEntry(ModelVersion.model_validate, observe_model_version, model_version.plan)}
TEXT = build.record()
PROFILE: Manifest = {
    "uri": "runs:/run-1/leeboard/profile-0.json",
    "digest": build.DIGEST,
    "bytes": 20000,
    "rows": 8000,
    "features": 7,
    "monitored": 6,
}


@dataclass
class Life:
    """One ModelVersion of a run's model, and everything around it."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    tracking: CountedTracking = field(default_factory=CountedTracking)

    def __post_init__(self) -> None:
        self.cluster.put({"apiVersion": API_VERSION, "kind": "ModelVersion", **build.model_version().to_json()})
        self.tracking.models["car-loan"] = build.registered(owner=None)
        self.tracking.versions["car-loan"] = [build.version()]
        self.tracking.runs["run-1"] = build.run()
        self.restart()

    def restart(self) -> None:
        """The operator forgets everything."""
        self.world = World(sources(self.cluster, self.tracking), Clock(), build.DEFAULTS, KINDS)

    async def settle(self) -> Manifest:
        """Passes until one wants nothing more; the status then."""
        for _ in range(20):
            for job in self.jobs:
                job["metadata"].setdefault("creationTimestamp", CREATED)
            told = len(self.cluster.statuses)
            verdict = await reconcile(KEY, self.world)
            if self.tracking.is_down or (not verdict.at_once and len(self.cluster.statuses) == told):
                break
        return dict(self.cluster.objects[REF].get("status") or {})

    @property
    def jobs(self) -> list[Manifest]:
        return [manifest for ref, manifest in self.cluster.objects.items() if ref.kind == "Job"]

    def job_ends(self, pod: Manifest | None, condition: str) -> None:
        """The newest Job's pod ends as ``pod`` says, and the Job controller tells of it."""
        if pod is not None:
            self.cluster.put({"apiVersion": "v1", "kind": "Pod", **pod})
        job = self.jobs[-1]
        ended = {"type": condition, "status": "True", "lastTransitionTime": CREATED}
        self.cluster.put({**job, "status": {"conditions": [ended]}})

    def prints(self, text: str) -> None:
        self.cluster.logs["fingerprint-1", "fingerprint"] = ("loading", f"LEEBOARD-FINGERPRINT {text}", "bye")


async def test_a_version_is_claimed_fingerprinted_recorded_and_ready() -> None:
    life = Life()
    await life.settle()
    life.prints(TEXT)
    life.job_ends(build.finished_pod(TEXT), "Complete")

    status = await life.settle()

    assert (status["phase"], status["artifact"]["digest"]) == ("Ready", build.DIGEST)
    assert life.tracking.models["car-loan"].tags == {Tag.OWNER: "default/credit"}
    assert life.tracking.texts == {("run-1", "leeboard/fingerprint-v3.json"): f"{TEXT}\n"}
    assert life.tracking.versions["car-loan"][0].tags == {
        Tag.DIGEST: build.DIGEST,
        Tag.RECORD_DIGEST: build.sha256(TEXT),
        Tag.VERSION_OF: "credit/car-loan-v3",
    }
    assert [notice.reason for notice in life.cluster.notices] == ["NoReference", "Ready"]
    assert [type(write) for write in life.cluster.written] == [Create, JsonPatch]


async def test_a_ready_version_asks_nothing_and_writes_nothing() -> None:
    life = Life()
    await life.settle()
    life.prints(TEXT)
    life.job_ends(build.finished_pod(TEXT), "Complete")
    await life.settle()
    calls, written, told = life.tracking.calls, len(life.cluster.written), len(life.cluster.statuses)
    life.restart()

    await life.settle()

    assert (life.tracking.calls, len(life.cluster.written), len(life.cluster.statuses)) == (calls, written, told)


async def test_a_record_that_was_lost_is_taken_by_a_second_attempt() -> None:
    life = Life()
    await life.settle()
    life.job_ends(None, "Complete")

    status = await life.settle()

    assert (status["phase"], status["attempt"], len(life.jobs)) == ("Fingerprinting", 2, 2)


async def test_three_transient_failures_are_enough() -> None:
    life = Life()
    for attempt in (1, 2, 3):
        await life.settle()
        away = build.ended(75, reason="TrackingUnavailable", message="timed out")
        life.job_ends(build.pod("Failed", attempt=attempt, fetch=away), "Failed")

    status = await life.settle()

    assert (status["phase"], status["attempt"], len(life.jobs)) == ("Failed", 3, 3)
    assert [notice.reason for notice in life.cluster.notices] == ["Retrying", "Retrying", "FingerprintFailed"]


async def test_an_mlflow_that_is_away_makes_the_version_wait() -> None:
    life = Life()
    life.tracking.is_down = True

    waiting = await life.settle()
    life.tracking.is_down = False
    status = await life.settle()

    assert (waiting["phase"], status["phase"], len(life.jobs)) == ("Pending", "Fingerprinting", 1)


async def test_a_version_that_is_being_deleted_asks_nothing() -> None:
    life = Life()
    life.cluster.objects[REF]["metadata"]["deletionTimestamp"] = CREATED

    await life.settle()

    assert (life.tracking.calls, life.cluster.written, life.cluster.statuses) == (0, [], [])


async def test_a_version_without_status_reads_its_fingerprint_again_from_what_is_left() -> None:
    life = Life()
    await life.settle()
    life.prints(TEXT)
    life.job_ends(build.finished_pod(TEXT), "Complete")
    before = await life.settle()
    del life.cluster.objects[REF]["status"]

    after = await life.settle()

    assert after["fingerprint"] == before["fingerprint"]
    assert len(life.jobs) == 1


async def until_profiling(life: Life) -> Manifest:
    """The fingerprint is latched, and the run logged a reference."""
    life.tracking.references["run-1"] = Reference(artifact="reference.csv")
    await life.settle()
    life.prints(TEXT)
    life.job_ends(build.finished_pod(TEXT), "Complete")
    return await life.settle()


def kept(life: Life) -> Manifest:
    """The pod of the newest profile Job, whose last container kept the profile."""
    template = life.jobs[-1]["spec"]["template"]
    names = [item["name"] for item in template["spec"]["initContainers"]]
    done: list[Manifest] = [{"name": name, "state": build.ended(0)} for name in names]
    upload: Manifest = {"name": "upload", "state": build.ended(0, **PROFILE)}
    return {
        "metadata": {**template["metadata"], "name": "profile-1", "namespace": "credit", "creationTimestamp": CREATED},
        "spec": template["spec"],
        "status": {"phase": "Succeeded", "initContainerStatuses": done, "containerStatuses": [upload]},
    }


async def test_a_version_with_a_reference_is_ready_when_its_profile_is_kept() -> None:
    life = Life()
    building = await until_profiling(life)
    life.job_ends(kept(life), "Complete")

    status = await life.settle()

    assert (building["phase"], "profile" in building, len(life.jobs)) == ("Profiling", False, 2)
    assert (status["phase"], status["profile"]) == ("Ready", PROFILE)
    assert [notice.reason for notice in life.cluster.notices] == ["Ready"]


async def test_a_version_that_has_its_profile_asks_nothing_and_writes_nothing() -> None:
    life = Life()
    await until_profiling(life)
    life.job_ends(kept(life), "Complete")
    await life.settle()
    calls, written, told = life.tracking.calls, len(life.cluster.written), len(life.cluster.statuses)
    life.restart()

    await life.settle()

    assert (life.tracking.calls, len(life.cluster.written), len(life.cluster.statuses)) == (calls, written, told)


async def test_a_version_without_status_has_its_profile_again_from_what_is_left() -> None:
    life = Life()
    await until_profiling(life)
    life.job_ends(kept(life), "Complete")
    before = await life.settle()
    del life.cluster.objects[REF]["status"]

    after = await life.settle()

    assert (after["profile"], after["phase"], len(life.jobs)) == (before["profile"], "Ready", 2)


async def test_three_transient_failures_of_the_profile_leave_a_ready_version() -> None:
    life = Life()
    await until_profiling(life)
    for attempt in (1, 2, 3):
        pod = kept(life)
        pod["metadata"]["name"] = f"profile-{attempt}"
        pod["status"] = {"phase": "Failed", "initContainerStatuses": [{"name": "fetch", "state": build.ended(75)}]}
        life.job_ends(pod, "Failed")
        status = await life.settle()

    told = {item["type"]: f"{item['status']}/{item['reason']}" for item in status["conditions"]}
    assert (status["phase"], told["ProfileReady"], len(life.jobs)) == ("Ready", "False/ProfileFailed", 4)
    assert [notice.reason for notice in life.cluster.notices] == ["Retrying", "Retrying", "ProfileFailed", "Ready"]
