"""One file's faults, in the order of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leeboard.api.crd import DEFINITIONS, Definition, root_schema
from leeboard.api.names import API_VERSION, GROUP
from leeboard.api.pod_template_schema import as_object
from leeboard.api.resource import Manifest
from leeboard.cli.lint.documents import Document, NotYamlError, documents, shown
from leeboard.cli.lint.findings import planners_findings
from leeboard.cli.lint.rules import defaulted, rule_faults
from leeboard.cli.lint.schema import OPEN, schema_faults

KINDS = {definition.kind.value: definition for definition in DEFINITIONS}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One fault as it is shown."""

    file: str
    line: int
    resource: str
    path: str
    message: str

    def __str__(self) -> str:
        """``file:line: Kind name: path message``."""
        where = f"{self.path} " if self.path else ""
        return f"{self.file}:{self.line}: {f'{self.resource}: ' if self.resource else ''}{where}{self.message}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a file holds of ours, and what is wrong with it."""

    resources: int
    complaints: tuple[Complaint, ...]


def judge(file: str, text: str) -> Judged:
    """Every complaint about the resources of ours in ``text``; other objects are left alone."""
    complaints: list[Complaint] = []
    count = 0
    try:
        for document in documents(text):
            if _is_ours(document.value):
                count += 1
                complaints += _sorted(file, document)
    except NotYamlError as error:
        complaints.append(Complaint(file, error.line, "", "", f"is no YAML: {error}"))
    return Judged(count, tuple(complaints))


def _is_ours(value: object) -> bool:
    return isinstance(value, dict) and str(value.get("apiVersion", "")).partition("/")[0] == GROUP


def _sorted(file: str, document: Document) -> list[Complaint]:
    metadata = document.value.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    resource = f"{document.value.get('kind')} {name}".strip()
    found = [Complaint(file, document.line_of(path), resource, path, words) for path, words in _faults(document)]
    return sorted(found, key=lambda one: one.line)


def _faults(document: Document) -> Iterator[tuple[str, str]]:
    manifest = document.value
    definition = KINDS.get(str(manifest.get("kind")))
    if manifest["apiVersion"] != API_VERSION:
        yield "apiVersion", f"is not {API_VERSION}"
    elif definition is None:
        yield "kind", f"is not one of {', '.join(KINDS)}"
    else:
        stages = (_by_schema(document, definition), _by_rules(manifest, definition), _by_planners(manifest, definition))
        for stage in stages:
            faults = list(stage)
            yield from faults
            if faults:
                return


def _by_schema(document: Document, definition: Definition) -> Iterator[tuple[str, str]]:
    yield from ((path, "stands there twice") for path in document.repeated)
    metadata = document.value.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        yield "metadata", "lacks name"
    root = root_schema(definition)
    # Its schema is the API server's own.
    root["properties"] = {**as_object(root["properties"]), "metadata": {"type": "object", OPEN: True}}
    for fault in schema_faults(document.value, root):
        yield shown(fault.path), fault.message


def _by_rules(manifest: Manifest, definition: Definition) -> Iterator[tuple[str, str]]:
    schema = root_schema(definition)
    named = manifest["metadata"]
    # A generated name is not known yet; what it begins with is.
    known = manifest | {"metadata": named | {"name": named.get("name") or named["generateName"]}}
    for fault in rule_faults(defaulted(known, schema), schema):
        # The rules on a whole object are about its name.
        yield shown(fault.path or ("metadata", "name")), f"breaks a rule: {fault.message}"


def _by_planners(manifest: Manifest, definition: Definition) -> Iterator[tuple[str, str]]:
    for finding in planners_findings(definition.kind, manifest):
        yield finding.path, finding.fault
