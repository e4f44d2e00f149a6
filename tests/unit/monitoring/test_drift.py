"""Verdicts on streams: none where nothing changed, one where something did, and a reason where none can be given."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from leeboard.monitoring.drift import (
    DEFAULTS,
    Case,
    Outcome,
    Standing,
    Verdict,
    calibrated,
    judge,
    judge_all,
    judge_quality,
    merged_blocks,
    no_votes,
    ruled,
    voted,
)
from leeboard.monitoring.drift.calibration import overdispersion
from tests.support.profiles import Reference, Rows, reference_of
from tests.support.verdicts import NOON, judged, rulings
from tests.unit.monitoring.streams import LETTERS, autoregressive, mixed


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_of(mixed(np.random.default_rng(1), 10_000, features=8))


def verdicts(reference: Reference, rows: Rows, *, of: int = 500) -> list[Verdict]:
    return [ruling.verdict for _, ruling in rulings(reference, reference.windows(rows, of=of))]


def test_nothing_drifts_in_a_thousand_windows_without_drift(reference: Reference) -> None:
    found = judged(reference, reference.windows(mixed(np.random.default_rng(2), 500_000, features=8), of=500))
    assert len(found) == 1000
    assert sum(bool(one.is_drifted().any()) for one in found) <= 5
    assert {one.outcome for one in found} == {Outcome.JUDGED}


@pytest.mark.parametrize(("shift", "least", "most"), [(0.3, 0.0, 0.02), (0.5, 0.6, 1.0), (0.6, 0.98, 1.0)])
def test_about_half_a_standard_deviation_is_drift(
    *, reference: Reference, shift: float, least: float, most: float
) -> None:
    """Stated power with windows of 500 rows: .3 never, .5 in most of the windows, .6 in nearly all."""
    found = judged(
        reference, reference.windows(mixed(np.random.default_rng(3), 50_000, shift=shift, features=8), of=500)
    )
    drifted = np.array([one.is_drifted() for one in found])
    assert least <= float(drifted[:, 0].mean()) <= most
    assert not drifted[:, 1:].any()


def test_a_shift_is_a_verdict_after_three_windows_and_names_its_feature(reference: Reference) -> None:
    random = np.random.default_rng(4)
    before, after = mixed(random, 2000, features=8), mixed(random, 2000, shift=0.8, features=8)
    windows = [*reference.windows(before, of=500), *reference.windows(after, of=500)]
    found = [ruling for _, ruling in rulings(reference, windows)]
    assert [one.verdict for one in found] == [Verdict.STABLE] * 4 + [Verdict.SUSPECTED] * 2 + [Verdict.DRIFT] * 2
    assert found[6].drifted == ("f0",)
    assert found[6].since == NOON + timedelta(hours=4)


def test_too_few_rows_are_never_a_verdict(reference: Reference) -> None:
    found = verdicts(reference, mixed(np.random.default_rng(5), 20_000, shift=3.0, features=8), of=100)
    assert set(found) == {Verdict.INSUFFICIENT_DATA}


def test_no_rows_are_no_data(reference: Reference) -> None:
    one = judge(Case(reference.profile, calibrated(reference.profile, 500), reference.profile.empty, DEFAULTS))
    assert one.outcome is Outcome.NO_DATA
    assert ruled(no_votes(reference.profile), one, reference.profile).verdict is Verdict.NO_DATA
    assert one.share is None
    assert set(one.features) == {Standing.TOO_FEW_ROWS}


def test_a_reference_that_is_too_small_for_any_window_is_said_to_be() -> None:
    random = np.random.default_rng(6)
    small = reference_of(Rows({"x": random.normal(size=300)}))
    assert set(verdicts(small, Rows({"x": random.normal(size=40_000)}), of=10_000)) == {Verdict.REFERENCE_TOO_SMALL}


def test_slow_series_need_more_rows_than_quick_ones_before_anything_is_said() -> None:
    """AR(1) with 0.9: the reference's blocks show that 500 such rows are worth about 115 independent ones."""
    random = np.random.default_rng(7)
    reference = reference_of(autoregressive(random, 60_000, features=5))
    found = judged(reference, reference.windows(autoregressive(random, 10_000, features=5), of=500))
    assert {one.outcome for one in found} == {Outcome.JUDGED}
    assert {int(standing) for one in found for standing in one.features} == {Standing.TOO_FEW_ROWS}
    assert 1500 < found[0].needed.min() <= found[0].needed.max() < 3000
    assert calibrated(reference.profile, 500).phi.min() > 2


def test_a_reference_that_never_was_about_this_traffic_is_a_mismatch_not_a_drift(reference: Reference) -> None:
    found = verdicts(reference, mixed(np.random.default_rng(8), 5000, shift=0.8, features=8))
    assert found == [Verdict.SUSPECTED] * 2 + [Verdict.REFERENCE_MISMATCH] * 8


def test_a_mismatch_that_went_away_may_be_drift_later(reference: Reference) -> None:
    random = np.random.default_rng(9)
    shifts = [0.8] * 3 + [0.0] * 3 + [0.8] * 3
    windows = [reference.window(mixed(random, 500, shift=shift, features=8)) for shift in shifts]
    found = [ruling.verdict for _, ruling in rulings(reference, windows)]
    assert (found[2], found[-1]) == (Verdict.REFERENCE_MISMATCH, Verdict.DRIFT)


def test_a_score_that_differs_from_the_start_is_a_mismatch_whatever_else_drifts() -> None:
    """The reference was taken from training rows: there the model is surer of itself."""
    random = np.random.default_rng(10)

    def rows(number: int, *, sure: float, shift: float = 0.0) -> Rows:
        return Rows({"x": random.normal(size=number) + shift}, score=random.beta(sure, sure, size=number))

    reference = reference_of(rows(8000, sure=0.3))
    windows = [reference.window(rows(500, sure=2.0, shift=shift)) for shift in (0, 0, 0, 0, 0.9, 0.9, 0.9)]
    found = [ruling for _, ruling in rulings(reference, windows)]
    assert (found[-1].verdict, found[-1].mismatched, found[-1].drifted) == (
        Verdict.REFERENCE_MISMATCH,
        ("prediction",),
        ("x",),
    )


def test_predictions_drift_without_any_feature() -> None:
    random = np.random.default_rng(11)

    def rows(number: int, accepted: float) -> Rows:
        predicted = (random.random(number) < accepted).astype(int)
        return Rows({"x": random.normal(size=number)}, score=np.where(predicted, 0.9, 0.1), predicted=predicted)

    reference = reference_of(rows(8000, 0.8))
    windows = [reference.window(rows(1000, accepted)) for accepted in (0.8, 0.8, 0.5, 0.5, 0.5)]
    found = [ruling for _, ruling in rulings(reference, windows)]
    assert (found[-1].verdict, found[-1].drifted) == (Verdict.DRIFT, ("prediction",))


def test_predictions_are_judged_among_themselves_not_among_fifty_calm_features() -> None:
    """54 of 80 where one half is usual: 0.2 % by chance, which is odd for one prediction and nothing among 51 tests."""
    random = np.random.default_rng(25)
    rows = Rows({f"f{i}": random.random(10_000) < 0.5 for i in range(50)}, predicted=np.arange(10_000) % 2)
    profile = reference_of(rows).profile
    counts = np.full((51, 2), 40)
    counts[50] = [54, 26]
    window = replace(profile.empty, rows=80, counts=counts)
    one = judge(Case(profile, calibrated(profile, 80), window, replace(DEFAULTS, min_samples=50)))
    assert one.prediction is Standing.WARNED
    assert set(one.features) == {Standing.STABLE}


def test_a_profile_without_any_channel_is_never_stable() -> None:
    document = {
        **reference_of(Rows({"x": np.arange(1000.0)})).document,
        "features": [],
        "channels": [],
        "counts": [],
        "quality": [],
        "blocks": {"rows": [], "counts": []},
    }
    profile = Reference(document).profile
    window = replace(profile.empty, rows=600)
    one = judge(Case(profile, calibrated(profile, 600), window, DEFAULTS))
    votes = voted(no_votes(profile), one, profile, opened=NOON, settings=DEFAULTS)
    assert ruled(votes, one, profile).verdict is Verdict.INSUFFICIENT_DATA
    assert judge_quality(profile, window, DEFAULTS).faults(profile) == ()


def test_many_features_in_turn_drift_as_a_whole_by_their_importance() -> None:
    """Each window another feature with a quarter of the importance: no feature has three votes, the model has."""
    random = np.random.default_rng(12)

    def rows(number: int, drifting: int | None) -> Rows:
        return Rows({f"f{i}": random.normal(size=number) + (1.0 if i == drifting else 0.0) for i in range(4)})

    for importance, expected in (([0.25] * 4, Verdict.DRIFT), ([0.1, 0.1, 0.1, 0.7], Verdict.SUSPECTED)):
        reference = reference_of(rows(8000, None), importance=importance)
        windows = [reference.window(rows(600, drifting)) for drifting in (None, 0, 1, 2)]
        found = [ruling for _, ruling in rulings(reference, windows)]
        assert found[-1].verdict is expected
    assert [ruling.drifted for _, ruling in rulings(reference, windows)][-1] == ()


def test_an_unknown_importance_is_not_a_share_of_zero(reference: Reference) -> None:
    one = judged(reference, reference.windows(mixed(np.random.default_rng(13), 500, features=8), of=500))[0]
    assert one.share is None
    votes = voted(no_votes(reference.profile), one, reference.profile, opened=NOON, settings=DEFAULTS)
    assert list(votes.ballots[0, -2:]) == [-1, -1]


def test_equal_shares_of_nulls_are_no_drift() -> None:
    random = np.random.default_rng(14)

    def rows(number: int, nulls: float) -> Rows:
        return Rows({"x": np.where(random.random(number) < nulls, np.nan, random.normal(size=number))})

    reference = reference_of(rows(10_000, 0.3))
    found = judged(reference, [reference.window(rows(1500, share)) for share in (0.3, 0.6, 0.0)])
    assert [one.is_drifted().any() for one in found] == [False, False, False]
    assert [int(one.features[0]) for one in found] == [Standing.STABLE] * 3


def test_a_constant_feature_is_not_judged_and_spoils_nothing() -> None:
    random = np.random.default_rng(15)
    still = {"still": np.full(8000, "a"), "x": random.normal(size=8000)}
    reference = reference_of(Rows(still))
    one = judged(reference, [reference.window(Rows({"still": np.full(800, "a"), "x": random.normal(size=800) + 1}))])[0]
    assert [int(standing) for standing in one.features] == [Standing.ONE_CELL, Standing.DRIFTED]


def test_all_services_at_once_are_judged_as_one_by_one() -> None:
    random = np.random.default_rng(16)
    cases = []
    for features in (1, 5, 9):
        reference = reference_of(mixed(random, 4000, features=features))
        for shift in (0.0, 0.7):
            window = reference.window(mixed(random, 1000, shift=shift, features=features))
            settings = replace(DEFAULTS, false_discovery_rate=0.01 * features)
            cases.append(Case(reference.profile, calibrated(reference.profile, 1000), window, settings))
    together, alone = judge_all(cases), [judge(case) for case in cases]
    assert [list(one.standing) for one in together] == [list(one.standing) for one in alone]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.size, other.size, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one.p, other.p, rtol=1e-9)
    assert {int(one.features[0]) for one in together} == {Standing.STABLE, Standing.DRIFTED}
    assert judge_all([]) == []


def test_a_feature_with_few_values_is_not_judged_by_the_rows_of_the_others() -> None:
    random = np.random.default_rng(17)
    reference = reference_of(Rows({"x": random.normal(size=10_000), "y": random.normal(size=10_000)}))
    rare = np.where(random.random(1000) < 0.9, np.nan, random.normal(size=1000) + 5)
    one = judged(reference, [reference.window(Rows({"x": random.normal(size=1000), "y": rare}))])[0]
    assert [int(standing) for standing in one.features] == [Standing.STABLE, Standing.TOO_FEW_ROWS]
    assert one.needed[1] > 100


def test_a_daily_cycle_in_the_reference_is_no_overdispersion_of_whole_days() -> None:
    """30 days of 400 rows, blocks of six hours: parts of a day each are alike, parts of six hours are not."""
    random = np.random.default_rng(18)
    hours = np.arange(12_000) % 400 / 400
    reference = reference_of(Rows({"x": random.normal(size=12_000) + 0.7 * np.sin(2 * np.pi * hours)}))
    assert merged_blocks(reference.profile, 400) == 4
    by_day, by_quarter = (calibrated(reference.profile, rows) for rows in (400, 100))
    assert by_day.phi[0] < 1.3
    assert by_quarter.phi[0] > 2
    assert by_day.limit[0] < 0.05 < by_quarter.limit[0]


def test_overdispersion_is_one_for_independent_rows_and_the_factor_for_repeated_ones() -> None:
    blocks = np.random.default_rng(19).multinomial(300, np.full(10, 0.1), size=(40, 25))
    assert (overdispersion(blocks) == 1).mean() > 0.9
    assert overdispersion(blocks * 3).mean() == pytest.approx(3, rel=0.1)


def test_the_worst_block_of_the_reference_does_not_make_a_feature_blind() -> None:
    random = np.random.default_rng(20)
    limits = []
    for odd_days in (0, 1, 2):
        values = random.normal(size=18_000)
        values[: 500 * odd_days] += 4
        limits.append(calibrated(reference_of(Rows({"x": values})).profile, 500).limit[0])
    assert max(limits[:2]) < 0.1
    assert limits[2] > 1


def test_no_blocks_mean_no_limit_and_no_overdispersion() -> None:
    found = calibrated(reference_of(Rows({"x": np.arange(500.0)})).profile, 500)
    assert (found.blocks, list(found.phi), list(found.limit)) == (0, [1.0], [0.0])


def test_values_that_were_never_seen_drift_through_the_hashed_cells() -> None:
    random = np.random.default_rng(21)
    reference = reference_of(Rows({"city": LETTERS[random.integers(0, 6, size=8000)]}))
    fresh = np.where(random.random(1000) < 0.3, "elsewhere", LETTERS[random.integers(0, 6, size=1000)])
    assert judged(reference, [reference.window(Rows({"city": fresh}))])[0].is_drifted().all()


def test_a_fleet_is_judged_in_seconds_not_one_by_one() -> None:
    """1,200 services of 30 features: measured by the benchmark at about a second; here only that it is not minutes."""
    random = np.random.default_rng(22)
    reference = reference_of(mixed(random, 4000, features=30))
    window = reference.window(mixed(random, 1000, features=30))
    case = Case(reference.profile, calibrated(reference.profile, 1000), window, DEFAULTS)
    begun = time.process_time()
    assert len(judge_all([case] * 1200)) == 1200
    assert time.process_time() - begun < 20
