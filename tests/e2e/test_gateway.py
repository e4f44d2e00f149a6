"""The local gateway does what rollouts ask of one: weights, header matches, copies. No operator takes part."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.cluster.api import Gateway
from tests.e2e.arms import arm, weights
from tests.e2e.conftest import opened
from tests.e2e.scene import TRAINER, Scene
from tests.support.kubectl import Kubectl

SENT = 1000
ARMS = ("stable", "canary")


@dataclass(frozen=True)
class Ways:
    """A namespace with both arms, and this machine's way to them through the gateway."""

    scene: Scene
    gateway: Gateway
    client: httpx.Client

    def route(self, name: str, *rules: dict[str, Any]) -> None:
        """Apply a route for the host of that name, and return when the gateway knows it."""
        parents = [{"namespace": self.gateway.namespace, "name": self.gateway.name}]
        spec = {"parentRefs": parents, "hostnames": [self._host(name)], "rules": list(rules)}
        metadata = {"name": name, "namespace": self.scene.namespace}
        manifest = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
        self.scene.kubectl.apply({**manifest, "metadata": metadata, "spec": spec})
        self.scene.eventually(lambda: self._status(name), [200, 200, 200], seconds=10)

    def get(self, name: str, path: str = "/", **headers: str) -> str:
        """Return what is answered for a host; fails on anything but 200."""
        answer = self.client.get(path, headers={"Host": self._host(name), **headers})
        assert answer.status_code == 200, answer.text
        return answer.text

    def _status(self, name: str) -> list[int]:
        """Three answers in a row; a gateway without any route does not even listen."""
        try:
            return [self.client.get("/requests", headers={"Host": self._host(name)}).status_code for _ in range(3)]
        except httpx.TransportError:
            return []

    def _host(self, name: str) -> str:
        return f"{name}.{self.scene.namespace}.test"


@pytest.fixture(scope="module")
def ways(kubectl: Kubectl, gateway: Gateway) -> Iterator[Ways]:
    """Both arms, ready."""
    with opened(kubectl, "test_gateway") as scene, httpx.Client(base_url=f"http://{gateway.address}") as client:
        for name in ARMS:
            kubectl.apply(*arm(name, namespace=scene.namespace, image=TRAINER))
        for name in ARMS:
            kubectl.run("rollout", "status", f"deployment/{name}", "-n", scene.namespace, "--timeout=60s")
        yield Ways(scene, gateway, client)


def test_requests_are_split_by_weight_and_turn_without_loss_when_it_changes(ways: Ways) -> None:
    ways.route("split", {"backendRefs": weights(stable=90, canary=10)})

    answers = Counter(ways.get("split") for _ in range(SENT))

    assert set(answers) == set(ARMS)
    # Random for each request: four standard deviations of 1,000 requests are 38.
    assert 62 <= answers["canary"] <= 138, answers

    ways.route("split", {"backendRefs": weights(canary=1)})

    ways.scene.eventually(lambda: {ways.get("split") for _ in range(20)}, {"canary"}, seconds=5)


def test_a_header_chooses_the_arm(ways: Ways) -> None:
    headers = [{"type": "Exact", "name": "x-cohort", "value": "early"}]
    early = {"matches": [{"headers": headers}], "backendRefs": weights(canary=1)}

    ways.route("cohort", early, {"backendRefs": weights(stable=1)})

    assert {ways.get("cohort", **{"x-cohort": "early"}) for _ in range(20)} == {"canary"}
    assert {ways.get("cohort", **{"x-cohort": "late"}) for _ in range(20)} == {"stable"}
    assert {ways.get("cohort") for _ in range(20)} == {"stable"}


def test_every_request_is_copied_and_the_copy_s_answer_is_dropped(ways: Ways) -> None:
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "canary", "port": 80}}}
    ways.route("direct", {"backendRefs": weights(canary=1)})
    ways.route("mirror", {"filters": [mirror], "backendRefs": weights(stable=1)})
    before = int(ways.get("direct", "/requests"))

    answers = {ways.get("mirror") for _ in range(50)}

    assert answers == {"stable"}
    ways.scene.eventually(lambda: int(ways.get("direct", "/requests")) - before, 50, seconds=5)
