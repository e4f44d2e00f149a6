"""Labels come late, in part, twice, and for nothing: what they say stays the same, or says what it lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leeboard.api.monitoring_status import PerformanceStatus
from leeboard.monitoring.cells import LabelEntry
from tests.support.profiles import Rows
from tests.unit.monitoring.scenarios.labelled import Labelling
from tests.unit.monitoring.scenarios.loop import HOURLY, LABELS, ON_LOSS, Loop
from tests.unit.monitoring.test_watch_labels import HOUR, REFERENCE, lent

BAD = 0.2
USUAL = 0.06


def a_loop(**labels: object) -> Loop:
    spec = {**HOURLY, "labels": {**LABELS["labels"], **labels}}
    return Loop(REFERENCE, retraining=ON_LOSS, monitoring=spec)


def hours(labelling: Labelling, count: int, *, wrong: float, seed: int = 10) -> None:
    for hour in range(count):
        labelling.hour_of(lent(seed + hour, HOUR, wrong=wrong))


def performance(loop: Loop) -> PerformanceStatus:
    found = loop.watch.reports["r1"].performance
    assert found is not None
    return found


def test_labels_that_come_a_day_late_show_the_loss_a_day_later_and_count_once_each() -> None:
    loop = a_loop(maxAge="48h")
    labelling = Labelling(loop, delay=24)
    hours(labelling, 8, wrong=BAD)
    labelling.quiet(15)
    assert (loop.conditions["PerformanceLost"], loop.jobs) == ("Unknown/LabelsNeeded", [])
    labelling.quiet(10)
    assert (performance(loop).labels, loop.conditions["PerformanceLost"]) == (8 * HOUR, "True/Worse")
    assert len(loop.jobs) == 1


@pytest.mark.parametrize(
    ("max_age", "tenths", "hours_after"),
    [("2h", 5, 1), ("48h", 9, 60)],
    ids=["it was judged by age", "it was judged when nine of ten labels were there"],
)
def test_labels_that_come_after_their_cohort_was_judged_change_nothing(
    *, max_age: str, tenths: int, hours_after: int
) -> None:
    loop = a_loop(maxAge=max_age)
    in_time = Labelling(loop, part=lambda entry: entry.sequence % 10 < tenths)
    first = int(loop.service.now.timestamp()) // 3600 * 3600
    hours(in_time, 4, wrong=USUAL)
    in_time.quiet(4)
    judged = performance(loop)
    assert judged.labels == 4 * HOUR * tenths // 10

    loop.tell(Labelling(loop).labels_of(lent(10, HOUR, wrong=1.0), first))
    loop.later(hours=1)
    loop.later(hours=hours_after)
    assert performance(loop) == judged


def test_labels_for_accepted_loans_only_are_judged_by_precision_and_a_loss_of_it_is_seen() -> None:
    """Rejected loans never get labels: their hours ripen by age, and what is judged is what is known."""

    def accepted(entry: LabelEntry) -> bool:
        return entry.predicted == 1

    found = {}
    for wrong in (USUAL, BAD):
        loop = a_loop(maxAge="2h")
        labelling = Labelling(loop, part=accepted)
        hours(labelling, 12, wrong=wrong)
        labelling.quiet(4)
        found[wrong] = (performance(loop).metric, performance(loop).verdict, len(loop.jobs))
    assert found == {USUAL: ("Precision", "Unproven", 0), BAD: ("Precision", "Worse", 1)}


def test_labels_that_are_told_by_two_pods_and_by_a_restarted_operator_count_once() -> None:
    plain, repeated = a_loop(), a_loop()
    once, twice = Labelling(plain), Labelling(repeated)
    for hour in range(6):
        rows = lent(10 + hour, HOUR, wrong=BAD)
        once.hour_of(rows)
        twice.hour_of(rows)
        told = repeated.service.labels["r1-a"]
        again = replace(told, pod="r1-b", served={})
        repeated.service.counted["r1-b"] = replace(repeated.service.counted["r1-a"], pod="r1-b",
                                                   cells=REFERENCE.profile.empty)  # fmt: skip
        repeated.tell(again)
        repeated.restart()
    for loop, labelling in ((plain, once), (repeated, twice)):
        labelling.quiet(2)
        assert (performance(loop).labels, performance(loop).verdict) == (6 * HOUR, "Worse")
    assert performance(plain) == performance(repeated)
    assert len(plain.jobs) == len(repeated.jobs) == 1


def test_without_labels_nothing_is_trained_and_what_is_needed_is_said() -> None:
    loop = Loop(REFERENCE, retraining={"triggers": [{"drift": {}}]}, monitoring=HOURLY)
    random = np.random.default_rng(3)

    def hour_of(shift: float) -> Rows:
        rows = lent(int(random.integers(1_000_000)), HOUR, wrong=BAD)
        return replace(rows, features={"value": rows.features["value"] + shift})

    for shift in (0.0, 0.0, 0.0, 1.5, 1.5, 1.5):
        loop.window(hour_of(shift), hours=1)
    assert (loop.conditions["DriftDetected"], loop.retrains, loop.jobs) == ("True/Drift", "False/LabelsNeeded", [])
