"""Daemons are started on ports that nobody listens on, and once more when somebody was faster."""

from __future__ import annotations

import pytest

from tests.cluster.errors import ClusterError
from tests.cluster.ports import ATTEMPTS, free_ports, start_on_free_ports


class Daemon:
    """Fails so many times as it is told, and remembers what it was started on and how often it was cleared."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.starts: list[list[int]] = []
        self.cleared = 0

    def start(self, ports: list[int]) -> None:
        self.starts.append(ports)
        if self.failures:
            raise self.failures.pop(0)

    def clear(self) -> None:
        self.cleared += 1


def test_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_daemon_that_starts_is_left_alone() -> None:
    daemon = Daemon()

    start_on_free_ports(2, daemon.start, clear=daemon.clear)

    assert ([len(ports) for ports in daemon.starts], daemon.cleared) == ([2], 0)


def test_a_port_that_was_taken_meanwhile_is_followed_by_others() -> None:
    daemon = Daemon(ClusterError("address already in use"))

    start_on_free_ports(1, daemon.start, clear=daemon.clear)

    assert (len(daemon.starts), daemon.cleared) == (2, 1)
    assert daemon.starts[0] is not daemon.starts[1]


def test_a_daemon_that_never_starts_is_cleared_and_its_last_fault_told() -> None:
    daemon = Daemon(*(ClusterError(f"attempt {number}") for number in range(ATTEMPTS)))

    with pytest.raises(ClusterError, match=f"attempt {ATTEMPTS - 1}"):
        start_on_free_ports(1, daemon.start, clear=daemon.clear)

    assert daemon.cleared == ATTEMPTS


def test_an_interruption_is_cleared_up_after_and_not_tried_again() -> None:
    daemon = Daemon(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        start_on_free_ports(1, daemon.start, clear=daemon.clear)

    assert (len(daemon.starts), daemon.cleared) == (1, 1)
