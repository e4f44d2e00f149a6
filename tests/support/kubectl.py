"""kubectl as a value: objects in, objects out, failures with kubectl's own words."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.api import Cluster

Manifest = dict[str, Any]

OURS = "trainingjobs.leeboard.dev,modelversions.leeboard.dev,inferenceservices.leeboard.dev"


class KubectlError(Exception):
    """kubectl exited non-zero; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl against one cluster."""

    binary: Path
    kubeconfig: Path

    @classmethod
    def of(cls, cluster: Cluster) -> "Kubectl":
        """Return kubectl as administrator of a cluster."""
        return cls(cluster.bin / "kubectl", cluster.kubeconfig)

    def run(self, *words: str, stdin: str | None = None, timeout_seconds: float = 120) -> str:
        """Run kubectl and return what it printed.

        Raises:
            KubectlError: it exited non-zero.
        """
        done = subprocess.run(
            [str(self.binary), *words],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(words[:6])}: {done.stderr.strip()[-2000:]}")
        return done.stdout

    def find(self, kind: str, name: str, *, namespace: str) -> Manifest | None:
        """Return one object, or None when there is none of that name."""
        printed = self.run("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        found: Manifest | None = json.loads(printed) if printed.strip() else None
        return found

    def list(self, kinds: str, *, namespace: str, selector: str = "") -> list[Manifest]:
        """Return all objects of some kinds in a namespace."""
        words = ["get", kinds, "-n", namespace, "-o", "json"]
        printed = self.run(*words, *(["-l", selector] if selector else []))
        items: list[Manifest] = json.loads(printed)["items"]
        return items

    def apply(self, *manifests: Manifest) -> None:
        """Apply objects as a user does; kubectl's strict validation refuses unknown fields."""
        self.run("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))

    def apply_file(self, path: Path) -> None:
        """Apply the objects of a file."""
        self.run("apply", "-f", str(path))

    def delete(self, kind: str, name: str, *, namespace: str = "", wait: bool = True) -> None:
        """Delete one object if it is there; by default return when it and what it owns is gone."""
        where = ["-n", namespace] if namespace else []
        self.run("delete", kind, name, *where, "--ignore-not-found", f"--wait={str(wait).lower()}", timeout_seconds=300)

    def logs(self, pod: str, *, namespace: str, options: Sequence[str] = ()) -> str:
        """Return a pod's log."""
        return self.run("logs", pod, "-n", namespace, *options)
