"""Durations in buckets: what is counted, what is estimated, and where that is said."""

from __future__ import annotations

import pytest

from leeboard.monitoring.analysis.latency import SEEN, bound_above, counted, parts_above, quantile, tail_above
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS
from tests.unit.monitoring.traffic import BUCKETS


def durations(**buckets: int) -> tuple[int, ...]:
    """Counts by the number of the bucket, as ``b3=10``."""
    return tuple(buckets.get(f"b{place}", 0) for place in range(BUCKETS))


def slower(counts: tuple[int, ...], seconds: float) -> float:
    return counted(parts_above(seconds), counts)


def test_above_a_bound_of_the_buckets_requests_are_counted() -> None:
    assert slower(durations(b2=5, b3=7, b22=1), DURATION_BOUNDS_SECONDS[2]) == 8


def test_within_a_bucket_a_part_counts_between_none_and_all() -> None:
    inside = durations(b8=100)  # 15 to 20 ms
    assert slower(inside, 0.015) == 100
    assert slower(inside, 0.02) == 0
    assert 30 < slower(inside, 0.0175) < 60


def test_fewer_requests_are_slower_than_more_seconds() -> None:
    everywhere = durations(**{f"b{place}": 10 for place in range(BUCKETS)})
    counts = [slower(everywhere, 0.0003 * 1.3**power) for power in range(50)]
    assert counts == sorted(counts, reverse=True)
    assert len(parts_above(0.02)) == BUCKETS


@pytest.mark.parametrize("exponent", [2.0, 4.0])
def test_in_a_heavy_tail_a_part_is_estimated_that_is_not_too_low_and_nearer_than_even_spread(exponent: float) -> None:
    bounds = (*DURATION_BOUNDS_SECONDS, float("inf"))
    above = [min((0.01 / bound) ** exponent, 1.0) for bound in bounds]
    counts = tuple(round(1e6 * (before - after)) for before, after in zip((1.0, *above), above, strict=False))
    true = 1e6 * (0.01 / 0.025) ** exponent
    estimated = counted(tail_above(0.025, counts), counts)
    assert true * 0.999 <= estimated < slower(counts, 0.025)
    assert estimated - true < (slower(counts, 0.025) - true) / 2


@pytest.mark.parametrize("counts", [durations(b8=100), durations(b8=100, b9=SEEN - 1), durations(b9=SEEN)])
def test_a_tail_that_was_hardly_seen_is_spread_evenly(counts: tuple[int, ...]) -> None:
    assert tail_above(0.0175, counts) == parts_above(0.0175)


def test_at_a_bound_of_the_buckets_nothing_is_estimated() -> None:
    assert tail_above(0.02, durations(b8=100, b9=50)) == parts_above(0.02)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param(durations(), None, id="no requests: unknown"),
        pytest.param(durations(b22=10), None, id="beyond the last bound: unknown"),
        pytest.param(durations(b3=99, b7=1), 0.003, id="the bound that 99 of 100 do not exceed"),
    ],
)
def test_the_quantile_is_known_to_a_bucket(counts: tuple[int, ...], expected: float | None) -> None:
    assert quantile(counts, 0.99) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("seconds", "bound"), [(0.018, 0.02), (0.02, 0.02), (0.0001, 0.0005), (500.0, 60.0)])
def test_the_compared_bound_lies_at_or_above_the_accepted_time(seconds: float, bound: float) -> None:
    assert bound_above(seconds) == bound
