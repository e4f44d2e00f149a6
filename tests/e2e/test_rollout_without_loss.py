"""Nothing is cut: long requests while versions come and go, and the way back to a version without pods."""

from collections.abc import Iterator

import pytest

from tests.e2e.rollouts import HOUR, Serving, Town, outcomes
from tests.support.load import Load

WAIT_SECONDS = 4.0
LONG = {"per_second": 1.0, "wait": WAIT_SECONDS}


@pytest.fixture(scope="module")
def patient(whole_town: Town) -> Iterator[Serving]:
    """A service whose requests take long; each test goes on from where the one before left it."""
    yield whole_town.serve("patient", keep_warm="0s", steps=[{"weight": 50, "for": HOUR}])
    whole_town.clear()


def until_long_ones_are_on_their_way(serving: Serving, load: Load) -> None:
    """Some requests are being answered by each version now."""
    before = load.tally()
    serving.town.scene.eventually(lambda: load.tally().sent - before.sent >= 6, expected=True, seconds=30)


def test_a_promotion_cuts_no_long_request(patient: Serving) -> None:
    _, second, _ = patient.town.good
    with patient.load(**LONG) as load:
        patient.pin(second)
        patient.until_step("Observing")
        until_long_ones_are_on_their_way(patient, load)
        patient.ask("promote")
        patient.until_serves(second)
        patient.until(lambda found: not found["status"].get("draining"), "the old pods are gone")

    assert (load.tally().first_failures, set(load.tally().versions)) == ((), {patient.town.good[0], second})
    assert load.tally().slowest_seconds >= WAIT_SECONDS


def test_an_abort_cuts_no_long_request(patient: Serving) -> None:
    _, second, third = patient.town.good
    with patient.load(**LONG) as load:
        patient.pin(third)
        patient.until_step("Observing")
        until_long_ones_are_on_their_way(patient, load)
        patient.ask("abort")
        patient.until(lambda found: not found["status"].get("draining"), "the aborted pods are gone")

    assert (load.tally().first_failures, set(load.tally().versions)) == ((), {second, third})
    assert outcomes(patient.status())[0] == ("Aborted", third)


def test_a_deletion_cuts_no_long_request_that_was_on_its_way(patient: Serving) -> None:
    load = patient.load(**LONG)
    with load:
        until_long_ones_are_on_their_way(patient, load)
    assert load.tally().first_failures == ()

    with patient.load(**LONG) as last:
        until_long_ones_are_on_their_way(patient, last)
        last.stop()
        patient.delete()

    assert (last.tally().first_failures, last.tally().sent) == ((), last.tally().versions.total())


def test_going_back_to_a_version_without_pods_loses_nothing(town: Town) -> None:
    first, second, _ = town.good
    serving = town.serve("cold", keep_warm="0s")
    with serving.load(per_second=200) as load:
        serving.pin(second)
        serving.until_serves(second)
        serving.until(lambda found: not found["status"].get("draining"), "the first version has no pods")
        town.scene.eventually(lambda: serving.pods_of(first), [], seconds=60)

        serving.ask("rollback")
        serving.until_serves(first)

    assert (load.tally().failed, load.tally().first_failures) == (0, ())
    assert outcomes(serving.status())[0] == ("RolledBack", first)
