"""The operator is killed between verdict and job, wherever that is: exactly one TrainingJob."""

from __future__ import annotations

import pytest

from leeboard.api.retraining_status import RetrainingStatus
from leeboard.monitoring.watch import Watch
from tests.unit.monitoring.scenarios.loop import Loop
from tests.unit.monitoring.watched import REFERENCE, ROWS, rows


def drifting(days: int) -> Loop:
    """Four quiet days, then so many that differ."""
    loop = Loop(REFERENCE)
    for seed in range(10, 14):
        loop.window(rows(seed))
    for seed in range(14, 14 + days):
        loop.window(rows(seed, shift=1.5))
    return loop


def kept(loop: Loop) -> dict[str, str]:
    """The ConfigMap."""
    return loop.watch.to_data()


@pytest.mark.parametrize("lost", ["nothing", "the status", "the ConfigMap", "both"])
def test_killed_after_the_verdict_and_before_the_job_there_is_exactly_one_job(lost: str) -> None:
    """``lost`` is what the killed operator had decided and not written."""
    loop = drifting(2)
    config_map, status = kept(loop), loop.world.memory
    loop.service.serve("r1-a", rows(16, shift=1.5))
    loop.service.poll(hours=24)
    loop.see()
    asked = loop.trigger
    assert asked is not None
    assert loop.jobs == []

    if lost in {"the ConfigMap", "both"}:
        again = Watch.from_data(config_map)
        assert again is not None
        loop.service.watch = again
    else:
        loop.restart()
    if lost in {"the status", "both"}:
        loop.world.memory = RetrainingStatus.model_validate(status.to_json())
    loop.later(hours=0.1)
    for _ in range(3):
        loop.passes()

    assert len(loop.jobs) == 1
    if lost != "both":
        assert loop.jobs == [asked.training_job]


def test_an_operator_that_is_killed_after_every_window_makes_the_same_one_job() -> None:
    runs = []
    for restarts in (False, True):
        loop = Loop(REFERENCE)
        for seed in range(10, 20):
            loop.window(rows(seed, shift=1.5 if seed > 13 else 0.0))
            if restarts:
                loop.restart()
        drift = loop.watch.reports["r1"].drift
        assert drift is not None
        assert drift.rows == ROWS
        runs.append((loop.jobs, loop.conditions))
    assert runs[0] == runs[1]
    assert len(runs[0][0]) == 1
