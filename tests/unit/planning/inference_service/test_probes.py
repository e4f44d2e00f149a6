"""Data in a bucket or on a volume: pods look at them, one at a time, and what they say counts as any other mark."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leeboard.api.conditions import ConditionType
from leeboard.api.retraining import Retraining
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import Create, Delete
from leeboard.planning.pod_rules import RESTRICTED, findings
from leeboard.planning.retraining.probe_job import is_probe
from tests.unit.planning.inference_service.retrained import TEMPLATE, made, said, served, told
from tests.unit.planning.inference_service.simulation import SimulatedCluster

S3 = "s3://loans/2026/rows.csv"
EVERY_MINUTE = {"newData": {"uri": S3, "interval": "1m", "secret": "bucket"}}
DONE = {"type": "Complete", "status": "True"}


def asked(cluster: SimulatedCluster, *triggers: dict[str, Any]) -> None:
    """A person writes other triggers."""
    fields = {"trainingJobRef": {"name": "train-car-loan"}, "triggers": triggers, "cooldown": "1m"}
    spec = cluster.resource.spec.model_copy(update={"retraining": Retraining.model_validate(fields)})
    cluster.change(cluster.resource.model_copy(update={"spec": spec}))


def watching(**trigger: object) -> SimulatedCluster:
    cluster = served({})
    asked(cluster, {"newData": {**EVERY_MINUTE["newData"], **trigger}})
    return cluster


def looks(cluster: SimulatedCluster) -> list[dict[str, Any]]:
    """Jobs that look at data, in the order in which they were made."""
    creates = [write.manifest for write in cluster.writes if isinstance(write, Create)]
    return [
        job for job in creates if job["kind"] == "Job" and is_probe(cluster.resource.metadata, job["metadata"]["name"])
    ]


def ended(cluster: SimulatedCluster, words: str, *, condition: dict[str, str] = DONE) -> None:
    """The pod of the last look ends with these words."""
    job = looks(cluster)[-1]
    name = job["metadata"]["name"]
    labels = {**job["spec"]["template"]["metadata"]["labels"], "batch.kubernetes.io/job-name": name}
    state = {"terminated": {"exitCode": 0, "message": words}}
    phase = "Succeeded" if condition is DONE else "Failed"
    status = {"phase": phase, "containerStatuses": [{"name": "data-mark", "state": state}]}
    cluster.pods_of_jobs[name] = {"metadata": {"name": f"{name}-x", "uid": name, "labels": labels}, "status": status}
    cluster.jobs[name]["status"] = {"conditions": [condition]}
    cluster.advance()


def later(cluster: SimulatedCluster) -> None:
    """The next interval begins."""
    cluster.tick += 60
    cluster.advance()


def saw(cluster: SimulatedCluster, mark: str) -> None:
    """The next look, and its end."""
    before = len(looks(cluster))
    later(cluster)
    assert len(looks(cluster)) == before + 1
    ended(cluster, json.dumps({"mark": mark}))


def test_other_data_are_trained_on_once_and_the_first_look_is_no_change() -> None:
    cluster = watching()
    cluster.reconcile()
    ended(cluster, '{"mark": "one"}')
    saw(cluster, "one")
    assert (made(cluster), said(cluster)) == ([], "False/NoTrigger")
    saw(cluster, "two")
    cluster.advance(3)
    (job,) = made(cluster)
    assert job["metadata"]["annotations"]["leeboard.dev/trigger"] == "NewData/two/1"


def test_one_look_at_a_time_each_interval_and_none_is_left_behind() -> None:
    cluster = watching()
    for _ in range(5):
        later(cluster)
    assert len(looks(cluster)) == 1, "the first one is still at work"
    ended(cluster, '{"mark": "one"}')
    cluster.advance()
    assert len(looks(cluster)) == 2
    ended(cluster, '{"mark": "one"}')
    for _ in range(3):
        saw(cluster, "one")
    assert len(looks(cluster)) == 5
    assert [name for name in cluster.jobs if is_probe(cluster.resource.metadata, name)] == [
        looks(cluster)[-1]["metadata"]["name"]
    ]


def test_a_new_operator_makes_no_second_look_of_an_interval() -> None:
    cluster = watching()
    first, second = cluster.planned(), cluster.planned()
    assert [w for w in first.writes if isinstance(w, Create)] == [w for w in second.writes if isinstance(w, Create)]
    cluster.reconcile()
    ended(cluster, '{"mark": "one"}')
    cluster.advance(2)
    assert len(looks(cluster)) == 1


@pytest.mark.parametrize(
    ("words", "condition", "sentence"),
    [
        ('{"reason": "AccessDenied", "message": "the answer is 403"}', "Failed", "the answer is 403"),
        ("Traceback: no module", "Failed", "said: Traceback: no module"),
        ("", "Failed", "did not end within 300 s"),
        ('{"mark": 7}', "Complete", 'said: {"mark": 7}'),
        ("", "Complete", "is gone"),
    ],
)
def test_a_look_that_brought_no_mark_is_told_and_starts_nothing(words: str, condition: str, *, sentence: str) -> None:
    cluster = watching()
    cluster.reconcile()
    ended(cluster, '{"mark": "one"}')
    later(cluster)
    ended(cluster, words, condition=DONE if condition == "Complete" else {"type": "Failed", "status": "True"})
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert (found.status, found.reason, made(cluster)) == ("Unknown", "DataNotReadable", [])
    assert sentence in found.message
    saw(cluster, "one")
    assert said(cluster) == "False/NoTrigger"


def test_a_job_whose_end_is_seen_before_that_of_its_pod_is_waited_for() -> None:
    cluster = watching()
    cluster.reconcile()
    ended(cluster, '{"mark": "one"}')
    later(cluster)
    name = looks(cluster)[-1]["metadata"]["name"]
    labels = {**cluster.jobs[name]["metadata"]["labels"], "batch.kubernetes.io/job-name": name}
    cluster.pods_of_jobs[name] = {
        "metadata": {"name": "p", "uid": "p", "labels": labels},
        "status": {"phase": "Running"},
    }
    cluster.jobs[name]["status"] = {"conditions": [DONE]}
    cluster.advance()
    assert said(cluster) == "False/NoTrigger"
    ended(cluster, '{"mark": "two"}')
    cluster.advance(3)
    assert len(made(cluster)) == 1


def test_what_keeps_a_pod_from_starting_is_told() -> None:
    cluster = watching()
    cluster.reconcile()
    name = looks(cluster)[-1]["metadata"]["name"]
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "bucket" not found'}}
    labels = {**cluster.jobs[name]["metadata"]["labels"], "batch.kubernetes.io/job-name": name}
    status = {"phase": "Pending", "containerStatuses": [{"name": "data-mark", "state": waiting}]}
    cluster.pods_of_jobs[name] = {"metadata": {"name": "p", "uid": "p", "labels": labels}, "status": status}
    cluster.advance()
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert 'secret "bucket" not found' in found.message


def test_a_refused_job_is_told_and_does_not_stop_the_service() -> None:
    cluster = watching()
    name = next(
        write.manifest["metadata"]["name"]
        for write in cluster.planned().writes
        if isinstance(write, Create) and write.manifest["kind"] == "Job"
    )
    cluster.rejections = (Rejection(403, "exceeded quota", "Job", name, cluster.resource.metadata.generation),)
    cluster.advance(2)
    found = told(cluster, ConditionType.RETRAINING)
    assert found is not None
    assert f"{S3}: the API server refuses Job {name}: exceeded quota" in found.message
    assert said(cluster, ConditionType.STALLED) == "False/NotStalled"


def test_without_the_trigger_the_jobs_go() -> None:
    cluster = watching()
    cluster.reconcile()
    asked(cluster)
    cluster.advance()
    assert [write.ref.kind for write in cluster.writes if isinstance(write, Delete)] == ["Job"]


def test_the_data_that_the_template_names_are_not_trained_on_twice() -> None:
    cluster = watching()
    cluster.trainings["train-car-loan"] = {
        **TEMPLATE,
        "spec": {**TEMPLATE["spec"], "dataset": {"name": "loans", "uri": S3}},
    }
    asked(cluster, EVERY_MINUTE, {"schedule": {"cron": "* * * * *"}})
    later(cluster)
    later(cluster)
    assert (made(cluster), said(cluster)) == ([], "Unknown/DataNotReadable")
    ended(cluster, '{"mark": "one"}')
    cluster.advance(3)
    assert len(made(cluster)) == 1
    memory = cluster.resource.status.retraining
    assert memory is not None
    assert [(item.uri, item.mark, item.trained) for item in memory.data] == [(S3, "one", True)]


def test_a_bucket_is_looked_at_by_the_users_secret_and_a_volume_read_only() -> None:
    bucket, volume = watching(), watching(uri="pvc://loans/2026/$(X)", secret=None)
    pods = []
    for cluster in (bucket, volume):
        cluster.reconcile()
        pods.append(looks(cluster)[0]["spec"]["template"])
        assert list(findings({"spec": pods[-1]["spec"]}, path="", rules=RESTRICTED)) == []
    (by_secret,), (by_volume,) = (pod["spec"]["containers"] for pod in pods)
    assert by_secret["args"] == ["data-mark", f"--uri={S3}"]
    assert by_secret["envFrom"] == [{"secretRef": {"name": "bucket"}}]
    assert by_volume["args"] == ["data-mark", "--path=/mnt/data/2026/$$(X)"]
    assert "envFrom" not in by_volume
    claim = {"claimName": "loans", "readOnly": True}
    assert {"name": "leeboard-data", "persistentVolumeClaim": claim} in pods[1]["spec"]["volumes"]
    assert {"name": "leeboard-data", "mountPath": "/mnt/data", "readOnly": True} in by_volume["volumeMounts"]
