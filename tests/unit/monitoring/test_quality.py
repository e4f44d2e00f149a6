"""Broken data is said within one window, and said to be over as soon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leeboard.monitoring.cells import QUALITY, Cells
from leeboard.monitoring.drift import DEFAULTS, QualityVerdict, judge_quality
from tests.support.profiles import Reference, Rows, reference_of
from tests.unit.monitoring.streams import mixed

ROWS = 400


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(mixed(np.random.default_rng(1), 8000))


def spoilt(cells: Cells, fault: str, share: float, *, feature: int = 1) -> Cells:
    """That share of a feature's values is wrong and in no cell."""
    quality = cells.quality.copy()
    quality[feature, QUALITY.index(fault)] = round(cells.rows * share)
    counts = cells.counts.copy()
    counts[feature] = (counts[feature] * (1 - share)).astype(np.int64)
    return replace(cells, counts=counts, quality=quality)


@pytest.mark.parametrize("fault", QUALITY)
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_third_of_the_values_wrong_is_broken_within_one_window(
    *, reference: Reference, fault: str, share: float
) -> None:
    window = spoilt(reference.window(mixed(np.random.default_rng(2), ROWS)), fault, share)
    found = judge_quality(reference.profile, window, DEFAULTS)
    assert (found.verdict, found.faults(reference.profile)) == (QualityVerdict.BROKEN, (("f1", fault),))
    after = judge_quality(reference.profile, reference.window(mixed(np.random.default_rng(3), ROWS)), DEFAULTS)
    assert (after.verdict, after.faults(reference.profile)) == (QualityVerdict.GOOD, ())


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, QualityVerdict.GOOD), (0.02, QualityVerdict.SUSPICIOUS), (0.06, QualityVerdict.BROKEN)],
)
def test_a_few_unseen_values_are_suspicious_many_are_broken(
    *, reference: Reference, share: float, expected: QualityVerdict
) -> None:
    window = spoilt(reference.window(mixed(np.random.default_rng(2), 2000)), "unseen", share, feature=2)
    assert judge_quality(reference.profile, window, DEFAULTS).verdict is expected


def test_a_unit_that_changed_by_a_thousand_is_outside(reference: Reference) -> None:
    rows = mixed(np.random.default_rng(2), ROWS)
    scaled = Rows({**rows.features, "f0": rows.features["f0"] * 1000})
    found = judge_quality(reference.profile, reference.window(scaled), DEFAULTS)
    assert found.faults(reference.profile) == (("f0", "outside"),)


@pytest.mark.parametrize("value", ["c", 0.01, True])
def test_a_column_that_became_constant_is_broken(reference: Reference, value: object) -> None:
    feature = {"c": "f2", 0.01: "f0", True: "f3"}[value]
    rows = mixed(np.random.default_rng(2), ROWS)
    still = Rows({**rows.features, feature: np.full(ROWS, value)})
    found = judge_quality(reference.profile, reference.window(still), DEFAULTS)
    assert found.faults(reference.profile) == ((feature, "constant"),)


def test_a_column_that_was_nearly_constant_before_may_be_so_now() -> None:
    random = np.random.default_rng(4)
    reference = reference_of(Rows({"rare": random.random(8000) < 0.02}))
    found = judge_quality(reference.profile, reference.window(Rows({"rare": np.zeros(ROWS, bool)})), DEFAULTS)
    assert found.verdict is QualityVerdict.GOOD


def test_shares_that_the_reference_has_too_are_no_fault() -> None:
    random = np.random.default_rng(5)

    def rows(number: int) -> Rows:
        return Rows({"x": np.where(random.random(number) < 0.3, np.nan, random.normal(size=number))})

    reference = reference_of(rows(8000))
    verdicts = {judge_quality(reference.profile, reference.window(rows(ROWS)), DEFAULTS).verdict for _ in range(200)}
    assert verdicts == {QualityVerdict.GOOD}


@pytest.mark.parametrize(
    ("rows", "fault", "expected"),
    [
        (0, None, QualityVerdict.NO_DATA),
        (99, "null", QualityVerdict.INSUFFICIENT_DATA),
        (100, "null", QualityVerdict.BROKEN),
    ],
)
def test_without_enough_rows_nothing_is_said(
    *, reference: Reference, rows: int, fault: str | None, expected: QualityVerdict
) -> None:
    window = reference.window(mixed(np.random.default_rng(6), rows)) if rows else reference.profile.empty
    window = spoilt(window, fault, 1.0) if fault else window
    assert judge_quality(reference.profile, window, DEFAULTS).verdict is expected
