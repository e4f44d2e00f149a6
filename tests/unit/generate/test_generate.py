"""Writing and checking generated files."""

from pathlib import Path

import pytest

from leeboard.generate import __main__ as command
from leeboard.generate.crds import crd_files
from leeboard.generate.reference import reference_files

ROOT = Path(__file__).parents[3]
OURS = ["crds", "api-reference"]


def test_the_files_in_the_repository_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert (command.main([*OURS, "--check", "--root", str(ROOT)]), capsys.readouterr().out) == (0, "")


def test_what_is_missing_is_written(tmp_path: Path) -> None:
    assert command.main(["crds", "--root", str(tmp_path)]) == 0

    assert {path.name for path in (tmp_path / "crds").iterdir()} == {
        "leeboard.dev_inferenceservices.yaml",
        "leeboard.dev_modelversions.yaml",
        "leeboard.dev_trainingjobs.yaml",
    }


def test_what_is_stale_is_named_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main([*OURS, "--root", str(tmp_path)])
    edited = tmp_path / "crds" / "leeboard.dev_trainingjobs.yaml"
    edited.write_text("edited by hand\n")
    capsys.readouterr()

    assert command.main([*OURS, "--check", "--root", str(tmp_path)]) == 1

    assert capsys.readouterr().out == (
        "out of date: crds/leeboard.dev_trainingjobs.yaml\nrun `make generate` and commit what it writes\n"
    )
    assert edited.read_text() == "edited by hand\n"


def test_the_pod_template_needs_its_source() -> None:
    with pytest.raises(SystemExit, match="needs --openapi"):
        command.main(["pod-template"])


def test_the_reference_tells_every_field_and_rule() -> None:
    (text,) = reference_files().values()

    for said in (
        "| `spec.parameters` | map of string, 0 to 6000 characters, at most 100 |",
        "| `spec.server.replicas` | integer, 1 to 1000 | Pods of the version that serves. Default `1`. |",
        "- `spec.server.template.spec`: hostNetwork is not allowed",
        "Rules on the spec: a TrainingJob cannot be changed",
        "| `status.metrics[].value` |",
    ):
        assert said in text


def test_a_definition_is_written_without_anchors_and_tabs() -> None:
    assert [path for path, text in crd_files().items() if "&id" in text or "\t" in text] == []
