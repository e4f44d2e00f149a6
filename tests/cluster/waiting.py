"""Waiting until something is so, with a limit and a reason when it never comes."""

import time
from collections.abc import Callable

from tests.cluster.errors import ClusterError


def until(true: Callable[[], bool], what: str, *, seconds: float, poll_seconds: float = 0.1) -> None:
    """Return as soon as ``true()`` holds.

    Raises:
        ClusterError: it did not within ``seconds``; the message names ``what``.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not after {seconds:.0f} s")
        time.sleep(poll_seconds)
