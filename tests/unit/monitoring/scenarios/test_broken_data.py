"""Data that break are said within one window, forbid a training while they are broken, and no longer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.support.profiles import Column, Rows
from tests.unit.monitoring.scenarios.loop import Loop
from tests.unit.monitoring.watched import REFERENCE, rows

HOUR_ROWS = 500
SCHEDULE = {
    "triggers": [{"schedule": {"cron": "0 * * * *"}}],
    "cooldown": "1m",
    "budget": {"perDay": 24, "perWeek": 99},
}


def a_third_missing(values: Column) -> Column:
    return np.where(np.random.default_rng(4).random(len(values)) < 0.3, np.nan, values)


def a_thousandfold(values: Column) -> Column:
    return values * 1000


def constant(values: Column) -> Column:
    return np.full(len(values), 0.1)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [(a_third_missing, "null"), (a_thousandfold, "outside"), (constant, "constant")],
    ids=["30 % of a feature missing", "another unit, a thousand times as much", "a constant column"],
)
def test_it_is_said_within_one_window_vetoes_a_training_and_recovers(
    spoil: Callable[[Column], Column], fault: str
) -> None:
    loop = Loop(REFERENCE, retraining=SCHEDULE)
    loop.window(rows(20, count=HOUR_ROWS), hours=0.99)
    assert loop.conditions["DataQuality"] == "Unknown/NoWindowYet"
    loop.window(rows(21, count=HOUR_ROWS), hours=0.01)
    assert loop.conditions["DataQuality"] == "True/Good"
    jobs = len(loop.jobs)
    loop.world.train()

    good = rows(22, count=HOUR_ROWS)
    loop.window(Rows({**good.features, "car_value": spoil(good.features["car_value"])}), hours=1)

    quality = loop.watch.reports["r1"].quality
    assert quality is not None
    assert [(one.feature, one.fault) for one in quality.faults] == [("car_value", fault)]
    assert (loop.conditions["DataQuality"], loop.retrains) == ("False/Broken", "False/QualityVeto")
    assert len(loop.jobs) == jobs

    loop.window(rows(23, count=HOUR_ROWS), hours=1)
    assert (loop.conditions["DataQuality"], loop.retrains) == ("True/Good", "True/Training")
    assert len(loop.jobs) == jobs + 1


def test_drift_that_comes_with_broken_data_waits_for_the_repair() -> None:
    """A verdict on the day's window stands while the hour's rows are broken: it is suppressed, not forgotten."""
    loop = Loop(REFERENCE)
    for seed in range(30, 34):
        loop.window(rows(seed))
    for seed in range(34, 36):
        loop.window(rows(seed, shift=1.5))
    loop.window(rows(36, shift=1.5, nulls=0.3))
    assert loop.conditions["DriftDetected"] == "True/Drift"
    assert (loop.retrains, loop.jobs) == ("False/QualityVeto", [])
    loop.window(rows(37, shift=1.5, count=HOUR_ROWS), hours=1)
    assert (loop.retrains, len(loop.jobs)) == ("True/Training", 1)
