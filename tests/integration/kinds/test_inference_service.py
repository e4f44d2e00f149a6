"""An InferenceService on a real API server: the test plays kubelet and the controllers of Kubernetes."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import SERVICE, ServingWorld

pytestmark = pytest.mark.integration


@pytest.fixture
def world(api: Api, namespace: str, start_operator: StartOperator) -> ServingWorld:
    world = ServingWorld(api, namespace)
    for number in (1, 2):
        world.approve(number)
    start_operator().wait_until_leading()
    return world


def serve_first(world: ServingWorld, **server: object) -> str:
    """Version 1 serves; its revision."""
    world.serve(**server)
    revision = world.run_pods(1)
    world.route()
    world.until("Ready", "True/Serving")
    world.until("Reconciling", "False/Settled")
    return revision


def test_what_is_made_is_accepted_and_then_nothing_more_is_written(world: ServingWorld) -> None:
    revision = serve_first(world, replicas=2)

    mark = world.api.mark()
    labels = {"metadata": {"annotations": {"somebody": "looked"}}}
    world.edit(world.path("inferenceservices", SERVICE), labels)
    world.edit(world.path("services", SERVICE, api="v1"), labels)
    deployment = world.made_deployment(1)
    world.edit(world.path("deployments", deployment["metadata"]["name"], api="apps/v1"), labels)
    world.pin(2)  # which the operator sees after all the others
    world.made_deployment(2)

    ours = (f"/{world.namespace}/{kind}" for kind in ("deployments", "services", "poddisruptionbudgets"))
    kinds = (*ours, f"/{world.namespace}/inferenceservices")  # the versions have a planner of their own
    made = [line for line in world.api.writes_since(mark) if any(kind in line for kind in kinds)]
    assert made[0] == f"create {world.path('deployments', api='apps/v1')}"
    assert world.selected() == revision
    (budget,) = world.api.items(world.path("poddisruptionbudgets", api="policy/v1"))
    assert budget["spec"]["selector"]["matchLabels"]["leeboard.dev/revision"] == revision


def test_a_new_version_is_switched_to_after_its_pods_are_there_and_the_old_one_removed_after_that(
    world: ServingWorld,
) -> None:
    first = serve_first(world)

    world.pin(2)
    world.made_deployment(2)
    assert world.selected() == first
    second = world.run_pods(2)
    eventually(lambda: world.selected() == second, what="the switch")
    world.until("Reconciling", "True/Switching")
    assert world.deployment(1) is not None
    world.route()
    world.until("UpToDate", "True/UpToDate")
    eventually(lambda: world.deployment(1) is None, what="the removal of version 1")

    assert world.condition("Ready") == "True/Serving"
    world.until("Reconciling", "False/Settled")
    assert (world.status()["stable"]["version"], world.status()["draining"]) == ("2", [])


def test_what_somebody_changed_of_ours_is_put_right(world: ServingWorld) -> None:
    revision = serve_first(world)
    deployment = world.made_deployment(1)
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    path = world.path("deployments", deployment["metadata"]["name"], api="apps/v1")

    foreign = {"leeboard.dev/revision": "elsewhere", "foreign": "key"}
    world.edit(world.path("services", SERVICE, api="v1"), {"spec": {"selector": foreign}})
    world.edit(path, {"spec": {"replicas": 5, "template": {"spec": {"containers": [{**container, "image": "evil"}]}}}})

    def is_right() -> bool:
        live = world.api.get(path)["spec"]
        image = live["template"]["spec"]["containers"][0]["image"]
        selector = (world.service() or {"spec": {"selector": {}}})["spec"]["selector"]
        return (live["replicas"], image, selector.get("leeboard.dev/revision"), "foreign" in selector) == (
            1,
            container["image"],
            revision,
            False,
        )

    eventually(is_right, what="the repair")


def test_a_service_that_lost_our_labels_is_found_and_put_right(world: ServingWorld) -> None:
    serve_first(world)
    path = world.path("services", SERVICE, api="v1")

    world.edit(path, {"metadata": {"labels": {"leeboard.dev/uid": "gone", "app.kubernetes.io/managed-by": "me"}}})

    eventually(lambda: world.api.get(path)["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "leeboard")
    world.until("Serving", "True/Serving")
    assert world.condition("Stalled") == "False/NotStalled"


def test_a_strangers_service_of_that_name_is_left_alone(world: ServingWorld) -> None:
    spec = {"ports": [{"port": 80}], "selector": {"app": "theirs"}}
    stranger = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": SERVICE}, "spec": spec}
    world.api.create(world.path("services", api="v1"), stranger)

    world.serve()
    world.until("Stalled", "True/NameConflict")

    assert world.api.get(world.path("services", SERVICE, api="v1"))["spec"]["selector"] == {"app": "theirs"}
    assert world.deployment(1) is None


def test_a_pod_that_the_api_server_refuses_is_told_with_its_field(world: ServingWorld) -> None:

    limits = {"resources": {"limits": {"memory": "1Mi"}}}
    world.serve(template={"spec": {"containers": [{"name": "server", **limits}]}})
    world.until("Stalled", "True/InvalidTemplate")

    (stalled,) = (item for item in world.status()["conditions"] if item["type"] == "Stalled")
    assert "spec.template.spec.containers[0].resources.requests" in stalled["message"]
