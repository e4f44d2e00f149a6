"""The table of generators: a name and a function that returns the text of each file by its path in the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from leeboard.generate.crds import crd_files
from leeboard.generate.reference import reference_files
from leeboard.packaging import generators as packaging

Generator = Callable[[], dict[Path, str]]

GENERATORS: dict[str, Generator] = {
    "crds": crd_files,
    "api-reference": reference_files,
    "chart": packaging.chart,
    "dashboards": packaging.dashboards,
    "manifests": packaging.plain,
}
