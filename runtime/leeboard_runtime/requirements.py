"""What a model was made with, compared with what this image holds.

MLflow records both: the `python_function` flavour holds the Python version, `requirements.txt` the libraries. The
verdict is `Refuse` when the Python minor differs or the flavour's own library differs in major.minor (or is missing),
because models are pickles of exactly these two; `Warn` for every other difference, because most of them do not matter
and the replay of the input example finds those that do; `Match` else.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from leeboard_runtime.errors import PermanentFault, Reason

FLAVOR_LIBRARY = {
    "catboost": "catboost",
    "h2o": "h2o",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "onnx": "onnx",
    "paddle": "paddlepaddle",
    "pmdarima": "pmdarima",
    "prophet": "prophet",
    "pytorch": "torch",
    "sentence_transformers": "sentence-transformers",
    "sklearn": "scikit-learn",
    "spacy": "spacy",
    "spark": "pyspark",
    "statsmodels": "statsmodels",
    "tensorflow": "tensorflow",
    "transformers": "transformers",
    "xgboost": "xgboost",
}
"""MLflow's flavour -> the distribution whose pickle or format the model is."""

MINOR_PARTS = 2


class Verdict(StrEnum):
    """May a model be loaded in this image?"""

    MATCH = "Match"
    WARN = "Warn"
    REFUSE = "Refuse"


@dataclass(frozen=True, slots=True)
class Difference:
    """One sentence about one thing that differs, and whether it forbids loading."""

    sentence: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between a model's record and an image."""

    differences: tuple[Difference, ...]

    @property
    def verdict(self) -> Verdict:
        """The gravest of the differences."""
        if any(difference.refuses for difference in self.differences):
            return Verdict.REFUSE
        return Verdict.WARN if self.differences else Verdict.MATCH

    def refusing(self, sentence: str) -> Comparison:
        """The same differences behind one that forbids loading."""
        return Comparison((Difference(sentence, refuses=True), *self.differences))

    @property
    def sentences(self) -> list[str]:
        """The differences, those that refuse first."""
        return [d.sentence for d in sorted(self.differences, key=lambda d: not d.refuses)]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What MLflow wrote into a model directory; empty strings where it wrote nothing."""

    flavor: str
    flavors: tuple[str, ...]
    python_version: str
    mlflow_version: str
    requirements: tuple[str, ...]


def read_record(model: Path) -> Recorded:
    """Read MLmodel and requirements.txt as data, without importing anything of the model."""
    path = model / "MLmodel"
    if not path.is_file():
        raise PermanentFault(
            Reason.MODEL_INVALID, "the artifact holds no MLmodel file; log it with mlflow.<flavor>.log_model"
        )
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PermanentFault(Reason.MODEL_INVALID, f"MLmodel is not readable YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise PermanentFault(Reason.MODEL_INVALID, "MLmodel names no flavors; log the model again with mlflow")
    flavors = document["flavors"]
    function = flavors.get("python_function") or {}
    own = [name for name in flavors if name != "python_function"]
    return Recorded(
        flavor=own[0] if own else "python_function",
        flavors=tuple(flavors),
        python_version=str(function.get("python_version") or ""),
        mlflow_version=str(document.get("mlflow_version") or ""),
        requirements=tuple(_requirement_lines(model / "requirements.txt")),
    )


def compare(
    recorded: Recorded,
    *,
    python_version: str | None = None,
    installed: Callable[[str], str | None] | None = None,
) -> Comparison:
    """Compare with this interpreter, or with the versions given.

    `installed` maps a distribution's name to its version, None where it is missing.
    """
    look_up = installed or installed_version
    found = list(_python_differences(recorded.python_version, python_version or platform.python_version()))
    library = canonicalize_name(FLAVOR_LIBRARY.get(recorded.flavor, ""))
    for line in recorded.requirements:
        difference = _requirement_difference(line, library, look_up)
        if difference is not None:
            found.append(difference)
    return Comparison(tuple(found))


def installed_version(distribution: str) -> str | None:
    """The version in this environment."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _requirement_lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    lines = (line.split(" #")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _python_differences(recorded: str, here: str) -> list[Difference]:
    if not recorded:
        return [Difference("the model records no Python version", refuses=False)]
    if recorded.split(".")[:MINOR_PARTS] != here.split(".")[:MINOR_PARTS]:
        return [Difference(f"Python {recorded} made the model, this image has {here}", refuses=True)]
    return []


def _requirement_difference(line: str, library: str, installed: Callable[[str], str | None]) -> Difference | None:
    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return Difference(f"requirement {line!r} cannot be compared", refuses=False)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    name = canonicalize_name(requirement.name)
    here = installed(name)
    if here is None:
        return Difference(f"{line} is not in this image", refuses=name == library)
    if requirement.url is not None:
        return Difference(f"{name} comes from a URL, this image has {here}", refuses=False)
    if requirement.specifier.contains(here, prereleases=True):
        return None
    pinned = next((s.version for s in requirement.specifier if s.operator == "=="), None)
    refuses = name == library and (pinned is None or _minor(pinned) != _minor(here))
    return Difference(f"{line} made the model, this image has {name} {here}", refuses=refuses)


def _minor(version: str) -> tuple[int, ...]:
    try:
        return Version(version).release[:MINOR_PARTS]
    except InvalidVersion:
        return ()
