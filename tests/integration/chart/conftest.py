"""An API server with the chart's objects on it, and kubectl as any user."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from leeboard.api.resource import Manifest
from tests.cluster import prometheus_operator
from tests.cluster.api import ApiServer
from tests.cluster.waiting import until
from tests.support.chart import NAMESPACE, WITH_MLFLOW, one, template

TEAM = "team"
POLICIES = 9
GRAFANA = "grafana"


@dataclass(frozen=True, slots=True)
class Answer:
    """What kubectl said."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl of the administrator, who may speak as anybody."""

    binary: Path
    kubeconfig: Path

    def run(
        self, *words: str, user: str = "", groups: tuple[str, ...] = (), body: Manifest | str | None = None
    ) -> Answer:
        """Run kubectl, as ``user`` when named, with ``body`` on its standard input."""
        identity = [f"--as={user}", "--as-group=system:authenticated"] if user else []
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        command = [
            str(self.binary),
            f"--kubeconfig={self.kubeconfig}",
            *identity,
            *(f"--as-group={group}" for group in groups),
            *words,
        ]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)

    def done(self, *words: str, body: Manifest | str | None = None) -> str:
        """What the administrator's kubectl printed; it must succeed."""
        answer = self.run(*words, body=body)
        assert answer.code == 0, answer.errors
        return answer.output

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects on the server side, unknown fields refused."""
        flat = [
            item for manifest in manifests for item in (manifest["items"] if manifest["kind"] == "List" else [manifest])
        ]
        listed = {"apiVersion": "v1", "kind": "List", "items": flat}
        self.done("apply", "--server-side", "--validate=strict", "--force-conflicts", "-f", "-", body=listed)

    def items(self, kind: str) -> list[Manifest]:
        """Every object of a kind."""
        found: list[Manifest] = json.loads(self.done("get", kind, "-A", "-o", "json"))["items"]
        return found


@pytest.fixture(scope="package")
def server() -> Iterator[ApiServer]:
    """One API server with its controllers: they check the types of policies and aggregate roles."""
    with ApiServer(controllers=True) as running:
        yield running


@pytest.fixture(scope="package")
def bare(server: ApiServer) -> Kubectl:
    """kubectl on a server with namespaces, the Prometheus operator's kinds, and the account of the test hook's pod."""
    kubectl = Kubectl(server.bin / "kubectl", server.kubeconfig)
    for name in (NAMESPACE, TEAM, GRAFANA):
        kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for file in prometheus_operator.definitions():
        kubectl.done("apply", "--server-side", "-f", str(file))
        name = f"{file.stem.partition('_')[2]}.{prometheus_operator.GROUP}"
        kubectl.done("wait", "--for=condition=Established", f"customresourcedefinition/{name}", "--timeout=60s")
    kubectl.apply(one(template(WITH_MLFLOW).manifests, "List", "leeboard-test")["items"][0])
    return kubectl


@pytest.fixture(scope="package")
def kubectl(bare: Kubectl) -> Kubectl:
    """kubectl on a server that has the chart's objects, the policies in force."""
    bare.apply(*template(WITH_MLFLOW).manifests)
    until(lambda: _checked(bare), "the policies' types are checked", seconds=60)
    until(lambda: _enforced(bare), "the policies are in force", seconds=60)
    return bare


def _checked(kubectl: Kubectl) -> bool:
    policies = kubectl.items("validatingadmissionpolicies")
    current = [
        entry
        for entry in policies
        if entry.get("status", {}).get("observedGeneration") == entry["metadata"]["generation"]
    ]
    return len(current) == POLICIES


def _enforced(kubectl: Kubectl) -> bool:
    """Each policy refuses what it should: the API server takes new policies up after a while."""
    own = kubectl.run("create", "--dry-run=server", "-f", "-", body=training_job(namespace=NAMESPACE))
    lineage = kubectl.run("create", "--dry-run=server", "-f", "-", body=model_version(lineage={}))
    kubectl.apply(role("probe", {"leeboard.dev": ("trainingjobs", "inferenceservices")}), binding("probe"))
    words, bodies = ("create", "--dry-run=server", "-f", "-"), (training_job(), inference_service())
    refused = [kubectl.run(*words, body=body, user="nobody", groups=("probe",)) for body in bodies]
    return all("ValidatingAdmissionPolicy" in answer.errors for answer in (own, lineage, *refused))


def role(name: str, resources: Mapping[str, tuple[str, ...]]) -> Manifest:
    """A Role of the team's namespace with every verb on ``resources`` by API group."""
    rules = [{"apiGroups": [group], "resources": list(names), "verbs": ["*"]} for group, names in resources.items()]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": TEAM},
        "rules": rules,
    }


def binding(name: str, *, cluster_role: str = "") -> Manifest:
    """The Role of that name, or a cluster role, given to the group ``name`` in the team's namespace."""
    target = {"kind": "ClusterRole", "name": cluster_role} if cluster_role else {"kind": "Role", "name": name}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": TEAM},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io"} | target,
        "subjects": [{"kind": "Group", "name": name, "apiGroup": "rbac.authorization.k8s.io"}],
    }


def training_job(*, namespace: str = TEAM, name: str = "train", pod: Manifest | None = None) -> Manifest:
    """A TrainingJob with one container."""
    spec = {"containers": [{"name": "train", "image": "busybox"}]} | (pod or {})
    return {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"model": "car-loan", "template": {"spec": spec}},
    }


def inference_service(*, name: str = "serve", pod: Manifest | None = None) -> Manifest:
    """An InferenceService, with a template of its own when ``pod`` is given."""
    server = {"server": {"template": {"spec": pod}}} if pod else {}
    return {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "InferenceService",
        "metadata": {"name": name, "namespace": TEAM},
        "spec": {"model": {"name": "car-loan", "version": "1"}} | server,
    }


def model_version(*, version: int = 1, lineage: Manifest | None = None) -> Manifest:
    """An imported ModelVersion."""
    spec = {"model": "car-loan", "version": str(version), "source": {"runID": "0" * 32, "modelURI": "models:/m-1"}}
    return {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "ModelVersion",
        "metadata": {"name": f"car-loan-v{version}", "namespace": TEAM},
        "spec": spec | ({"lineage": lineage} if lineage is not None else {}),
    }
