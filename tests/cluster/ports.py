"""Ports of this machine that nobody listens on, and daemons that are the first to do so."""

import contextlib
import socket
from collections.abc import Callable
from typing import Final

from tests.cluster.errors import ClusterError

ATTEMPTS: Final = 3


def free_ports(count: int) -> list[int]:
    """Return that many ports, all different; another program may take one before it is used."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def start_on_free_ports(count: int, start: Callable[[list[int]], None], *, clear: Callable[[], None]) -> None:
    """Call ``start`` with that many ports until it succeeds, three times at most: another program may be faster.

    ``clear`` removes what a start that failed, or was interrupted, has left behind.

    Raises:
        ClusterError: the last start failed.
    """
    for attempts_left in reversed(range(ATTEMPTS)):
        ports = free_ports(count)
        try:
            start(ports)
        except BaseException as error:
            clear()
            if not isinstance(error, ClusterError) or not attempts_left:
                raise
        else:
            return
