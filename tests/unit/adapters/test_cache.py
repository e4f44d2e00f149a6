"""The watch cache: order by resourceVersion, no ghost, nobody revived, our own writes seen at once."""

from dataclasses import dataclass, field

import pytest

from leeboard.adapters.kubernetes.cache import Cache, EventType, Origin
from leeboard.adapters.kubernetes.kinds import ObjectKind
from leeboard.adapters.kubernetes.objects import is_newer, slim
from leeboard.api.names import Label
from leeboard.api.resource import Manifest

VERSION = ObjectKind("leeboard.dev/v1alpha1", "ModelVersion", "modelversions")
JOB = ObjectKind("batch/v1", "Job", "jobs")
POD = ObjectKind("v1", "Pod", "pods")


def job(name: str = "job", *, version: str = "10", uid: str = "", owner: str = "owner") -> Manifest:
    labels = {Label.UID.value: owner}
    metadata = {"name": name, "namespace": "team", "uid": uid or f"uid-{name}", "resourceVersion": version}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {**metadata, "labels": labels}}


@dataclass
class Scene:
    now: float = 0.0
    changes: list[tuple[str, str]] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    cache: Cache = field(init=False)

    def __post_init__(self) -> None:
        self.cache = Cache((JOB, POD, VERSION), on_change=self._changed, steady=lambda: self.now)

    def _changed(self, kind: str, manifest: Manifest, origin: Origin) -> None:
        self.origins.append(origin)
        self.changes.append((kind, manifest["metadata"]["name"]))

    def versions(self) -> list[str]:
        return [item["metadata"]["resourceVersion"] for item in self.cache.owned("Job", "owner")]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_is_complete_when_every_kind_was_listed(scene: Scene) -> None:
    scene.cache.replace("Job", [], version="1")
    assert not scene.cache.is_complete

    scene.cache.replace("Pod", [], version="1")
    scene.cache.replace("ModelVersion", [], version="1")
    assert scene.cache.is_complete


def test_objects_are_found_by_owner_and_by_namespace_in_the_order_of_their_names(scene: Scene) -> None:
    scene.cache.replace("Job", [job("b"), job("a"), job("c", owner="another")], version="10")

    assert [item["metadata"]["name"] for item in scene.cache.owned("Job", "owner")] == ["a", "b"]
    assert [item["metadata"]["name"] for item in scene.cache.in_namespace("Job", "team")] == ["a", "b", "c"]
    assert scene.cache.in_namespace("Job", "elsewhere") == ()


def test_a_name_is_that_of_the_object_that_has_it_now(scene: Scene) -> None:
    scene.cache.event("Job", EventType.UPSERT, job("a", version="5") | {"status": {"is": "old"}})
    again = job("a", version="7")
    again["metadata"]["uid"] = "another"
    scene.cache.event("Job", EventType.UPSERT, again)
    scene.cache.event("Job", EventType.DELETED, job("a", version="8"))
    found = scene.cache.named("Job", "team", "a")
    assert found is not None
    assert found["metadata"]["uid"] == "another"
    scene.cache.event("Job", EventType.DELETED, again)
    assert scene.cache.named("Job", "team", "a") is None
    assert scene.cache.named("Job", "elsewhere", "a") is None


def test_an_older_event_does_not_undo_a_newer_one(scene: Scene) -> None:
    scene.cache.event("Job", EventType.UPSERT, job(version="100"))
    scene.cache.event("Job", EventType.UPSERT, job(version="99"))

    assert scene.versions() == ["100"]
    assert scene.changes == [("Job", "job")]


def test_what_we_wrote_is_seen_at_once_and_its_event_is_no_news(scene: Scene) -> None:
    scene.cache.wrote("Job", job(version="11"))
    assert scene.versions() == ["11"]

    scene.cache.event("Job", EventType.UPSERT, job(version="11"))
    assert scene.changes == []


def test_what_we_deleted_is_gone_at_once_and_its_late_events_do_not_revive_it(scene: Scene) -> None:
    scene.cache.wrote("Job", job(version="11"))
    scene.cache.deleted("Job", "uid-job")

    scene.cache.event("Job", EventType.UPSERT, job(version="12"))

    assert scene.versions() == []


def test_a_list_drops_ghosts_but_keeps_what_came_after_it(scene: Scene) -> None:
    scene.cache.replace("Job", [job("ghost", version="5"), job("kept", version="6")], version="10")
    scene.cache.event("Job", EventType.UPSERT, job("young", version="21"))
    scene.changes.clear()

    changed = scene.cache.replace("Job", [job("kept", version="6")], version="20")

    assert changed == 1
    assert scene.changes == [("Job", "ghost")]
    assert [item["metadata"]["name"] for item in scene.cache.owned("Job", "owner")] == ["kept", "young"]


def test_a_list_does_not_revive_what_was_deleted_while_it_was_under_way(scene: Scene) -> None:
    scene.cache.replace("Job", [job(version="5")], version="10")
    scene.cache.event("Job", EventType.DELETED, job(version="21"))

    scene.cache.replace("Job", [job(version="5")], version="20")

    assert scene.versions() == []


def test_the_same_name_with_a_new_uid_is_a_new_object(scene: Scene) -> None:
    scene.cache.event("Job", EventType.UPSERT, job(version="5", uid="old"))
    scene.cache.event("Job", EventType.DELETED, job(version="6", uid="old"))
    scene.cache.event("Job", EventType.UPSERT, job(version="7", uid="new"))

    assert [item["metadata"]["uid"] for item in scene.cache.owned("Job", "owner")] == ["new"]


def test_what_a_sweep_finds_is_expected_from_the_watch_until_it_delivers(scene: Scene) -> None:
    scene.cache.replace("Job", [], version="10")
    scene.cache.replace("Job", [job(version="15")], version="20")
    scene.now = 30.0
    assert scene.cache.undelivered_seconds("Job") == 30.0

    scene.cache.event("Job", EventType.UPSERT, job(version="15"))

    assert scene.cache.undelivered_seconds("Job") == 0.0


def test_the_first_list_expects_nothing_from_the_watch(scene: Scene) -> None:
    scene.cache.replace("Job", [job()], version="10")
    scene.now = 30.0

    assert scene.cache.undelivered_seconds("Job") == 0.0


def test_kinds_that_are_not_watched_are_not_kept(scene: Scene) -> None:
    scene.cache.wrote("Lease", job())
    scene.cache.deleted("Lease", "uid-job")

    assert scene.cache.sizes() == {"Job": 0, "Pod": 0, "ModelVersion": 0}


def test_managed_fields_the_last_apply_and_a_training_jobs_template_are_not_worth_their_memory() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "1"}
    metadata = {"name": "train", "managedFields": [{}], "annotations": annotations}
    stored = {"metadata": metadata, "spec": {"model": "loan", "template": {"spec": {}}}}

    assert slim("TrainingJob", stored) == {
        "metadata": {"name": "train", "annotations": {"mine": "1"}},
        "spec": {"model": "loan"},
    }
    assert slim("Job", stored)["spec"] == stored["spec"]


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [("100", "99", True), ("99", "100", False), ("7", "7", False), ("b", "a", True), ("a", "a", False)],
    ids=["more digits", "fewer digits", "equal numbers", "opaque and different", "opaque and equal"],
)
def test_order_of_resource_versions(version: str, than: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_newer(version, than=than) is expected


def test_a_status_of_ours_is_told_at_once_and_its_event_is_no_news(scene: Scene) -> None:
    scene.cache.announced("Job", job(version="11"))
    scene.cache.event("Job", EventType.UPSERT, job(version="11"))

    assert scene.changes == [("Job", "job")]
    assert scene.origins == [Origin.OUR_STATUS]


def test_a_resource_that_we_created_is_news_for_its_own_key(scene: Scene) -> None:
    scene.cache.wrote("ModelVersion", job("loan-v1"))
    scene.cache.event("ModelVersion", EventType.UPSERT, job("loan-v1"))

    assert scene.changes == [("ModelVersion", "loan-v1")]
    assert scene.origins == [Origin.NEWS]


def test_a_change_says_whether_it_was_there_before_or_came_later(scene: Scene) -> None:
    scene.cache.replace("Job", [job("a")], version="10")
    scene.cache.replace("Job", [job("a"), job("b", version="15")], version="20")
    scene.cache.event("Job", EventType.DELETED, job("a", version="21"))

    assert scene.origins == [Origin.FIRST_LIST, Origin.NEWS, Origin.NEWS]


def test_a_write_that_changes_nothing_of_what_is_kept_is_no_news(scene: Scene) -> None:
    scene.cache.event("Job", EventType.UPSERT, job(version="5"))
    again = job(version="6")
    again["metadata"]["managedFields"] = [{"manager": "somebody"}]

    scene.cache.event("Job", EventType.UPSERT, again)
    assert (scene.versions(), scene.changes) == (["6"], [("Job", "job")])

    scene.cache.event("Job", EventType.UPSERT, {**job(version="7"), "status": {"active": 1}})
    assert (scene.versions(), scene.changes) == (["7"], [("Job", "job")] * 2)


def test_what_an_autoscaler_measures_all_the_time_is_not_kept() -> None:
    stored = {"metadata": {"name": "a"}, "status": {"desiredReplicas": 2, "currentMetrics": [{"type": "Resource"}]}}

    assert slim("HorizontalPodAutoscaler", stored)["status"] == {"desiredReplicas": 2}
