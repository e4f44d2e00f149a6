"""Values: linted, closed, and refused with a sentence that says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chart import CHART, VALUES_FILES, WITH_MLFLOW, helm, lint, template

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
OPEN_BY_NATURE = {"kubernetesObject", "strings", "quantities"}


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return _resolved(SCHEMA["definitions"][reference.rpartition("/")[2]]) if reference else schema


def _paths(values: dict[str, Any], schema: dict[str, Any], prefix: str = "") -> set[tuple[str, bool]]:
    """Every value's path, and whether the schema names it."""
    found = set()
    for key, value in values.items():
        properties = _resolved(schema).get("properties")
        if properties is None:
            continue
        found.add((f"{prefix}{key}", key in properties))
        if isinstance(value, dict) and key in properties:
            found |= _paths(value, properties[key], f"{prefix}{key}.")
    return found


def _declared(schema: dict[str, Any], prefix: str = "") -> set[str]:
    found = set()
    for key, child in _resolved(schema).get("properties", {}).items():
        found |= {f"{prefix}{key}"} | _declared(child, f"{prefix}{key}.")
    return found


def test_the_values_files_are_found() -> None:
    assert [path.name for path in VALUES_FILES] == [
        "external-mlflow-values.yaml",
        "ha-values.yaml",
        "local-values.yaml",
        "monitoring-values.yaml",
    ]


@pytest.mark.parametrize("values", VALUES_FILES, ids=lambda path: path.stem)
def test_the_chart_lints_and_renders_with_each_values_file(values: Path) -> None:
    linted = lint(values=values)
    assert linted.code == 0, linted.output + linted.errors
    assert len(template(values=values).manifests) > 15


def test_the_chart_lints_with_its_defaults() -> None:
    linted = lint()
    assert linted.code == 0, linted.output + linted.errors


def test_the_schema_names_every_value_and_no_other() -> None:
    assert {path for path, named in _paths(VALUES, SCHEMA) if not named} == set()
    named = {path for path, _ in _paths(VALUES, SCHEMA)}
    unset_by_default = {"global", "resources.claims", "mlflow.resources.claims"}
    assert _declared(SCHEMA) - named == unset_by_default


def test_every_object_of_the_schema_is_closed() -> None:
    def open_objects(node: object, path: str) -> list[str]:
        if not isinstance(node, dict):
            return []
        here = (
            [path]
            if "properties" in node and node.get("type") == "object" and node.get("additionalProperties") is not False
            else []
        )
        return here + [entry for key, child in node.items() for entry in open_objects(child, f"{path}/{key}")]

    assert open_objects(SCHEMA, "") == []


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("replica=2", "replica"),
        ("crds.kep=true", "kep"),
        ("mlflow.storage.size=1Gi", "storage"),
        ("settings.logLevel=LOUD", "logLevel"),
        ("image.digest=latest", "digest"),
        ("mlflow.uri=mlflow:5000", "uri"),
        ("replicas=-1", "replicas"),
        ("prometheus.providers.main=prometheus:9090", "providers/main"),
        ("prometheus.providers.Main=http://prometheus:9090", "Main"),
        ("traffic.gateway.listener=http", "listener"),
    ],
)
def test_a_mistake_in_the_values_is_refused_by_name(setting: str, named: str) -> None:
    settings = (setting,) if setting.startswith("mlflow.uri") else (WITH_MLFLOW, setting)
    answer = template(*settings)
    assert answer.code != 0
    assert named in answer.errors


def test_without_mlflow_the_chart_says_what_to_set() -> None:
    answer = template()
    assert answer.code != 0
    assert "set mlflow.enabled=true to install one, or mlflow.uri=http://... to use your own" in answer.errors


def test_two_mlflow_servers_are_refused() -> None:
    answer = template(WITH_MLFLOW, "mlflow.uri=http://mlflow:5000")
    assert answer.code != 0
    assert "not both" in answer.errors


@pytest.mark.parametrize("setting", ["name=gw", "namespace=gateways", "domain=models.example.com", "sectionName=http"])
def test_half_a_gateway_is_refused(setting: str) -> None:
    answer = template(WITH_MLFLOW, f"traffic.gateway.{setting}")
    assert answer.code != 0
    assert "traffic.gateway needs both its name and its namespace" in answer.errors


def test_an_old_cluster_is_refused() -> None:
    answer = helm("template", "leeboard", ".", "--set", WITH_MLFLOW, "--kube-version", "1.31.9")
    assert answer.code != 0
    assert "kubeVersion" in answer.errors
