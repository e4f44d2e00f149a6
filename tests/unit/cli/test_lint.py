"""Manifests judged without a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leeboard.cli.commands import command_line
from leeboard.cli.lint.judging import judge

ROOT = Path(__file__).parents[3]
HEAD = "apiVersion: leeboard.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n"
SERVICE = "  model: {name: loans, follow: Approved}\n"


def _service(body: str = "", *, name: str = "loans", model: str = SERVICE) -> str:
    return HEAD.format(kind="InferenceService", name=name) + model + body


def _training(body: str) -> str:
    return HEAD.format(kind="TrainingJob", name="loans") + "  model: loans\n" + body


def _said(text: str) -> list[str]:
    return [str(complaint).removeprefix("f:") for complaint in judge("f", text).complaints]


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.name)
def test_our_own_examples_are_without_fault(path: Path) -> None:
    assert judge(str(path), path.read_text()).complaints == ()


STEPS = """\
  rollout:
    steps:
      - weight: 10
        for: {duration}
      {second}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            _service("  rolout: {}\n"),
            ["7: InferenceService loans: spec.rolout is no field: did you mean rollout?"],
            id="typo",
        ),
        pytest.param(
            _service(model="  model: {name: loans, version: 7}\n"),
            ['6: InferenceService loans: spec.model.version is an integer where text is expected: write "7"'],
            id="wrong type",
        ),
        pytest.param(
            _service(STEPS.format(duration="10minutes", second="")),
            [
                (
                    "10: InferenceService loans: spec.rollout.steps[0].for is '10minutes', which does not match"
                    " ^([0-9]+(h|m|s))+$"
                )
            ],
            id="bad duration",
        ),
        pytest.param(
            _service(STEPS.format(duration="10m", second="- {weight: 20, approval: {}}")),
            [
                (
                    "11: InferenceService loans: spec.rollout.steps[1] breaks a rule: a step is exactly one of weight,"
                    " approval, shadow and match"
                )
            ],
            id="two kinds of step",
        ),
        pytest.param(
            _service("  server: {replicas: 0, runtime: Mlflow}\n"),
            [
                "7: InferenceService loans: spec.server.replicas is below 1",
                (
                    "7: InferenceService loans: spec.server.runtime is 'Mlflow', not one of MLflow, Seldon, Custom: did"
                    " you mean MLflow?"
                ),
            ],
            id="out of bounds",
        ),
        pytest.param(
            _service("  server: {replicas: 2, autoscaling: {maxReplicas: 3}}\n"),
            [
                (
                    "7: InferenceService loans: spec.server.replicas breaks a rule: the autoscaler sets the number of"
                    " pods: leave out replicas"
                )
            ],
            id="a rule about defaults",
        ),
        pytest.param(
            _service(name="Loans"),
            [
                (
                    "4: InferenceService Loans: metadata.name breaks a rule: the name is also that of a Service:"
                    " lower-case letters, digits and -, a letter first"
                )
            ],
            id="a rule about the name",
        ),
        pytest.param(
            _service("  traffic: {provider: Replicas}\n  rollout: {steps: [{shadow: {}, for: 1h}]}\n"),
            [
                (
                    "8: InferenceService loans: spec.rollout.steps[0].shadow is not possible without a gateway that"
                    " copies requests: name a Gateway (spec.traffic.gateway)"
                )
            ],
            id="what the traffic provider cannot do",
        ),
        pytest.param(
            _training(
                "  template:\n    spec:\n      containers: [{name: a, image: b, securityContext: {runAsUser: 0}}]\n"
            ),
            [
                (
                    "9: TrainingJob loans: spec.template.spec.containers[0].securityContext.runAsUser must not be 0:"
                    " pods run without root"
                )
            ],
            id="what the planner of trainings refuses",
        ),
        pytest.param(
            _training("  parameters: {MLFLOW_X: '1'}\n  template: {spec: {containers: [{name: a, image: b}]}}\n"),
            [
                (
                    "7: TrainingJob loans: spec.parameters breaks a rule: environment variables MLFLOW_*, LEEBOARD_*"
                    " are set by the operator"
                )
            ],
            id="a rule about names in a map",
        ),
        pytest.param(_training(""), ["5: TrainingJob loans: spec lacks template"], id="missing field"),
        pytest.param(
            _service("  server: {}\n  server: {replicas: 2}\n"),
            ["7: InferenceService loans: spec.server stands there twice"],
            id="the same key twice",
        ),
        pytest.param(
            _service().replace("v1alpha1", "v1"),
            ["1: InferenceService loans: apiVersion is not leeboard.dev/v1alpha1"],
            id="unknown version",
        ),
        pytest.param(
            _service().replace("InferenceService", "Service"),
            ["2: Service loans: kind is not one of TrainingJob, ModelVersion, InferenceService"],
            id="unknown kind",
        ),
        pytest.param("a: [\n", ["2: is no YAML: expected the node content, but found '<stream end>'"], id="no YAML"),
    ],
)
def test_a_fault_is_named_with_its_line(text: str, said: list[str]) -> None:
    assert _said(text) == said


def test_other_objects_and_empty_documents_are_left_alone() -> None:
    judged = judge("f", "---\n---\nkind: ConfigMap\napiVersion: v1\nrolout: 1\n---\n" + _service())
    assert (judged.resources, judged.complaints) == (1, ())


def test_lines_count_over_documents() -> None:
    assert _said(_service() + "---\n" + _service("  x: 1\n")) == ["14: InferenceService loans: spec.x is no field"]


def test_moments_stay_texts_as_kubernetes_reads_them() -> None:
    source = "  source: {git: {repository: r, revision: 2026-03-01}}\n"
    text = _training(source + "  template: {spec: {containers: [{name: a, image: b}]}}\n")
    assert _said(text) == []


def test_the_command_ends_with_1_on_a_fault_0_without_and_2_without_resources(tmp_path: Path) -> None:
    good, bad, other = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "other.yaml"
    good.write_text(_service())
    bad.write_text(_service("  x: 1\n"))
    other.write_text("kind: ConfigMap\n")
    answers = [
        CliRunner().invoke(command_line, ["lint", str(path)]) for path in (good, bad, other, tmp_path / "absent.yaml")
    ]
    assert [answer.exit_code for answer in answers] == [0, 1, 2, 2]
    assert answers[0].stdout == "1 resources, no faults\n"
    assert answers[1].stdout == f"{bad}:7: InferenceService loans: spec.x is no field\n"
    assert answers[1].stderr == "leeboard: 1 faults in 1 resources\n"
    assert "cannot read" in answers[3].stderr


def test_faults_as_json_for_programs(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(_service("  x: 1\n"))
    answer = CliRunner().invoke(command_line, ["lint", "-o", "json", str(tmp_path)])
    expected = {"file": str(bad), "line": 7, "resource": "InferenceService loans", "path": "spec.x"}
    assert (answer.exit_code, json.loads(answer.stdout)) == (1, [expected | {"message": "is no field"}])
