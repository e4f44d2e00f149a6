"""The ways to install it: helm's own test, an uninstall that stops nothing, plain manifests in the chart's place."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.api import Cluster, Gateway
from tests.e2e.scene import SERVICE, Scene
from tests.support.installation import CHECKOUT, RELEASE, Helm, install_chart, uninstall_chart
from tests.support.kubectl import Kubectl

PLAIN = CHECKOUT / "deploy" / "install-with-mlflow.yaml"
OPERATOR_NAMESPACE = "leeboard-system"
IMAGES = ("operator", "mlflow")


@pytest.fixture
def without_chart(cluster: Cluster, gateway: Gateway) -> Iterator[Cluster]:
    """The chart is there again afterwards, whatever was put in its place."""
    yield cluster
    install_chart(cluster, gateway)


def test_helm_test_trains_a_tiny_model(helm: Helm) -> None:
    printed = helm.run("test", RELEASE, "--timeout", "6m")

    assert "Phase:          Succeeded" in printed


def test_a_version_survives_an_uninstall_and_plain_manifests_carry_on(
    scene: Scene, without_chart: Cluster, tmp_path: Path
) -> None:
    scene.train("by-the-chart")
    scene.serve()
    version = scene.trained("by-the-chart")["spec"]["version"]
    scene.serving(version)

    uninstall_chart(without_chart)

    assert _operators(scene.kubectl) == []
    assert scene.client.score("unattended", rows=500).versions == {version: 1}

    _apply_plain(scene.kubectl, tmp_path)

    scene.train("by-plain-manifests")
    following = scene.trained("by-plain-manifests")["spec"]["version"]
    assert int(following) == int(version) + 1
    assert scene.serving(following)["status"]["stable"]["version"] == following
    assert scene.find("service", SERVICE) is not None


def _operators(kubectl: Kubectl) -> list[str]:
    found = kubectl.list("deployments", namespace=OPERATOR_NAMESPACE)
    return [item["metadata"]["name"] for item in found]


def _apply_plain(kubectl: Kubectl, folder: Path) -> None:
    """As a user does with kustomize: own image tags, and the size of the volume that the chart has left behind."""
    (folder / PLAIN.name).write_bytes(PLAIN.read_bytes())
    runtime = [{"name": "operator", "env": [{"name": "LEEBOARD_RUNTIME_IMAGE", "value": "leeboard.dev/runtime:dev"}]}]
    patches = [
        _patch(
            "apps/v1", "Deployment", "leeboard", spec={"replicas": 1, "template": {"spec": {"containers": runtime}}}
        ),
        _patch("v1", "PersistentVolumeClaim", "leeboard-mlflow", spec={"resources": {"requests": {"storage": "2Gi"}}}),
    ]
    kustomization = {
        "resources": [PLAIN.name],
        "images": [{"name": f"leeboard.dev/{name}", "newTag": "dev"} for name in IMAGES],
        "patches": [{"patch": json.dumps(patch)} for patch in patches],
    }
    (folder / "kustomization.yaml").write_text(json.dumps(kustomization), encoding="utf-8")
    kubectl.run("apply", "-k", str(folder))
    for deployment in ("leeboard-mlflow", "leeboard"):
        words = ["rollout", "status", f"deployment/{deployment}", "-n", OPERATOR_NAMESPACE, "--timeout=240s"]
        kubectl.run(*words, timeout_seconds=260)


def _patch(api_version: str, kind: str, name: str, *, spec: dict[str, object]) -> dict[str, object]:
    metadata = {"name": name, "namespace": OPERATOR_NAMESPACE}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
