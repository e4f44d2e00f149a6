"""Drift that training does not cure: thirty days bring four TrainingJobs at most, then a person is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from leeboard.api.reasons_retraining import RetrainingEvent
from leeboard.planning.retraining.signs import Candidate, Request
from tests.support.profiles import reference_of
from tests.unit.monitoring.scenarios.loop import Loop
from tests.unit.monitoring.watched import REFERENCE, rows

DAYS = 30
DAY = timedelta(days=1)


def train(loop: Loop, *, brings: str | None, candidate: Candidate | None = None) -> None:
    """The TrainingJob that was just made ends, with a version or without."""
    loop.world.train(version=brings)
    if candidate is not None:
        loop.see(candidate=candidate)


def begun(loop: Loop) -> bool:
    """Whether a training runs."""
    return loop.trigger is not None and loop.trigger.outcome is None


def calm_days(loop: Loop) -> None:
    for seed in range(4):
        loop.window(rows(seed + 10))


def test_versions_that_are_refused_or_trainings_that_fail_end_with_an_open_circuit() -> None:
    for brings, candidate in (("2", Candidate.REFUSED), (None, None)):
        loop, starts = Loop(REFERENCE), list[datetime]()
        calm_days(loop)
        for day in range(DAYS):
            loop.window(rows(day + 20, shift=1.5))
            if begun(loop):
                starts.append(loop.service.now)
                train(loop, brings=brings, candidate=candidate)
        assert len(loop.jobs) == len(set(loop.jobs)) == len(starts) == 3, "each was attempted, under a name of its own"
        gaps = [later - earlier for earlier, later in pairwise(starts)]
        assert gaps[0] >= 2 * DAY
        assert gaps[1] >= 4 * DAY
        assert (loop.retrains, loop.told.count(RetrainingEvent.CIRCUIT_OPENED)) == ("False/CircuitOpen", 1)
        assert loop.conditions["DriftDetected"] == "True/Drift"
        loop.see(request=Request("id-1", "ann"))
        assert loop.retrains == "True/Training"


def test_a_world_that_moves_on_whenever_a_version_has_learnt_it_stops_after_four_trainings_too() -> None:
    """Each training is promoted with a reference of yesterday's rows; by then the rows have moved once more."""
    loop, shift = Loop(REFERENCE), 0.0
    calm_days(loop)
    for day in range(DAYS):
        if day % 4 == 0:
            shift += 1.5
        loop.window(rows(day + 20, shift=shift))
        if begun(loop):
            learnt = reference_of(rows(day + 120, shift=shift, count=8000))
            train(loop, brings=str(day), candidate=Candidate.SERVES)
            shift += 1.5
            loop.promote(learnt)
    assert 1 <= len(loop.jobs) <= 4
    assert len(set(loop.jobs)) == len(loop.jobs)


def test_drift_that_training_does_cure_closes_the_circle_and_may_come_again() -> None:
    """The same thirty days, but each version learns what it is asked: every change is one training."""
    loop, shift = Loop(REFERENCE), 0.0
    calm_days(loop)
    for day in range(DAYS):
        if day in {0, 15}:
            shift += 1.5
        loop.window(rows(day + 20, shift=shift))
        if begun(loop):
            train(loop, brings=str(day), candidate=Candidate.SERVES)
            loop.promote(reference_of(rows(day + 120, shift=shift, count=8000)))
    assert (len(loop.jobs), loop.retrains) == (2, "False/NoTrigger")
    assert (loop.conditions["DriftDetected"], loop.world.memory.fruitless) == ("False/Stable", 0)
