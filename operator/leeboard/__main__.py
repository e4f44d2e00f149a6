"""``leeboard``, ``kubectl leeboard``, ``python -m leeboard``: the commands of people, and ``run`` for the operator."""

from __future__ import annotations

import os
import sys

from leeboard.cli.commands import add, command_line
from leeboard.cli.exits import Exit, Failure


def run() -> None:
    """Run the operator, in a cluster or against the kubeconfig; settings come from LEEBOARD_* variables."""
    # Imported here: no other command needs kopf and MLflow.
    import asyncio  # noqa: PLC0415

    import uvloop  # noqa: PLC0415

    from leeboard.app import operate  # noqa: PLC0415
    from leeboard.errors import SettingsError  # noqa: PLC0415
    from leeboard.logs import set_up_logging  # noqa: PLC0415
    from leeboard.reconciler.kinds import KINDS  # noqa: PLC0415
    from leeboard.settings import load_settings  # noqa: PLC0415

    try:
        settings = load_settings()
        set_up_logging(settings.log_level, settings.log_format)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(operate(settings, KINDS))
    except SettingsError as error:
        raise Failure(str(error), Exit.USAGE) from error
    sys.stdout.flush()
    # A thread that still waits for MLflow would hold up the exit, and a lost Lease must not linger.
    os._exit(code)


add("The operator", run)


def main() -> None:
    """Entry point of the console scripts."""
    command_line()


if __name__ == "__main__":
    main()
