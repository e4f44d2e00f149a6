"""The wealth of one interval: a fair game at best, under every hypothesis that it bets against."""

from __future__ import annotations

from itertools import product
from math import comb, exp

import numpy as np
import pytest

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.analysis.betting import (
    EXCESSES,
    MOST,
    PARTS,
    STAKE,
    Direction,
    Tally,
    alone,
    compared,
    evidence,
)

ONE = np.ones(())


def probability(bad: int, requests: int, share: float) -> float:
    return comb(requests, bad) * share**bad * (1 - share) ** (requests - bad)


def growth(canary: tuple[int, int], stable: tuple[int, int], *, delta: float, level: float, direction: Direction,
           dispersion: float = 1.0) -> Array:  # fmt: skip
    tally = Tally(*(np.asarray(float(number)) for number in (*canary, *stable)))
    grown: Array = compared(
        tally,
        delta=np.array([delta]),
        level=np.asarray(level),
        dispersion=np.asarray(dispersion),
        direction=direction,
    )[0]
    return grown


def expectation(canary: int, stable: int, *, shares: tuple[float, float], **asked: object) -> Array:
    """Exactly, over all outcomes of one interval."""
    expected = np.zeros(len(EXCESSES))
    for mine, yours in product(range(canary + 1), range(stable + 1)):
        chance = probability(mine, canary, shares[0]) * probability(yours, stable, shares[1])
        expected += chance * np.exp(growth((mine, canary), (yours, stable), **asked))  # type: ignore[arg-type] # as given
    return expected


@pytest.mark.parametrize("level", [0.001, 0.1, 0.7])
@pytest.mark.parametrize(("canary", "stable"), [(2, 18), (10, 10), (12, 3)])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.9])
@pytest.mark.parametrize(("delta", "dispersion"), [(0.0, 1.0), (0.05, 1.0), (0.05, 4.0)])
def test_no_bet_gains_on_average_where_the_hypothesis_holds(
    *, level: float, canary: int, stable: int, share: float, delta: float, dispersion: float
) -> None:
    asked = {"delta": delta, "level": level, "dispersion": dispersion}
    worst = expectation(canary, stable, shares=(share + delta, share), direction=Direction.WORSE, **asked)
    better = expectation(canary, stable, shares=(share / 2, share), direction=Direction.WORSE, **asked)
    mirrored = expectation(canary, stable, shares=(share + delta, share), direction=Direction.BETTER, **asked)
    assert max(worst.max(), better.max(), mirrored.max()) <= 1 + 1e-9


def test_a_bet_gains_on_average_where_the_hypothesis_does_not_hold() -> None:
    gains = expectation(10, 10, shares=(0.4, 0.05), direction=Direction.WORSE, delta=0.0, level=0.2)
    assert gains.max() > 1.2


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_a_bet_against_a_number_is_fair_at_it(share: float) -> None:
    for direction in Direction:
        asked = {"limit": np.array([share]), "dispersion": ONE, "direction": direction}
        grown = [alone(np.asarray(float(bad)), np.asarray(30.0), **asked)[0] for bad in range(31)]  # type: ignore[arg-type] # as given
        expected = sum(probability(bad, 30, share) * np.exp(one) for bad, one in enumerate(grown))
        assert np.max(expected) <= 1 + 1e-9


def test_an_outage_of_both_versions_is_no_evidence_whatever_the_split() -> None:
    wealth = np.zeros(len(EXCESSES))
    for canary, stable in ((50, 450), (250, 250), (25, 475)):
        wealth += growth((canary // 2, canary), (stable // 2, stable), delta=0.0, level=0.01, direction=Direction.WORSE)
    assert evidence(wealth[None], ONE)[0] < 0


def test_the_same_errors_mean_more_at_a_smaller_share_of_the_requests() -> None:
    at_five_percent = growth((5, 50), (5, 950), delta=0.0, level=0.01, direction=Direction.WORSE)
    at_half = growth((5, 500), (5, 500), delta=0.0, level=0.01, direction=Direction.WORSE)
    assert at_five_percent.max() > 0.5 > at_half.max()


@pytest.mark.parametrize("direction", list(Direction))
def test_more_bad_requests_of_the_canary_speak_more_against_it(direction: Direction) -> None:
    wealth = np.array([growth((bad, 40), (4, 400), delta=0.01, level=0.01, direction=direction) for bad in range(12)])
    assert (np.diff(wealth, axis=0) * direction >= -1e-12).all()


def test_no_interval_decides_and_none_ruins() -> None:
    disaster = growth((1000, 1000), (0, 9000), delta=0.0, level=0.001, direction=Direction.WORSE)
    relief = growth((0, 1000), (9000, 9000), delta=0.0, level=0.001, direction=Direction.WORSE)
    assert exp(disaster.max()) <= 1 - STAKE + STAKE * exp(MOST) + 1e-9
    assert exp(relief.min()) >= 1 - STAKE - 1e-9


def test_runs_of_errors_count_as_one() -> None:
    single = growth((3, 50), (2, 450), delta=0.0, level=0.01, direction=Direction.WORSE)
    in_runs = growth((3, 50), (2, 450), delta=0.0, level=0.01, direction=Direction.WORSE, dispersion=8.0)
    assert evidence(in_runs[None], 8 * ONE)[0] < evidence(single[None], ONE)[0] / 3


def test_what_is_learnt_of_the_dispersion_holds_for_earlier_intervals_too() -> None:
    wealth = growth((9, 50), (2, 450), delta=0.0, level=0.01, direction=Direction.WORSE, dispersion=2.0)
    assert evidence(wealth[None], 6 * ONE)[0] < evidence(wealth[None], 2 * ONE)[0] < evidence(wealth[None], ONE)[0]


def test_the_whole_wealth_is_bet() -> None:
    assert PARTS.sum() == pytest.approx(1.0)
    assert evidence(np.zeros((1, len(EXCESSES))), ONE)[0] == pytest.approx(0.0)


def test_an_interval_without_requests_of_one_version_says_nothing() -> None:
    for canary, stable in (((0, 0), (9, 90)), ((9, 90), (0, 0))):
        assert (growth(canary, stable, delta=0.0, level=0.01, direction=Direction.WORSE) == 0).all()
