"""The command line as a process: what it loads, how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leeboard.cli.commands import command_line

ROOT = Path(__file__).parents[3]
HEAVY = ("kopf", "mlflow", "numpy", "pandas", "uvloop", "leeboard.reconciler", "leeboard.handlers")
LOADED = (
    "import sys; sys.argv = ['leeboard', *sys.argv[1:]]\n"
    "from leeboard.__main__ import main\n"
    "try:\n    main()\n"
    "except SystemExit as end:\n    code = end.code\n"
    "print('LOADED', code, *sorted(sys.modules))"
)


def _loaded(*arguments: str) -> tuple[str, set[str]]:
    """Exit code and modules of one command in a process of its own."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    line = next(line for line in done.stdout.splitlines() if line.startswith("LOADED"))
    _, code, *modules = line.split()
    return code, set(modules)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), "0"),
        (("version",), "0"),
        (("lint", "examples"), "0"),
        (("get", "loans", "--kubeconfig", "/nowhere"), "4"),
        (("promote", "loans", "--kubeconfig", "/nowhere"), "4"),
    ],
    ids=["help", "version", "lint", "get", "promote"],
)
def test_no_command_of_people_loads_the_operator(arguments: tuple[str, ...], code: str) -> None:
    ended, modules = _loaded(*arguments)
    assert ended == code
    assert [name for name in HEAVY if name in modules] == []


def test_help_loads_neither_the_client_nor_the_models() -> None:
    _, modules = _loaded("--help")
    assert [name for name in ("kubernetes", "aiohttp", "pydantic", "cel", "yaml") if name in modules] == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["get", "loans", "--kubeconfig", "/nowhere"], 4, "no usable kubeconfig"),
        (["get", "mv", "--watch"], 2, "--watch shows one service"),
        (["get", "loans", "--watch", "-o", "json"], 2, "watched as a tree only"),
        (["predict", "loans", "-f", "/nowhere.csv"], 1, "cannot read /nowhere.csv"),
        (["promote"], 2, "Missing argument"),
        (["sell"], 2, "No such command"),
    ],
)
def test_a_failure_is_a_sentence_and_an_exit_code(arguments: list[str], code: int, words: str) -> None:
    answer = CliRunner().invoke(command_line, arguments)
    assert (answer.exit_code, answer.stdout) == (code, "")
    assert words in answer.stderr
