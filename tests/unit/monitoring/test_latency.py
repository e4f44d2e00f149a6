"""Durations in buckets: what is counted, what is estimated, and where that is said."""

from __future__ import annotations

import pytest

from leeboard.monitoring.analysis.latency import bound_above, parts_above, quantile, slower
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS
from tests.unit.monitoring.traffic import BUCKETS


def durations(**buckets: int) -> tuple[int, ...]:
    """Counts by the number of the bucket, as ``b3=10``."""
    return tuple(buckets.get(f"b{place}", 0) for place in range(BUCKETS))


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
