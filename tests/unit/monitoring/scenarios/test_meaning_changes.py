"""The inputs stay as they are, what they mean changes (SEA, STAGGER): labels show it, drift stays low."""

from __future__ import annotations

from functools import partial

import pytest

from tests.bench.drift_streams import Make, sea, stagger
from tests.support.profiles import reference_of
from tests.unit.monitoring.scenarios.labelled import Labelling
from tests.unit.monitoring.scenarios.loop import HOURLY, LABELS, ON_BOTH, ON_LOSS, Loop

HOUR_ROWS = 500
CHANGE = 10_000


@pytest.mark.parametrize("make", [sea, stagger], ids=["SEA", "STAGGER"])
def test_a_concept_that_changes_under_fixed_inputs_is_a_loss_and_no_drift(make: Make) -> None:
    stream = make(3)
    loop = Loop(reference_of(stream.reference), retraining=ON_LOSS, monitoring={**HOURLY, **LABELS})
    labelling, largest, first = Labelling(loop), 0.0, None
    for row in labelling.hours(stream.live, of=HOUR_ROWS):
        drift = loop.watch.reports["r1"].drift
        if drift is not None:
            assert drift.verdict in {"Stable", "Suspected"}
            largest = max(largest, *(float(one.psi or 0) for one in drift.features))
        if loop.jobs and first is None:
            first = row
    assert first is not None
    assert CHANGE < first <= CHANGE + 2500
    assert (len(loop.jobs), loop.conditions["PerformanceLost"]) == (1, "True/Worse")
    assert largest < 0.1


@pytest.mark.parametrize(
    ("make", "said"),
    [(partial(sea, threshold=8.0), "False/Unproven"), (partial(stagger, changes=False), "Unknown/LabelsNeeded")],
    ids=["SEA", "STAGGER, of which one class is rare"],
)
def test_a_concept_that_does_not_change_trains_nothing(make: Make, said: str) -> None:
    """Once as many labels are there as are needed that stays so, though the bet on them begins anew."""
    stream = make(3)
    loop = Loop(reference_of(stream.reference), retraining=ON_LOSS, monitoring={**HOURLY, **LABELS})
    seen = [loop.conditions["PerformanceLost"] for _ in Labelling(loop).hours(stream.live, of=HOUR_ROWS)]
    assert (loop.jobs, seen[-1]) == ([], said)
    assert seen == sorted(seen, reverse=True), "it turned more than once"


def test_the_default_mode_wants_drift_as_well_and_so_leaves_a_mere_change_of_meaning_alone() -> None:
    stream = sea(3)
    loop = Loop(reference_of(stream.reference), retraining=ON_BOTH, monitoring={**HOURLY, **LABELS})
    for _ in Labelling(loop).hours(stream.live, of=HOUR_ROWS):
        pass
    assert (loop.jobs, loop.conditions["PerformanceLost"], loop.retrains) == ([], "True/Worse", "False/NoTrigger")
