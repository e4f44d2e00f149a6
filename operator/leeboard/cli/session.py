"""The way to the API server, loaded when a command goes it: its client takes half a second to import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from leeboard.adapters.clock import SystemClock
from leeboard.cli.options import Target

if TYPE_CHECKING:
    from leeboard.cli.connection import Connection

T = TypeVar("T")


def connected(target: Target, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Log in, do ``work``, close; raises Failure in words for people."""
    from leeboard.cli.connection import run_connected  # noqa: PLC0415 - see above

    return run_connected(target, work)


def now() -> datetime:
    """The time, in UTC."""
    return SystemClock().now()
