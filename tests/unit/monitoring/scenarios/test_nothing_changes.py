"""Where nothing changes nothing is trained, and each of these detectors still finds a change in the same stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import erf, sqrt

import numpy as np
import pytest

from leeboard.monitoring.cells import Cells
from leeboard.monitoring.drift import DEFAULTS, Case, Standing, Verdict, calibrated, judge_all
from tests.support.profiles import Reference, Rows, reference_of
from tests.support.verdicts import judged, rulings
from tests.unit.monitoring.scenarios.loop import HOURLY, Loop
from tests.unit.monitoring.streams import autoregressive, mixed

FEATURES, WINDOW = 20, 500


def normal(random: np.random.Generator, rows: int) -> Rows:
    return Rows({f"f{place}": random.normal(size=rows) for place in range(FEATURES)})


def chances(reference: Reference, *, shift: float = 0.0) -> np.ndarray:
    """What a row of independent normal features falls into; [features, cells]. ``shift`` moves the first feature."""
    table = []
    for place, channel in enumerate(reference.document["channels"]):
        edges = [edge - (shift if place == 0 else 0.0) for edge in channel["edges"]]
        below = [0.0, *((1 + erf(edge / sqrt(2))) / 2 for edge in edges), 1.0]
        table.append(np.diff(below))
    return np.array(table)


def independent(reference: Reference, windows: int, *, seed: int, shift: float = 0.0) -> Iterator[Cells]:
    """Windows of independent rows, drawn as counts: of independent features that is the same as drawing the rows."""
    random, nothing = np.random.default_rng(seed), reference.profile.empty
    drawn = random.multinomial(WINDOW, chances(reference, shift=shift), size=(windows, FEATURES))
    for counts in drawn:
        yield replace(nothing, rows=WINDOW, counts=counts.astype(np.int64))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(normal(np.random.default_rng(1), 10_000))


def test_stationary_20_features_10000_windows_no_verdict_and_half_a_percent_drifted_at_most(
    reference: Reference,
) -> None:
    windows = list(independent(reference, 10_000, seed=2))
    drifted = sum(bool(one.is_drifted().any()) for one in judged(reference, windows))
    assert drifted <= 50
    assert not any(ruling.verdict is Verdict.DRIFT for _, ruling in rulings(reference, windows))


def test_stationary_500_windows_start_no_training_and_a_change_after_them_starts_one(reference: Reference) -> None:
    loop = Loop(reference, monitoring=HOURLY)
    for cells in independent(reference, 500, seed=3):
        loop.window(cells, hours=1)
    assert (loop.jobs, loop.retrains) == ([], "False/NoTrigger")
    assert loop.conditions["DriftDetected"] in {"False/Stable", "False/Suspected"}
    for cells in independent(reference, 4, seed=4, shift=0.8):
        loop.window(cells, hours=1)
    assert (len(loop.jobs), loop.conditions["DriftDetected"]) == (1, "True/Drift")


def test_ar1_of_point_9_starts_no_training_in_1000_windows_and_a_change_after_them_does() -> None:
    """Slow series: 3,000 of their rows tell about as much as 700 independent ones, so that all windows are judged."""
    windows, rows, before = 1000, 3000, 120_000
    series = autoregressive(np.random.default_rng(7), before + (windows + 4) * rows, features=4)
    reference = reference_of(series.part(slice(0, before)))
    live = reference.windows(series.part(slice(before, before + windows * rows)), of=rows)
    loop, seen = Loop(reference, monitoring=HOURLY), Counter[str]()
    for cells in live:
        loop.window(cells, hours=1)
        seen[loop.conditions["DriftDetected"]] += 1
    assert (loop.jobs, seen.keys() - {"False/Stable", "False/Suspected"}, seen.total()) == ([], set(), windows)

    last = series.part(slice(before + windows * rows, None))
    for cells in reference.windows(Rows({**last.features, "f0": last.features["f0"] + 1.0}), of=rows):
        loop.window(cells, hours=1)
    assert len(loop.jobs) == 1


def test_ar1_in_windows_of_500_rows_is_not_judged_rather_than_found_to_drift() -> None:
    """Taken as independent, such rows would drift by chance in one window of some feature or other."""
    series = autoregressive(np.random.default_rng(8), 210_000, features=FEATURES)
    reference = reference_of(series.part(slice(0, 60_000)))
    windows = reference.windows(series.part(slice(60_000, None)), of=WINDOW)
    assert {int(one) for found in judged(reference, windows) for one in found.features} == {Standing.TOO_FEW_ROWS}
    calibration = replace(calibrated(reference.profile, WINDOW), phi=np.ones(FEATURES), limit=np.zeros(FEATURES))
    naive = judge_all([Case(reference.profile, calibration, window, DEFAULTS) for window in windows])
    assert sum(bool(one.is_drifted().any()) for one in naive) > 10


def test_a_profile_that_can_never_be_read_says_nothing_of_drift_rather_than_none(reference: Reference) -> None:
    loop = Loop(reference)
    loop.service.watch = replace(loop.watch, blind={"r1": "counts: not a list of 22"})
    loop.passes()
    assert loop.conditions["DriftDetected"] == loop.conditions["DataQuality"] == "Unknown/ProfileUnreadable"
    assert loop.retrains == "Unknown/NotObserved"


def test_too_few_rows_are_insufficient_data_whatever_they_hold() -> None:
    random = np.random.default_rng(5)
    reference = reference_of(mixed(random, 10_000, features=8))
    loop = Loop(reference)
    for _ in range(14):
        loop.window(mixed(random, 10, shift=3.0, features=8))
    assert loop.conditions["DriftDetected"] == "Unknown/InsufficientData"
    assert (loop.retrains, loop.jobs) == ("Unknown/NotObserved", [])
    for _ in range(4):
        loop.window(mixed(random, 1000, shift=3.0, features=8))
    assert loop.conditions["DriftDetected"] == "Unknown/ReferenceMismatch"
