"""The gate for writes: open only while the Lease is surely ours."""

from dataclasses import dataclass

import pytest

from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.errors import NotLeaderError


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_shut_before_the_lease_is_held() -> None:
    gate = WriteGate(steady=Clock(), renew_deadline=10)

    with pytest.raises(NotLeaderError):
        gate.check()


def test_it_is_open_until_the_renew_deadline_after_the_request_was_sent() -> None:
    clock = Clock()
    gate = WriteGate(steady=clock, renew_deadline=10)
    gate.renewed(100.0)

    clock.now = 109.9
    gate.check()
    clock.now = 110.0

    with pytest.raises(NotLeaderError):
        gate.check()


def test_a_lost_lease_shuts_it_at_once() -> None:
    gate = WriteGate(steady=Clock(), renew_deadline=10)
    gate.renewed(100.0)

    gate.shut()

    assert not gate.is_open


def test_without_election_it_stays_open() -> None:
    clock = Clock()
    gate = WriteGate(steady=clock, renew_deadline=10)
    gate.open_for_ever()
    clock.now = 1e9

    gate.check()
