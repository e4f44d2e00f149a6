"""Parts of a cluster that are there when somebody asks for them: one Deployment each, with all that it needs."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from tests.cluster.command import run
from tests.cluster.progress import step

Object = Mapping[str, Any]
"""A Kubernetes object as it is written in YAML."""
DIGEST: Final = "leeboard.dev/part"
MANAGER: Final = "leeboard-cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A Deployment's name, every object around it, and the definitions of kinds that these objects have."""

    namespace: str
    deployment: str
    objects: tuple[Object, ...]
    definitions: tuple[Path, ...] = ()

    def digest(self) -> str:
        """Return a key of everything that is applied."""
        content = hashlib.sha256(json.dumps(self.objects, sort_keys=True).encode())
        for path in self.definitions:
            content.update(path.read_bytes())
        return content.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Installer:
    """kubectl with an administrator's rights, whichever way the cluster came to be."""

    kubectl: Path
    kubeconfig: Path

    def ensure(self, part: Part, *, seconds: int) -> bool:
        """Bring a part to what it should be and return when its pods are ready; tell whether anything was done."""
        if self.is_there(part):
            return False
        with step(f"installing {part.deployment}"):
            self._apply(part, seconds=seconds)
        return True

    def is_there(self, part: Part) -> bool:
        """Tell whether the part runs as it should, in one request."""
        words = ["get", "deployment", part.deployment, "-n", part.namespace, "-o", "json", "--ignore-not-found"]
        printed = self.run(*words)
        live = json.loads(printed) if printed.strip() else {}
        digest = live.get("metadata", {}).get("annotations", {}).get(DIGEST)
        return digest == part.digest() and _is_available(live)

    def run(self, *words: str, stdin: str | None = None) -> str:
        """Run kubectl and return what it printed; raise ClusterError when it fails."""
        return run([self.kubectl, "--kubeconfig", self.kubeconfig, *words], stdin=stdin)

    def _apply(self, part: Part, *, seconds: int) -> None:
        # On the server's side: some definitions are too large for the annotation that the other way keeps them in.
        apply = ("apply", "--server-side", "--force-conflicts", f"--field-manager={MANAGER}")
        if part.definitions:
            files = [word for path in part.definitions for word in ("-f", str(path))]
            self.run(*apply, *files)
            self.run("wait", "--for=condition=Established", "--timeout=60s", *files)
        items = [_stamped(one, part) for one in part.objects]
        self.run(*apply, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        where = (f"deployment/{part.deployment}", "-n", part.namespace)
        self.run("rollout", "status", *where, f"--timeout={seconds}s")


def read(*files: Path) -> list[Object]:
    """Return the objects of YAML files in their order."""
    return [one for file in files for one in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if one]


def with_images(part: Part, images: Mapping[str, str]) -> Part:
    """Replace the images of a part's containers, which are named by the container's name."""
    return replace(part, objects=tuple(_with_images(one, images) for one in part.objects))


def _with_images(one: Object, images: Mapping[str, str]) -> Object:
    if one["kind"] != "Deployment":
        return one
    template = one["spec"]["template"]
    pod = dict(template["spec"])
    for field in ("initContainers", "containers"):
        if field in pod:
            pod[field] = [{**container, "image": images[container["name"]]} for container in pod[field]]
    return {**one, "spec": {**one["spec"], "template": {**template, "spec": pod}}}


def _stamped(one: Object, part: Part) -> Object:
    metadata = one["metadata"]
    if (one["kind"], metadata["name"]) != ("Deployment", part.deployment):
        return one
    return {**one, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), DIGEST: part.digest()}}}


def _is_available(deployment: Object) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas")
    if status.get("observedGeneration") != deployment["metadata"]["generation"]:
        return False
    return bool(wanted) and status.get("updatedReplicas") == status.get("availableReplicas") == wanted
