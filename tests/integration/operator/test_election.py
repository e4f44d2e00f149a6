"""Leader election: who leads, what a paused old leader may still do, and how fast a standby goes on."""

import signal
import time

import pytest

from tests.integration.conftest import OperatorProcess, StartOperator, eventually
from tests.integration.operator.world import TINY, World

pytestmark = pytest.mark.integration


def leading(*operators: OperatorProcess) -> list[OperatorProcess]:
    return [operator for operator in operators if operator.is_leader()]


def test_one_of_two_leads_and_the_other_is_ready_and_alive(world: World, start_operator: StartOperator) -> None:
    operators = [start_operator(module=TINY, pod_name=name) for name in ("a", "b")]
    for operator in operators:
        operator.wait_until_ready()
    (leader,) = eventually(lambda: leading(*operators))
    world.train("one")

    world.until_running("one")

    (standby,) = [operator for operator in operators if operator is not leader]
    assert (standby.probe("livez"), standby.probe("readyz")) == (200, 200)
    assert (leader.probe("livez"), leader.probe("readyz")) == (200, 200)
    assert len(world.jobs()) == 1


def test_a_leader_that_is_told_to_stop_gives_the_lease_back_and_the_standby_goes_on_within_five_seconds(
    world: World, start_operator: StartOperator
) -> None:
    first = start_operator(module=TINY, pod_name="a")
    first.wait_until_leading()
    second = start_operator(module=TINY, pod_name="b")
    second.wait_until_ready()

    assert first.stop() == 0
    begun = time.monotonic()
    eventually(second.is_leader)

    assert time.monotonic() - begun < 5
    world.train("after")
    world.until_running("after")


def test_a_paused_leader_that_wakes_after_its_lease_ran_out_writes_nothing_and_exits(
    world: World, start_operator: StartOperator
) -> None:
    old = start_operator(module=TINY, pod_name="old")
    old.wait_until_leading()
    new = start_operator(module=TINY, pod_name="new")
    new.wait_until_ready()
    old.send(signal.SIGSTOP)
    eventually(new.is_leader, seconds=40)
    world.train("meanwhile")
    world.until_running("meanwhile")
    mark = world.api.mark()

    old.send(signal.SIGCONT)

    assert old.process.wait(30) == 1
    assert world.writes_since(mark) == []
    assert new.is_leader()
