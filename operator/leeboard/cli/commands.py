"""The commands put together."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import version as version_of_package

import typer

from leeboard.cli.deciding import approve, reject
from leeboard.cli.drift import drift
from leeboard.cli.exits import Failure
from leeboard.cli.getting import get
from leeboard.cli.history import history
from leeboard.cli.linting import lint
from leeboard.cli.logs import logs
from leeboard.cli.predicting import predict
from leeboard.cli.verbs import MEANINGS, command_of

LOOKING, ASKING, DECIDING, WORKING = "Look", "Ask a running service", "Decide on a version", "Before and after"

command_line = typer.Typer(
    help="Leeboard keeps machine-learning models on course.", no_args_is_help=True, pretty_exceptions_enable=False
)


def add(panel: str, function: Callable[..., None], *, name: str | None = None) -> None:
    """Add a command that, when it fails, ends with its sentence on standard error and its exit code."""

    @functools.wraps(function)
    def command(*arguments: object, **options: object) -> None:
        try:
            function(*arguments, **options)
        except Failure as failure:
            typer.echo(f"leeboard: {failure}", err=True)
            raise typer.Exit(failure.code) from failure

    command_line.command(name, rich_help_panel=panel)(command)


def version() -> None:
    """Say which version this is."""
    typer.echo(version_of_package("leeboard"))


add(LOOKING, get)
add(LOOKING, history)
add(LOOKING, drift)
add(LOOKING, logs)
for _verb in MEANINGS:
    add(ASKING, command_of(_verb), name=_verb.value)
add(DECIDING, approve)
add(DECIDING, reject)
add(WORKING, lint)
add(WORKING, predict)
add(WORKING, version)
