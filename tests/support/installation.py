"""The chart on the local cluster: images of this checkout, embedded MLflow, the local values file."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.api import Cluster, Gateway
from tests.cluster.command import run
from tests.support.diagnosis import OPERATOR_NAMESPACE
from tests.support.kubectl import Kubectl

RELEASE = "leeboard"
CHECKOUT = Path(__file__).resolve().parents[2]
CHART = CHECKOUT / "charts" / "leeboard"
LOCAL_VALUES = CHART / "ci" / "local-values.yaml"
OPERATOR_SOURCES = ("operator", "requirements/operator.txt", "Dockerfile")
DOMAIN = "leeboard.test"
"""Resolved by nobody: clients name the host in a header and connect to the gateway's address."""
SOURCES_ANNOTATION = "leeboard.dev/sources"


@dataclass(frozen=True, slots=True)
class Helm:
    """helm against one cluster, for the one release."""

    binary: Path
    kubeconfig: Path

    @classmethod
    def of(cls, cluster: Cluster) -> "Helm":
        """Return helm as administrator of a cluster."""
        return cls(cluster.bin / "helm", cluster.kubeconfig)

    def run(self, *words: str, timeout_seconds: float = 420) -> str:
        """Run helm in the release's namespace and return what it printed; raise ClusterError when it fails."""
        argv: list[str | Path] = [self.binary, *words, "--namespace", OPERATOR_NAMESPACE]
        return run(argv, env={**os.environ, "KUBECONFIG": str(self.kubeconfig)}, timeout_seconds=timeout_seconds)

    def status(self) -> str:
        """Return the release's status in helm's words (deployed, pending-upgrade, ...), empty without one."""
        releases = json.loads(self.run("list", "--all", "--output", "json"))
        return next((str(release["status"]) for release in releases if release["name"] == RELEASE), "")


def install_chart(cluster: Cluster, gateway: Gateway | None = None) -> None:
    """Install or upgrade the release from this checkout and return when its pods are ready.

    With a gateway, services are reached through it as ``<name>.<namespace>.leeboard.test`` where they name no host.

    The image's tag is always the same here: the sources' hash in an annotation replaces the operator's pod when they
    change.
    Ownership is taken of what plain manifests or an uninstall left behind.
    """
    kubectl, helm = Kubectl.of(cluster), Helm.of(cluster)
    _make_namespace(kubectl)
    if helm.status().startswith("pending"):
        helm.run("uninstall", RELEASE, "--wait")
    annotations = json.dumps({SOURCES_ANNOTATION: sources_hash()})
    named = {"name": gateway.name, "namespace": gateway.namespace, "domain": DOMAIN} if gateway else {}
    helm.run(
        *("upgrade", RELEASE, str(CHART), "--install", "--take-ownership", "--wait", "--timeout", "5m"),
        *("--values", str(LOCAL_VALUES), "--set-json", f"podAnnotations={annotations}"),
        *("--set-json", f"traffic.gateway={json.dumps(named)}"),
    )


def uninstall_chart(cluster: Cluster) -> None:
    """Remove the release; custom resources, their definitions and MLflow's volume stay."""
    helm = Helm.of(cluster)
    if helm.status():
        helm.run("uninstall", RELEASE, "--wait")


def sources_hash() -> str:
    """Return a hash of everything that the operator's image is built from."""
    digest = hashlib.sha256()
    for source in OPERATOR_SOURCES:
        path = CHECKOUT / source
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(f"{file.relative_to(CHECKOUT)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _make_namespace(kubectl: Kubectl) -> None:
    """The operator's own pods run restricted as well."""
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": OPERATOR_NAMESPACE,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
        }
    )
