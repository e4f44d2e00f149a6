"""crds/: one file for each kind; a schema without words is written in flow style, which saves half."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from leeboard.api.crd import DEFINITIONS, Definition, crd
from leeboard.api.names import GROUP

FOLDER = Path("crds")
HEADER = "# Generated from operator/leeboard/api by `make generate`; do not edit.\n"
WIDTH = 120
_LONG = frozenset({"description", "message", "pattern", "rule"})


def crd_files() -> dict[Path, str]:
    """Every CRD by its path in the repository."""
    return {FOLDER / f"{GROUP}_{definition.kind.plural}.yaml": crd_text(definition) for definition in DEFINITIONS}


def crd_text(definition: Definition) -> str:
    """One CRD as YAML."""
    text = yaml.dump(
        crd(definition), Dumper=_Plain, sort_keys=False, width=WIDTH, allow_unicode=True, default_flow_style=None
    )
    return HEADER + text


class _Plain(yaml.SafeDumper):
    """Without anchors: an object that stands in two places is written twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Lists are indented below their key, as yamllint wants them."""
        return super().increase_indent(flow, indentless=False)


def _represent(dumper: _Plain, data: Mapping[str, object]) -> yaml.MappingNode:
    """What is read by people is written line by line: pod templates, which have no words, are in Kubernetes' pages."""
    node = dumper.represent_dict(data)
    if _is_wordless(data):
        node.flow_style = True
    elif not _LONG.isdisjoint(data):
        node.flow_style = False
    return node


def _is_wordless(data: object) -> bool:
    """Whether nothing long is said anywhere inside."""
    match data:
        case Mapping():
            return _LONG.isdisjoint(data) and all(map(_is_wordless, data.values()))
        case list() | tuple():
            return all(map(_is_wordless, data))
        case _:
            return True


_Plain.add_representer(dict, _represent)
