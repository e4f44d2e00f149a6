"""docs/command-line.md says what the command line does."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from leeboard.cli.commands import command_line
from leeboard.cli.exits import Exit
from leeboard.cli.lint.judging import judge

PAGE = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
SERVICE = """\
apiVersion: leeboard.dev/v1alpha1
kind: InferenceService
metadata: {name: loans}
spec:
  model: {name: loans, follow: Approved}

  rolout: {}
  rollout:
    steps:
      - {weight: 10, for: 10minutes}
"""


def test_every_command_and_exit_code_is_named() -> None:
    named = [
        command.name or command.callback.__name__ for command in command_line.registered_commands if command.callback
    ]
    table = PAGE.partition("Everywhere")[0]
    assert [name for name in named if not re.search(rf"[`\s]{name}[`\s]", table)] == []
    assert [code for code in Exit if f"| {code.value} |" not in PAGE] == []


def test_the_example_of_lint_is_what_it_prints() -> None:
    for complaint in judge("service.yaml", SERVICE).complaints:
        assert f"{complaint}\n" in PAGE
    assert len(judge("service.yaml", SERVICE).complaints) == 2


def test_every_option_that_the_page_uses_is_there() -> None:
    for line in re.findall(r"^leeboard (.+?)(?:\s+[#>].*)?$", PAGE, flags=re.MULTILINE):
        command = line.split()[0]
        usage = CliRunner().invoke(command_line, [command, "--help"], env={"COLUMNS": "200"})
        assert usage.exit_code == 0, line
        assert [option for option in re.findall(r"(?<= )--?[a-z][a-z-]*", line) if option not in usage.stdout] == []
