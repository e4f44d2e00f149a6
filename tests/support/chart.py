"""The chart as Helm renders it: manifests by kind and name, and Helm's own words when it refuses."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from leeboard.api.resource import Manifest
from leeboard.packaging.plain import find_helm

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "leeboard"
VALUES_FILES = tuple(sorted(CHART.glob("ci/*.yaml")))
NAMESPACE = "leeboard-system"
KUBE_VERSION = "1.36.3"
WITH_MLFLOW = "mlflow.enabled=true"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class HelmAnswer:
    """What one call of Helm came to."""

    code: int
    output: str
    errors: str

    @property
    def manifests(self) -> list[Manifest]:
        """The rendered objects, in Helm's order."""
        assert self.code == 0, self.errors
        return objects(self.output)


def objects(text: str) -> list[Manifest]:
    """The objects of a stream of YAML documents."""
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


def helm(*arguments: str) -> HelmAnswer:
    """Call Helm with the chart's folder as working directory."""
    done = subprocess.run(
        [find_helm(), *arguments], cwd=CHART, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return HelmAnswer(done.returncode, done.stdout, done.stderr)


@functools.cache
def template(
    *settings: str, values: Path | None = None, namespace: str = NAMESPACE, served: tuple[str, ...] = ()
) -> HelmAnswer:
    """``helm template`` with ``--set`` for each of ``settings``; rendered once for each test run.

    ``served`` are kinds of the API server, in Helm's words, that decide what is rendered.
    """
    files = ["--values", str(values)] if values else []
    sets = [argument for setting in settings for argument in ("--set", setting)]
    cluster = ["--kube-version", KUBE_VERSION, *(f"--api-versions={kind}" for kind in served)]
    return helm("template", "leeboard", ".", "--namespace", namespace, *cluster, *files, *sets)


def lint(*settings: str, values: Path | None = None) -> HelmAnswer:
    """``helm lint --strict``."""
    files = ["--values", str(values)] if values else []
    sets = [argument for setting in settings for argument in ("--set", setting)]
    return helm("lint", "--strict", ".", "--kube-version", KUBE_VERSION, *files, *sets)


def one(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The single object of that kind and name."""
    found = [entry for entry in manifests if entry["kind"] == kind and entry["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def environment(manifests: list[Manifest]) -> Mapping[str, str]:
    """The operator container's plain variables."""
    container = one(manifests, "Deployment", "leeboard")["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
