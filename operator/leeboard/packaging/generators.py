"""What ``make generate`` writes for installing: functions that return text by path, run from the repository's root."""

from __future__ import annotations

from pathlib import Path

from leeboard.api.crd import DEFINITIONS, crd
from leeboard.packaging.chart import chart_files
from leeboard.packaging.dashboards import dashboard_files
from leeboard.packaging.plain import find_helm, plain_manifests


def chart() -> dict[Path, str]:
    """The chart's CRDs and roles."""
    return {Path(path): text for path, text in chart_files(crd(definition) for definition in DEFINITIONS).items()}


def dashboards() -> dict[Path, str]:
    """The Grafana dashboards."""
    return {Path(path): text for path, text in dashboard_files().items()}


def plain() -> dict[Path, str]:
    """The manifests for ``kubectl apply``; needs Helm."""
    generated = chart_files(crd(definition) for definition in DEFINITIONS)
    return {Path(path): text for path, text in plain_manifests(find_helm(), root=Path(), generated=generated).items()}
