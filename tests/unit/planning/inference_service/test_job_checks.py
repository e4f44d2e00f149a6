"""A check that runs a Job: made of the user's PodTemplate at each step, its end is the verdict."""

from __future__ import annotations

import pytest

from leeboard.api.resource import Manifest
from leeboard.api.traffic import Traffic
from leeboard.planning.facts import Rejection
from tests.unit.planning.inference_service.builders import a_version
from tests.unit.planning.inference_service.reading import shapes
from tests.unit.planning.inference_service.rolling import (
    GATEWAY,
    REPLICAS,
    a_rollout,
    course,
    failed,
    history,
    rolling,
    until,
    where,
)
from tests.unit.planning.inference_service.simulation import SimulatedCluster

CHECK = {"name": "smoke", "job": {"podTemplate": "smoke", "deadline": "2m"}}
ROLLOUT = a_rollout({"weight": 25, "for": "5s"}, {"weight": 50, "for": "5s"}, analysis={"checks": [CHECK]})
ENDED_WELL = {"type": "Complete", "status": "True"}
LATE = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}
BROKEN = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
OBSERVING, HOLDING = "0 Weight Observing 25/25", "0 Weight Holding 25/25"


def a_template(**spec: object) -> Manifest:
    """A PodTemplate as the API server gives it, with what it fills in."""
    container = {
        "name": "ask",
        "image": "smoke:1",
        "terminationMessagePolicy": "File",
        "env": [{"name": "A", "value": "b"}],
    }
    pod = {"containers": [container], "restartPolicy": "Always", **spec}
    metadata = {"name": "smoke", "namespace": "team", "uid": "uid-template"}
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": {"metadata": {}, "spec": pod}}


def checking(traffic: Traffic = GATEWAY, *, template: Manifest | None = None) -> SimulatedCluster:
    """Version 2 is on its way, with a Job at each step."""
    cluster = rolling(ROLLOUT, traffic)
    cluster.pod_templates = {"smoke": a_template() if template is None else template}
    return cluster


def end(cluster: SimulatedCluster, condition: Manifest) -> None:
    """Every Job ends so, unless it has ended."""
    for job in cluster.jobs.values():
        if "conditions" not in job["status"]:
            job["status"] = {"conditions": [condition]}


def said(cluster: SimulatedCluster) -> str:
    """The check as it is shown."""
    (check,) = cluster.resource.status.checks
    return f"{check.verdict}: {check.message}"


def a_pod(cluster: SimulatedCluster, **status: object) -> None:
    """The pod of the only Job."""
    (name,) = cluster.jobs
    labels = {"batch.kubernetes.io/job-name": name}
    metadata = {"name": "smoke-pod", "uid": "uid-smoke", "labels": labels}
    cluster.pods_of_jobs = {"smoke-pod": {"metadata": metadata, "status": status}}


@pytest.mark.parametrize("traffic", [pytest.param(GATEWAY, id="by a gateway"), pytest.param(REPLICAS, id="by pods")])
def test_each_step_runs_one_job_and_ends_when_it_ended_well(traffic: Traffic) -> None:
    cluster = checking(traffic)

    until(cluster, "0 Weight Observing")
    cluster.advance(20)
    assert where(cluster).startswith("0 Weight Holding")
    assert said(cluster).startswith("Inconclusive: Job car-loan-")
    end(cluster, ENDED_WELL)
    until(cluster, "1 Weight Holding")
    assert len(cluster.jobs) == 2
    end(cluster, ENDED_WELL)
    course(cluster)

    assert history(cluster)[0] == "2 Promoted"
    assert shapes(cluster).count("Create Job") == 2
    assert cluster.jobs == {}


def test_a_job_is_the_users_pod_restricted_and_told_whom_it_is_about() -> None:
    cluster = checking()
    until(cluster, HOLDING)

    (job,) = cluster.jobs.values()
    status = cluster.resource.status
    assert status.canary is not None
    assert status.stable is not None
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert job["spec"]["activeDeadlineSeconds"] == 120
    assert job["spec"]["backoffLimit"] == 0
    assert job["metadata"]["ownerReferences"][0]["uid"] == "uid-service"
    assert job["spec"]["template"]["metadata"]["labels"]["leeboard.dev/uid"] == "uid-service"
    assert "leeboard.dev/revision" not in job["spec"]["template"]["metadata"]["labels"]
    assert pod["restartPolicy"] == "Never"
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert {item["name"]: item["value"] for item in container["env"]} == {
        "LEEBOARD_NAMESPACE": "team",
        "LEEBOARD_SERVICE": "car-loan",
        "LEEBOARD_STEP": "0",
        "LEEBOARD_REVISION": status.canary.name,
        "LEEBOARD_VERSION": "2",
        "LEEBOARD_ADDRESS": f"http://{status.canary.deployment}.team.svc",
        "LEEBOARD_STABLE_REVISION": status.stable.name,
        "LEEBOARD_STABLE_VERSION": "1",
        "LEEBOARD_STABLE_ADDRESS": f"http://{status.stable.deployment}.team.svc",
        "A": "b",
    }


@pytest.mark.parametrize("traffic", [pytest.param(GATEWAY, id="by a gateway"), pytest.param(REPLICAS, id="by pods")])
def test_both_addresses_are_services_of_one_revision_each_and_go_with_it(traffic: Traffic) -> None:
    cluster = checking(traffic)
    until(cluster, "0 Weight Holding")

    status = cluster.resource.status
    selected = {
        name: item["spec"]["selector"]["leeboard.dev/revision"]
        for name, item in cluster.services.items()
        if name != "car-loan"
    }
    assert status.canary is not None
    assert status.stable is not None
    assert selected == {item.deployment: item.name for item in (status.canary, status.stable)}
    for _ in range(60):
        end(cluster, ENDED_WELL)
        cluster.advance()
    assert set(cluster.services) <= {"car-loan", *cluster.deployments}


def test_no_job_is_made_before_the_split_is_confirmed() -> None:
    cluster = checking()
    cluster.gateway_answers = False

    cluster.advance(50)

    assert cluster.jobs == {}


def test_a_job_that_failed_ends_the_rollout_with_its_last_words() -> None:
    cluster = checking()
    until(cluster, HOLDING)
    ended = {"terminated": {"exitCode": 3, "message": "score 0.71 is below 0.8\n"}}
    a_pod(cluster, containerStatuses=[{"name": "ask", "state": ended}])
    next(iter(cluster.jobs.values()))["status"] = {"conditions": [BROKEN]}

    cluster.advance()
    assert failed(cluster) == ["2 CheckFailed"]
    message = cluster.resource.status.failed[0].message
    assert message.endswith("failed: BackoffLimitExceeded: container ask exited with code 3: score 0.71 is below 0.8")
    cluster.advance(10)
    assert cluster.jobs == {}


def test_a_job_that_was_still_running_at_its_deadline_has_failed() -> None:
    cluster = checking()
    until(cluster, HOLDING)

    end(cluster, LATE)
    cluster.advance()

    assert failed(cluster) == ["2 CheckFailed"]


def test_a_job_that_never_started_says_nothing_of_the_version_even_at_its_deadline() -> None:
    cluster = checking()
    until(cluster, HOLDING)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    a_pod(cluster, containerStatuses=[{"name": "ask", "state": waiting}])
    cluster.advance(12)
    assert said(cluster).startswith("NoData: Job ")
    assert said(cluster).endswith("ImagePullBackOff: container ask of pod smoke-pod: no such image")

    next(iter(cluster.jobs.values()))["status"] = {"conditions": [LATE]}
    cluster.advance(12)

    assert failed(cluster) == []
    assert where(cluster) == HOLDING
    assert said(cluster).endswith("could not start before its deadline")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param(None, "NoData: there is no PodTemplate smoke in this namespace", id="that is missing"),
        pytest.param(
            a_template(hostNetwork=True),
            "NoData: PodTemplate smoke: template.spec.hostNetwork is not allowed",
            id="that asks for the node's network",
        ),
        pytest.param(
            a_template(containers=[{"name": "ask", "image": "i", "env": [{"name": "LEEBOARD_STEP", "value": "9"}]}]),
            "NoData: PodTemplate smoke: template.spec.containers[0].env[0].name is LEEBOARD_STEP, which Leeboard sets",
            id="that sets our variables",
        ),
    ],
)
def test_a_pod_template_holds_the_step_with_its_reason(template: Manifest | None, expected: str) -> None:
    cluster = checking()
    cluster.pod_templates = {} if template is None else {"smoke": template}

    until(cluster, HOLDING)

    assert cluster.jobs == {}
    assert said(cluster) == expected
    cluster.pod_templates = {"smoke": a_template(serviceAccountName="robot", serviceAccount="robot")}
    cluster.advance(2)
    assert len(cluster.jobs) == 1


def test_a_job_that_the_api_server_refuses_is_not_tried_again_and_told() -> None:
    cluster = checking()
    until(cluster, HOLDING)
    (name,) = cluster.jobs
    cluster.jobs.clear()
    cluster.rejections = (Rejection(403, "exceeded quota", "Job", name, cluster.resource.metadata.generation),)

    cluster.advance(10)

    assert cluster.jobs == {}
    assert "exceeded quota" in cluster.resource.status.conditions[2].message


def test_a_version_that_is_superseded_takes_its_jobs_along() -> None:
    cluster = checking()
    until(cluster, HOLDING)
    before = set(cluster.jobs)

    cluster.versions.append(a_version(3))
    until(cluster, "0 Weight Scaling")
    until(cluster, HOLDING)

    assert before.isdisjoint(cluster.jobs)
    assert len(cluster.jobs) == 1
