"""What the person waiting sees: one line for each step, and signs of life on long ones."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console

from tests.cluster.errors import ClusterError

HEARTBEAT_SECONDS = 20.0

console = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print one line."""
    console.print(text, markup=False)


def run(command_line: Callable[[], None]) -> None:
    """Run a command line; an error that a person can act on is shown without a traceback, and exits with 1."""
    try:
        command_line()
    except ClusterError as error:
        say(f"error: {error}")
        sys.exit(1)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Show a step while it runs and how long it took when it is done.

    On a terminal a spinner turns; elsewhere (CI logs) a line comes at the start, every 20 s and at the end.
    """
    started = time.monotonic()
    if sys.stderr.isatty():
        with console.status(text):
            yield
    else:
        with _heartbeat(text, started):
            yield
    say(f"  done: {text} ({time.monotonic() - started:.1f} s)")


@contextlib.contextmanager
def _heartbeat(text: str, started: float) -> Iterator[None]:
    finished = threading.Event()

    def beat() -> None:
        while not finished.wait(HEARTBEAT_SECONDS):
            say(f"  still at it: {text} ({time.monotonic() - started:.0f} s)")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
