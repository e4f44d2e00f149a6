"""Rollouts on a real API server: the test plays kubelet, the controllers of Kubernetes, and the gateway."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from leeboard.api.rollout import Rollout
from leeboard.planning.inference_service.check_job import faults_of
from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import GATEWAY, ServingWorld

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("gateway_api")]

STEPS = {"steps": [{"weight": 25, "for": "1s"}, {"weight": 50, "for": "3600s"}], "rollback": {"keepWarm": "0s"}}
TWO_SECONDS = {"steps": [{"weight": 25, "for": "1s"}, {"weight": 50, "for": "1s"}], "rollback": {"keepWarm": "0s"}}
SMOKE = {
    "apiVersion": "v1",
    "kind": "PodTemplate",
    "metadata": {"name": "smoke"},
    "template": {"spec": {"serviceAccountName": "robot", "containers": [{"name": "ask", "image": "smoke:1"}]}},
}
PAGE = Path(__file__).parents[3] / "docs" / "rollouts.md"


@pytest.fixture
def world(api: Api, namespace: str, start_operator: StartOperator) -> ServingWorld:
    world = ServingWorld(api, namespace)
    for number in (1, 2, 3):
        world.approve(number)
    start_operator().wait_until_leading()
    return world


def serve_first(world: ServingWorld, *, rollout: object, traffic: object) -> None:
    """Version 1 serves on four pods, and version 2 is asked for."""
    world.serve(rollout=rollout, traffic=traffic, replicas=4)
    world.made_deployment(1)
    world.playing_until(lambda: world.condition("Progressing") == "False/Settled", 1, what="version 1")
    world.pin(2)


@pytest.mark.parametrize("traffic", [{"gateway": GATEWAY}, {"provider": "Replicas"}], ids=["by a gateway", "by pods"])
def test_a_rollout_of_two_steps_ends_with_the_new_version_alone(world: ServingWorld, traffic: object) -> None:
    serve_first(world, rollout=TWO_SECONDS, traffic=traffic)
    world.made_deployment(2)

    seen = set()

    def is_over() -> bool:
        seen.add(world.where().partition(" ")[0])
        return world.deployment(1) is None

    world.playing_until(is_over, 1, 2, what="the promotion and the removal of version 1")

    assert [item["outcome"] for item in world.status()["history"]] == ["Promoted", "First"]
    assert world.status()["stable"]["version"] == "2"
    assert {"0", "1"} <= seen <= {"0", "1", "2", "settled"}
    world.until("Progressing", "False/Settled")


def test_abort_sends_everything_to_stable_and_the_spec_does_not_start_it_again(world: ServingWorld) -> None:
    serve_first(world, rollout=STEPS, traffic={"gateway": GATEWAY})
    world.made_deployment(2)
    world.played_until("1 Weight Observing 50", 1, 2)
    assert world.shares() == {"1": 50, "2": 50}

    assert world.ask("abort", identity="a1") == "Done"
    eventually(lambda: world.shares() == {"1": 100}, what="all requests on stable")
    world.playing_until(lambda: world.deployment(2) is None, 1, what="the removal of version 2")

    assert world.condition("UpToDate") == "False/Aborted"
    assert world.condition("Ready") == "True/Serving"
    assert world.status()["failed"][0]["reason"] == "ByAPerson"


def test_a_third_version_takes_the_weight_of_the_second_before_its_pods_go(world: ServingWorld) -> None:
    serve_first(world, rollout=STEPS, traffic={"gateway": GATEWAY})
    world.made_deployment(2)
    world.played_until("1 Weight Observing 50", 1, 2)

    mark = world.api.mark()

    world.pin(3)
    eventually(lambda: world.shares() == {"1": 100}, what="all requests on stable")
    writes = [write for write in world.api.writes_since(mark) if f"/namespaces/{world.namespace}/" in write]
    turned = next(number for number, write in enumerate(writes) if "/httproutes/" in write)
    assert not [write for write in writes[:turned] if write.startswith("delete ") and "/deployments/" in write]
    world.made_deployment(3)
    world.played_until("0 Weight Observing 25", 1, 3)

    assert world.shares() == {"1": 75, "3": 25}
    assert world.status()["history"][0]["outcome"] == "Superseded"
    assert world.status()["stable"]["version"] == "1"


def test_a_job_of_the_users_pod_template_decides_about_a_step_and_goes_with_the_rollout(world: ServingWorld) -> None:
    world.api.create(world.path("podtemplates", api="v1"), SMOKE)
    check = {"name": "smoke", "job": {"podTemplate": "smoke", "deadline": "5m"}}
    rollout = {"steps": [{"weight": 25, "for": "1s"}], "analysis": {"checks": [check]}, "rollback": {"keepWarm": "0s"}}
    serve_first(world, rollout=rollout, traffic={"gateway": GATEWAY})
    world.made_deployment(2)
    jobs = world.path("jobs", api="batch/v1")

    world.playing_until(lambda: len(world.api.items(jobs)) == 1, 1, 2, what="the Job")
    world.played_until("0 Weight Holding 25", 1, 2)
    (job,) = world.api.items(jobs)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    env = {item["name"]: item["value"] for item in container["env"]}
    canary = world.made_deployment(2)["metadata"]["name"]
    assert env["LEEBOARD_ADDRESS"] == f"http://{canary}.{world.namespace}.svc"
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    end_well(world, job)
    world.playing_until(lambda: world.where() == "settled", 1, 2, what="the promotion")

    assert world.status()["stable"]["version"] == "2"
    eventually(lambda: world.api.items(jobs) == [], what="the removal of the Job")


def end_well(world: ServingWorld, job: dict[str, Any]) -> None:
    """The Job is complete, as its controller says it."""
    moment = "2026-01-01T00:00:00Z"
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": moment} for kind in ("SuccessCriteriaMet", "Complete")
    ]
    status = {"conditions": conditions, "startTime": moment, "completionTime": moment, "succeeded": 1}
    path = world.path("jobs", job["metadata"]["name"], api="batch/v1")
    head = {"apiVersion": "batch/v1", "kind": "Job"}
    world.api.rest.replace(f"{path}/status", {**head, **job, "status": status})


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE))
def test_a_manifest_of_the_page_on_rollouts_is_taken(api: Api, namespace: str, text: str) -> None:
    manifest = yaml.safe_load(text)
    if manifest["kind"] == "PodTemplate":
        assert faults_of(api.create(f"/api/v1/namespaces/{namespace}/podtemplates", manifest)) == ()
        return
    made = api.create(f"/apis/leeboard.dev/v1alpha1/namespaces/{namespace}/inferenceservices", manifest)

    given = manifest["spec"]["rollout"]
    assert Rollout.model_validate(made["spec"]["rollout"]) == Rollout.model_validate(given)
