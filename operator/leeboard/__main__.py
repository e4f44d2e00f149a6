"""``python -m leeboard``: run the operator, or say its version."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import version as version_of_package

import typer
import uvloop

from leeboard.errors import SettingsError

EXIT_USAGE = 2
command_line = typer.Typer(help="Leeboard keeps machine-learning models on course.", no_args_is_help=True)


@command_line.command()
def run() -> None:
    """Run the operator, in a cluster or against the kubeconfig; settings come from LEEBOARD_* variables."""
    # Imported here: `leeboard version` need not load kopf and MLflow.
    from leeboard.app import operate  # noqa: PLC0415
    from leeboard.logs import set_up_logging  # noqa: PLC0415
    from leeboard.reconciler.kinds import KINDS  # noqa: PLC0415
    from leeboard.settings import load_settings  # noqa: PLC0415

    try:
        settings = load_settings()
        set_up_logging(settings.log_level, settings.log_format)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(operate(settings, KINDS))
    except SettingsError as error:
        typer.echo(f"leeboard: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from error
    sys.stdout.flush()
    # A thread that still waits for MLflow would hold up the exit, and a lost Lease must not linger.
    os._exit(code)


@command_line.command()
def version() -> None:
    """Say which version this is."""
    typer.echo(version_of_package("leeboard"))


def main() -> None:
    """Entry point of the console script."""
    command_line()


if __name__ == "__main__":
    main()
