"""The definitions: what every field must have, and what a structural schema may not."""

import json
from typing import Any

import pytest

from leeboard.api.crd import DEFINITIONS, Definition, crd, root_schema
from leeboard.api.names import Kind
from leeboard.api.pod_template_schema import Schema, as_object
from leeboard.generate.crds import crd_text
from tests.unit.api.schemas import fields, nodes

TEMPLATES = (".spec.template", ".spec.server.template")
MAX_YAML = 200 * 1024
MAX_ANNOTATION = 262_144

every_kind = pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind.value)


def own(definition: Definition) -> list[tuple[str, Schema]]:
    """Our nodes: spec and status without what stands inside a pod template."""
    return [
        (path, node)
        for path, node in nodes(root_schema(definition))
        if path.startswith((".spec", ".status"))
        and not path.startswith(tuple(f"{template}." for template in TEMPLATES))
    ]


def is_bounded(node: Schema) -> bool:
    match node["type"]:
        case "string":
            return "maxLength" in node or "enum" in node or node.get("format") == "date-time"
        case "array":
            return "maxItems" in node
        case "object":
            return "properties" in node or "maxProperties" in node
        case "integer":
            return "minimum" in node
        case _:
            return node["type"] == "boolean"


@every_kind
def test_every_field_of_ours_has_a_description(definition: Definition) -> None:
    ours = dict(own(definition))
    named = [(path, node) for path, node in fields(root_schema(definition)) if path in ours]

    assert named
    assert [path for path, node in named if not str(node.get("description", "")).endswith(".")] == []


@every_kind
def test_every_value_of_ours_is_bounded(definition: Definition) -> None:
    assert [path for path, node in own(definition) if not is_bounded(node) and path not in TEMPLATES] == []


@every_kind
def test_every_number_of_the_spec_has_an_upper_bound(definition: Definition) -> None:
    numbers = [(path, node) for path, node in own(definition) if path.startswith(".spec") and node["type"] == "integer"]

    assert [path for path, node in numbers if "maximum" not in node] == []


@every_kind
def test_the_schema_is_structural(definition: Definition) -> None:
    forbidden = {"$ref", "anyOf", "oneOf", "allOf", "nullable", "title", "const", "$defs", "x-leeboard-pod-template"}

    assert [(path, key) for path, node in nodes(root_schema(definition)) for key in node if key in forbidden] == []


@every_kind
def test_there_is_no_float(definition: Definition) -> None:
    assert [path for path, node in nodes(root_schema(definition)) if node.get("type") == "number"] == []


@every_kind
def test_the_status_has_no_default_but_that_nobody_has_seen_the_object(definition: Definition) -> None:
    status = dict(nodes(root_schema(definition)))[".status"]

    assert status["default"] == {"observedGeneration": -1}
    assert [path for path, node in nodes(status) if path and "default" in node] == []


@every_kind
def test_the_spec_is_required(definition: Definition) -> None:
    assert root_schema(definition)["required"] == ["spec"]


@every_kind
def test_conditions_are_a_map_by_type(definition: Definition) -> None:
    conditions = dict(nodes(root_schema(definition)))[".status.conditions"]

    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


@every_kind
def test_the_definition_fits_where_clients_store_it(definition: Definition) -> None:
    assert len(crd_text(definition).encode()) < MAX_YAML
    assert len(json.dumps(crd(definition))) < MAX_ANNOTATION


@every_kind
def test_columns_and_selectors_point_at_fields_that_exist(definition: Definition) -> None:
    known = {path for path, _ in nodes(root_schema(definition))} | {".metadata.creationTimestamp"}
    paths = [column.path.replace('[?(@.type=="Ready")]', "[]").replace("[0]", "[]") for column in definition.columns]

    assert [path for path in [*paths, *definition.selectable] if path not in known] == []


def test_names_are_what_the_documentation_says() -> None:
    named: dict[str, Any] = {
        definition.kind.value: as_object(as_object(crd(definition)["spec"])["names"]) for definition in DEFINITIONS
    }

    assert {kind: (names["plural"], names["shortNames"], names["categories"]) for kind, names in named.items()} == {
        "TrainingJob": ("trainingjobs", ["tj"], ["leeboard"]),
        "ModelVersion": ("modelversions", ["mv"], ["leeboard"]),
        "InferenceService": ("inferenceservices", ["lbsvc"], ["leeboard"]),
    }


def test_every_kind_has_a_definition() -> None:
    assert {definition.kind for definition in DEFINITIONS} == set(Kind)
