"""Gains of one model over another on the same rows: the intervals hold what they promise."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from leeboard.monitoring.paired import ErrorSums, gain_in_accuracy, gain_in_error

Z = 1.959964


def score_by_search(rows: int, only_candidate: int, only_champion: int, *, delta: float) -> float:
    """Tango's statistic from its definition: the nuisance share is the most likely one under the hypothesis."""
    grid = np.linspace(max(-delta, 0) + 1e-9, (1 - delta) / 2 - 1e-9, 400_001)
    same = rows - only_candidate - only_champion
    likelihood = (
        only_candidate * np.log(grid + delta) + only_champion * np.log(grid) + same * np.log(1 - 2 * grid - delta)
    )
    share = float(grid[int(np.argmax(likelihood))])
    return (only_candidate - only_champion - rows * delta) / sqrt(rows * (2 * share + delta - delta**2))


@pytest.mark.parametrize(("rows", "candidate", "champion"), [(300, 40, 20), (1000, 12, 9), (250, 3, 31)])
def test_the_ends_of_the_interval_are_where_the_score_of_the_most_likely_shares_is_critical(
    rows: int, candidate: int, champion: int
) -> None:
    gain = gain_in_accuracy(rows=rows, only_candidate=candidate, only_champion=champion)
    assert gain.value == pytest.approx((candidate - champion) / rows)
    assert score_by_search(rows, candidate, champion, delta=gain.low) == pytest.approx(Z, abs=1e-3)
    assert score_by_search(rows, candidate, champion, delta=gain.high) == pytest.approx(-Z, abs=1e-3)


def test_equal_answers_show_no_gain_however_many_they_are() -> None:
    for rows in (200, 20_000):
        gain = gain_in_accuracy(rows=rows, only_candidate=0, only_champion=0)
        assert gain.low < 0 < gain.high
        assert gain.value == 0
        assert gain.high == pytest.approx(-gain.low)


def test_exchanging_the_two_turns_the_interval_around() -> None:
    one = gain_in_accuracy(rows=500, only_candidate=30, only_champion=12)
    other = gain_in_accuracy(rows=500, only_candidate=12, only_champion=30)
    assert [other.low, other.high] == pytest.approx([-one.high, -one.low])


def test_all_and_nothing_stay_within_a_share() -> None:
    assert gain_in_accuracy(rows=200, only_candidate=200, only_champion=0).high == pytest.approx(1)
    assert gain_in_accuracy(rows=200, only_candidate=0, only_champion=200).low == pytest.approx(-1)


def test_two_equal_models_are_called_better_in_one_of_forty_comparisons_at_most() -> None:
    random = np.random.default_rng(7)
    tables = random.multinomial(400, [0.8, 0.06, 0.06, 0.08], size=2000)
    called = sum(
        gain_in_accuracy(rows=400, only_candidate=int(row[1]), only_champion=int(row[2])).low > 0 for row in tables
    )
    assert 0.012 < called / 2000 < 0.035  # 0.025, give or take three standard errors


def sums(candidate: NDArray[np.float64], champion: NDArray[np.float64]) -> ErrorSums:
    return ErrorSums(
        len(candidate),
        float(candidate.sum()),
        float(champion.sum()),
        float((candidate**2).sum()),
        float((champion**2).sum()),
        float((candidate * champion).sum()),
    )


def test_the_interval_of_a_ratio_holds_the_true_one_in_95_of_100_cases() -> None:
    random, held = np.random.default_rng(3), 0
    for _ in range(1000):
        shared = random.exponential(1, 300)
        gain = gain_in_error(sums(0.8 * shared + random.exponential(0.2, 300), shared + random.exponential(0.2, 300)))
        assert gain is not None
        held += gain.low <= 1 - 1.0 / 1.2 <= gain.high
    assert 0.93 < held / 1000 < 0.97


def test_at_the_lower_end_the_paired_t_test_is_critical() -> None:
    random = np.random.default_rng(5)
    champion = random.exponential(2, 400)
    candidate = 0.9 * champion + random.exponential(0.1, 400)
    gain = gain_in_error(sums(candidate, champion))
    assert gain is not None
    for end, sign in ((gain.low, 1), (gain.high, -1)):
        differences = (1 - end) * champion - candidate
        statistic = differences.mean() / (differences.std(ddof=1) / sqrt(400))
        assert statistic == pytest.approx(sign * 1.965927, abs=1e-4)  # Student's with 399 degrees


def test_a_champion_without_errors_bounds_no_ratio() -> None:
    assert gain_in_error(ErrorSums(300, 12.0, 0.0, 3.0, 0.0, 0.0)) is None
    assert gain_in_error(ErrorSums(300, 12.0, 1.0, 3.0, 1.0, 0.1)) is None  # one error among zeros
