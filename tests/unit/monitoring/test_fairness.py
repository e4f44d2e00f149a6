"""Rates of groups: intervals as published, no certainty that is not there, and silence about small groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leeboard.api.monitoring import Monitoring
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.fairness import GroupFinding, GroupStanding, outcomes
from leeboard.monitoring.fairness.estimates import Share, of_difference, of_ratio, of_share, quantile
from leeboard.monitoring.fairness.outcomes import compared
from leeboard.monitoring.slices import SliceKey, SliceKind
from leeboard.planning.monitoring.settings import settings_of
from tests.support.profiles import Rows
from tests.unit.monitoring.sliced import SETTINGS, SPEC, people, reference, window

REFERENCE = reference(people(1, 20_000, rates={"f": 0.5, "m": 0.7}))
Z = quantile(0.05)


def found_in(rows: Rows, settings: Settings = SETTINGS, phi: float = 1.0) -> dict[str, GroupFinding]:
    findings = outcomes(REFERENCE.profile, window(REFERENCE, rows), phi=phi, settings=settings)
    return {one.key.value: one for one in findings}


def test_wilsons_interval_is_the_published_one() -> None:
    found = of_share(Share(81, 263), Z)  # Newcombe 1998, Statistics in Medicine 17, 857-872, table I
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(10, 10), Share(0, 10), 0.6075, 1.0),
        (Share(0, 10), Share(0, 20), -0.1611, 0.2775),
    ],
)
def test_newcombes_interval_is_the_published_one(one: Share, other: Share, *, low: float, high: float) -> None:
    found = of_difference(one, other, Z)  # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_the_intervals_hold_what_they_promise() -> None:
    random, held = np.random.default_rng(1), {"difference": 0, "ratio": 0}
    for _ in range(2000):
        one, other = Share(random.binomial(150, 0.2), 150), Share(random.binomial(120, 0.3), 120)
        difference, ratio = of_difference(one, other, Z), of_ratio(one, other, Z)
        assert ratio is not None
        held["difference"] += difference.low <= -0.1 <= difference.high
        held["ratio"] += ratio.low <= 2 / 3 <= ratio.high
    assert min(held.values()) > 0.94 * 2000


def test_a_ratio_to_nothing_is_unknown() -> None:
    assert of_ratio(Share(5, 100), Share(0, 100), Z) is None


def test_a_difference_is_told_with_rates_difference_and_ratio() -> None:
    found = found_in(people(2, 6000, rates={"f": 0.5, "m": 0.35}))
    basis, other = found["f"], found["m"]
    assert (basis.standing, other.standing) == (GroupStanding.BASIS, GroupStanding.DIFFERS)
    assert (basis.difference, basis.ratio) == (None, None)
    assert other.rate is not None
    assert other.ratio is not None
    assert other.difference is not None
    assert other.rate.low < 0.35 < other.rate.high
    assert other.difference.low < -0.15 < other.difference.high < 0
    assert other.ratio.low < 0.7 < other.ratio.high < 0.8
    assert basis.usual == pytest.approx(0.5, abs=0.02)
    assert other.usual == pytest.approx(0.7, abs=0.02)


def test_equal_rates_are_not_said_to_be_the_same() -> None:
    assert found_in(people(3, 6000))["m"].standing is GroupStanding.NOT_SHOWN


def test_of_a_small_group_no_rate_is_told() -> None:
    found = found_in(people(4, 3000, small=99))
    assert found["m"] == GroupFinding(found["m"].key, 99, GroupStanding.TOO_FEW_ROWS, usual=found["m"].usual)
    assert found["f"].standing is GroupStanding.BASIS


def test_beside_a_small_first_group_nothing_is_compared() -> None:
    spec = {"groups": [{"column": "sex", "values": ["m", "f"]}]}
    found = found_in(people(4, 3000, small=99), settings_of(Monitoring.model_validate(spec)))
    assert (found["f"].standing, found["f"].difference) == (GroupStanding.TOO_FEW_ROWS, None)
    assert found["f"].rate is not None


def test_rows_that_depend_on_each_other_count_less() -> None:
    rows = people(5, 3000, rates={"f": 0.5, "m": 0.43})
    alone, dependent = found_in(rows)["m"], found_in(rows, phi=10.0)["m"]
    assert (alone.standing, dependent.standing) == (GroupStanding.DIFFERS, GroupStanding.NOT_SHOWN)
    assert alone.rate is not None
    assert dependent.rate is not None
    assert alone.rate.value == pytest.approx(dependent.rate.value)
    assert dependent.rate.high - dependent.rate.low > 2.5 * (alone.rate.high - alone.rate.low)


def test_the_favourable_class_can_be_named_and_must_be_one_of_the_models() -> None:
    rows = people(6, 6000, rates={"f": 0.5, "m": 0.3})
    rejected = found_in(rows, replace(SETTINGS, favourable="0"))["m"]
    assert rejected.rate is not None
    assert rejected.rate.value == pytest.approx(0.7, abs=0.03)
    unknown = found_in(rows, replace(SETTINGS, favourable="repaid"))
    assert {one.standing for one in unknown.values()} == {GroupStanding.NO_FAVOURABLE_CLASS}
    assert {one.rate for one in unknown.values()} == {None}


def test_all_comparisons_of_a_window_hold_together() -> None:
    random = np.random.default_rng(7)
    keys = [SliceKey(SliceKind.GROUP, f"c{column}", str(value)) for column in range(4) for value in range(8)]
    wrong = 0
    for _ in range(400):
        counts = {key: (400, int(random.binomial(400, 0.4))) for key in keys}
        found = compared(keys, counts, phi=1.0)
        wrong += any(one.standing is GroupStanding.DIFFERS for one in found)
    assert wrong <= 0.06 * 400


def test_what_is_declared_becomes_keys_in_its_order() -> None:
    declared = settings_of(Monitoring.model_validate({**SPEC, "favourable": "1"}))
    assert [(key.kind.value, key.column, key.value) for key in declared.slices] == [
        ("Segment", "region", "north"),
        ("Segment", "region", "south"),
        ("Segment", "region", "west"),
        ("Group", "sex", "f"),
        ("Group", "sex", "m"),
    ]
    assert declared.favourable == "1"
