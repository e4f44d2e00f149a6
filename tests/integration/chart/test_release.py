"""A release's life on a real API server: install, upgrade, roll back, uninstall, and what stays."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leeboard.packaging.plain import find_helm
from tests.cluster.api import ApiServer
from tests.cluster.waiting import until
from tests.integration.chart.conftest import TEAM, Answer, Kubectl, model_version
from tests.support.chart import CHART, NAMESPACE, ROOT, WITH_MLFLOW

pytestmark = pytest.mark.integration
KINDS = "trainingjobs.leeboard.dev,modelversions.leeboard.dev,inferenceservices.leeboard.dev"


@dataclass(frozen=True, slots=True)
class Helm:
    """Helm against one server, in the operator's namespace."""

    kubeconfig: Path

    def run(self, *words: str) -> Answer:
        """Call Helm."""
        command = [str(find_helm()), *words, "--namespace", NAMESPACE]
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    def done(self, *words: str) -> str:
        """What Helm printed; it must succeed."""
        answer = self.run(*words)
        assert answer.code == 0, answer.errors
        return answer.output


@pytest.fixture
def fresh() -> Iterator[tuple[Helm, Kubectl]]:
    """Helm and kubectl on a server of the test's own."""
    with ApiServer(controllers=True) as server:
        kubectl = Kubectl(server.bin / "kubectl", server.kubeconfig)
        for name in (NAMESPACE, TEAM):
            kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        yield Helm(server.kubeconfig), kubectl


def _replicas(kubectl: Kubectl) -> str:
    return kubectl.done("get", "deployment", "leeboard", "-n", NAMESPACE, "-o", "jsonpath={.spec.replicas}")


def _names(kubectl: Kubectl, kinds: str) -> list[str]:
    """Objects of the release, ``kind/name``; the namespaces' own are left out."""
    printed = kubectl.done("get", kinds, "-A", "-o", "name", "-l", "app.kubernetes.io/name=leeboard")
    return sorted(line.partition("/")[2] for line in printed.splitlines())


def test_install_upgrade_rollback_uninstall_and_what_stays(fresh: tuple[Helm, Kubectl]) -> None:
    helm, kubectl = fresh
    helm.done("install", "leeboard", str(CHART), "--set", WITH_MLFLOW)
    kubectl.apply(model_version())
    helm.done("upgrade", "leeboard", str(CHART), "--set", WITH_MLFLOW, "--set", "replicas=3")
    assert _replicas(kubectl) == "3"
    helm.done("rollback", "leeboard", "1")
    assert _replicas(kubectl) == "2"
    helm.done("uninstall", "leeboard")
    crds = ["inferenceservices.leeboard.dev", "modelversions.leeboard.dev", "trainingjobs.leeboard.dev"]
    cluster_wide = "validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings"
    until(lambda: _names(kubectl, "deployments") == [], "the deployments are gone", seconds=60)
    assert _names(kubectl, cluster_wide) == []
    assert _names(kubectl, "customresourcedefinitions") == crds
    assert _names(kubectl, "persistentvolumeclaims") == ["leeboard-mlflow"]
    assert kubectl.done("get", KINDS, "-n", TEAM, "-o", "name").split() == ["modelversion.leeboard.dev/car-loan-v1"]
    helm.done("install", "leeboard", str(CHART), "--set", WITH_MLFLOW)
    assert kubectl.done("get", KINDS, "-n", TEAM, "-o", "name").split() == ["modelversion.leeboard.dev/car-loan-v1"]


def test_a_release_over_plain_manifests_says_whose_they_are_until_ownership_is_taken(
    fresh: tuple[Helm, Kubectl],
) -> None:
    helm, kubectl = fresh
    kubectl.done("apply", "-f", str(ROOT / "deploy" / "install-with-mlflow.yaml"))
    refused = helm.run("install", "leeboard", str(CHART), "--set", WITH_MLFLOW)
    assert refused.code != 0
    assert "cannot be imported into the current release" in refused.errors
    helm.done("install", "leeboard", str(CHART), "--set", WITH_MLFLOW, "--take-ownership")
    assert "STATUS: deployed" in helm.done("status", "leeboard")


def test_two_releases_of_the_chart_do_not_share_the_definitions(fresh: tuple[Helm, Kubectl]) -> None:
    helm, _ = fresh
    helm.done("install", "leeboard", str(CHART), "--set", WITH_MLFLOW)
    second = helm.run("install", "other", str(CHART), "--set", WITH_MLFLOW)
    assert second.code != 0
    assert "CustomResourceDefinition" in second.errors


def test_the_notes_name_the_next_steps(fresh: tuple[Helm, Kubectl]) -> None:
    helm, _ = fresh
    notes = helm.done("install", "leeboard", str(CHART), "--set", WITH_MLFLOW)
    for step in (
        "rollout status deployment/leeboard",
        "helm test leeboard -n leeboard-system --logs",
        "port-forward service/leeboard-mlflow 5000",
    ):
        assert step in notes
