"""One service through its life: served, at rest, moved on while the operator dies, deleted; in this order."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cluster.api import Cluster
from tests.e2e.scene import SERVICE, Scene
from tests.support.kubectl import Manifest

OPERATOR_USER = "system:serviceaccount:leeboard-system:leeboard"
MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
REST_SECONDS = 60
CHILDREN = "deployments,services,poddisruptionbudgets,pods"


@pytest.fixture(scope="module")
def served(shared_scene: Scene) -> Scene:
    """A service of two pods on a version that was trained a moment ago."""
    shared_scene.train("first")
    shared_scene.serve(replicas=2)
    version = shared_scene.trained("first")
    shared_scene.serving(version["spec"]["version"])
    return shared_scene


def test_kubectl_wait_sees_the_service_ready(served: Scene) -> None:
    words = ["wait", "--for=condition=Ready", f"inferenceservices.leeboard.dev/{SERVICE}", "--timeout=5s"]

    printed = served.kubectl.run(*words, "-n", served.namespace)

    assert printed.strip() == f"inferenceservice.leeboard.dev/{SERVICE} condition met"


def test_model_servers_hold_no_token_and_write_nowhere_but_tmp(served: Scene) -> None:
    service = served.find("inferenceservices.leeboard.dev", SERVICE)
    assert service is not None
    selector = f"leeboard.dev/uid={service['metadata']['uid']}"
    pods = served.kubectl.list("pods", namespace=served.namespace, selector=selector)

    assert [_confinement(pod) for pod in pods] == [(False, {True}, {True}), (False, {True}, {True})]


def test_at_rest_the_operator_writes_nothing(served: Scene, cluster: Cluster) -> None:
    if not cluster.audit_log.exists():
        pytest.skip("this cluster keeps no audit log: requests at the API server cannot be counted")
    served.eventually(lambda: _namespaces_that_end(served), [], seconds=180)
    served.eventually(lambda: _writes_within(cluster, seconds=5), [], seconds=60)

    assert _writes_within(cluster, seconds=REST_SECONDS) == []


def test_no_request_is_lost_when_the_operator_dies_while_the_version_changes(served: Scene) -> None:
    before = served.find("inferenceservices.leeboard.dev", SERVICE)
    assert before is not None
    served.client.start_load("load")
    served.train("second")
    version = served.trained("second")
    _kill_operator(served)

    after = served.serving(version["spec"]["version"])
    load = served.client.stop_load("load")

    assert (load.failed, load.errors) == (0, {})
    assert set(load.versions) == {before["status"]["stable"]["version"], version["spec"]["version"]}
    assert served.children("deployments", after) == [f"Deployment/{after['status']['stable']['deployment']}"]


def test_a_deleted_training_takes_its_job_along_but_not_the_version(served: Scene) -> None:
    job = served.find("trainingjobs.leeboard.dev", "second")
    assert job is not None

    served.kubectl.delete("trainingjobs.leeboard.dev", "second", namespace=served.namespace)

    served.eventually(lambda: served.children("jobs,pods", job), [], seconds=60)
    assert served.find("modelversions.leeboard.dev", job["status"]["modelVersion"]["name"]) is not None


def test_a_deleted_service_leaves_nothing_behind(served: Scene) -> None:
    service = served.find("inferenceservices.leeboard.dev", SERVICE)
    assert service is not None
    assert served.children(CHILDREN, service) != []

    served.kubectl.delete("inferenceservices.leeboard.dev", SERVICE, namespace=served.namespace)

    served.eventually(lambda: served.children(CHILDREN, service), [], seconds=90)


def _confinement(pod: Manifest) -> tuple[bool, set[bool], set[bool]]:
    """Whether a token is mounted, and what all containers say of root and of its file system."""
    containers = [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]
    contexts: list[Mapping[str, Any]] = [
        {**pod["spec"]["securityContext"], **item["securityContext"]} for item in containers
    ]
    return (
        bool(pod["spec"]["automountServiceAccountToken"]),
        {context["readOnlyRootFilesystem"] for context in contexts},
        {context["runAsNonRoot"] for context in contexts},
    )


def _namespaces_that_end(scene: Scene) -> list[str]:
    """Those of earlier tests: as their objects go one by one, the operator tells it of the services in them."""
    words = [
        "get",
        "namespaces",
        "-o",
        "jsonpath={range .items[?(@.status.phase=='Terminating')]}{.metadata.name} {end}",
    ]
    return scene.kubectl.run(*words).split()


def _writes_within(cluster: Cluster, *, seconds: float) -> list[str]:
    """What the operator wrote in the next seconds, but for renewing its lease; read from the API server's audit log."""
    with cluster.audit_log.open(encoding="utf-8") as log:
        log.seek(0, 2)
        deadline = time.monotonic() + seconds
        written = []
        while time.monotonic() < deadline:
            for line in log:
                event = json.loads(line)
                if _is_write(event):
                    written.append(f"{event['verb']} {event['requestURI']}")
            time.sleep(0.2)
        return written


def _is_write(event: Mapping[str, Any]) -> bool:
    about = event.get("objectRef", {})
    by_operator = event["user"]["username"] == OPERATOR_USER
    return by_operator and event["verb"] in MUTATING and about.get("resource") != "leases"


def _kill_operator(scene: Scene) -> None:
    """As when its node is lost: no time to say goodbye."""
    selector = ["-l", "app.kubernetes.io/component=operator"]
    scene.kubectl.run("delete", "pods", "-n", "leeboard-system", *selector, "--force", "--grace-period=0")
