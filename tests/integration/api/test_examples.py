"""Every resource that the examples and the documentation show is one that the API server takes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.api.kubectl import Kubectl

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


def texts() -> Iterator[tuple[Path, str]]:
    """YAML of the examples' files and of the fenced blocks in Markdown."""
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        yield path, path.read_text()
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]):
        for block in BLOCK.findall(path.read_text()):
            yield path, block


def shown() -> list[tuple[str, dict[str, Any]]]:
    """Our resources among them, each with where it stands."""
    return [
        (f"{path.relative_to(ROOT)}: {document['kind']} {document['metadata']['name']}", document)
        for path, text in texts()
        if "leeboard.dev/v1alpha1" in text
        for document in yaml.safe_load_all(text)
        if isinstance(document, dict) and document.get("apiVersion") == "leeboard.dev/v1alpha1"
    ]


def test_the_three_kinds_are_shown() -> None:
    assert {"TrainingJob", "InferenceService"} <= {document["kind"] for _, document in shown()}


@pytest.mark.parametrize(("place", "document"), shown(), ids=[place for place, _ in shown()])
def test_what_is_shown_is_accepted(place: str, document: dict[str, Any], kubectl: Kubectl) -> None:
    metadata = {name: value for name, value in document["metadata"].items() if name != "namespace"}

    answer = kubectl.ask("create", "--dry-run=server", "-f", "-", manifest=document | {"metadata": metadata})

    assert answer.err == "", place
