"""A kind that a cluster may lack: the operator runs without it, and sees it come and go."""

from collections.abc import Iterator

import pytest

from leeboard.api.names import Kind, owner_labels
from tests.cluster import gateway_api
from tests.integration.conftest import OperatorProcess, StartOperator, eventually
from tests.integration.operator.world import TINY, World

pytestmark = pytest.mark.integration
GATEWAY_API = "gateway.networking.k8s.io/v1"
NOTICED_SECONDS = 40


@pytest.fixture(autouse=True)
def without_definitions_afterwards(world: World) -> Iterator[None]:
    yield
    gateway_api.remove(world.api.rest)


def serve(world: World) -> str:
    """Create an InferenceService; its uid."""
    manifest = {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "InferenceService",
        "metadata": {"name": "loans", "namespace": world.namespace},
        "spec": {"model": {"name": "loan", "follow": "Approved"}},
    }
    uid: str = world.api.create(world.path("inferenceservices"), manifest)["metadata"]["uid"]
    return uid


def create_route(world: World, uid: str, name: str) -> None:
    labels = owner_labels(Kind.INFERENCE_SERVICE, name="loans", uid=uid)
    metadata = {"name": name, "namespace": world.namespace, "labels": labels}
    spec = {"rules": [{"backendRefs": [{"name": "loans", "port": 80}]}]}
    route = {"apiVersion": GATEWAY_API, "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
    world.api.create(world.path("httproutes", api=GATEWAY_API), route)


def until_told(world: World, phase: str, *, seconds: float = 90) -> None:
    def told() -> bool:
        found = world.api.get(world.path("inferenceservices", "loans"))
        return bool(found.get("status", {}).get("phase") == phase)

    eventually(told, seconds=seconds, what=phase)


def started(start_operator: StartOperator, **settings: str) -> OperatorProcess:
    operator = start_operator(module=TINY, sweep_seconds="3600", **settings)
    operator.wait_until_leading()
    return operator


def test_without_the_kind_the_operator_is_ready_and_alive_and_says_that_there_is_none(
    world: World, start_operator: StartOperator
) -> None:
    operator = started(start_operator)

    serve(world)

    until_told(world, "NoSuchKind")
    assert (operator.probe("livez"), operator.probe("readyz")) == (200, 200)
    assert operator.process.poll() is None


def test_definitions_that_come_later_and_go_again_are_noticed_without_a_restart(
    world: World, start_operator: StartOperator
) -> None:
    operator = started(start_operator)
    uid = serve(world)
    until_told(world, "NoSuchKind")

    gateway_api.install(world.api.rest)
    until_told(world, "Routes", seconds=NOTICED_SECONDS)
    eventually(lambda: "watching an optional kind" in operator.log.read_text(), seconds=NOTICED_SECONDS)
    create_route(world, uid, "one")
    until_told(world, "Routes,one")
    world.api.rest.delete(world.path("httproutes", "one", api=GATEWAY_API))
    until_told(world, "Routes")

    gateway_api.remove(world.api.rest)
    until_told(world, "NoSuchKind", seconds=NOTICED_SECONDS)

    gateway_api.install(world.api.rest)
    create_route(world, uid, "two")
    until_told(world, "Routes,two", seconds=NOTICED_SECONDS)
    assert operator.process.poll() is None
    assert (operator.probe("livez"), operator.probe("readyz")) == (200, 200)
    assert operator.stop() == 0


def test_routes_that_were_there_before_are_known_before_anything_is_written(
    world: World, start_operator: StartOperator
) -> None:
    gateway_api.install(world.api.rest)
    uid = serve(world)
    create_route(world, uid, "earlier")
    mark = world.api.mark()

    started(start_operator)

    until_told(world, "Routes,earlier")
    told = [line for line in world.writes_since(mark) if "/inferenceservices/loans" in line]
    assert told == [f"patch {world.path('inferenceservices', 'loans')}/status"]
