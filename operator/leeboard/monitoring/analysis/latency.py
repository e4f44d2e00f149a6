"""Durations in buckets: shares of slow requests, quantiles, and which bucket's bound is compared.

A request is slow when it takes longer than a bound. Of the canary that bound is one of the buckets' own, so its slow
requests are counted, not estimated. Of the stable version it is that bound divided by the accepted ratio, which lies
within a bucket: of that bucket a part counts, as if the logarithms of its durations were spread evenly. The part is
between none and all; so for an accepted ratio of at least 1 a canary that is as fast as the stable version is never
the slower one by construction, and a ratio is exact only as far as the buckets are narrow.
"""

from __future__ import annotations

from math import log

from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, RequestCounts

WARM_UP_REQUESTS = 30
BUSY = 0.25
_FIRST = DURATION_BOUNDS_SECONDS[0] / 10


def slower(durations: tuple[int, ...], seconds: float) -> float:
    """How many requests took longer than ``seconds``; a part of those in the bucket around it."""
    slow = 0.0
    below = 0.0
    for bound, count in zip(DURATION_BOUNDS_SECONDS, durations, strict=False):
        if below >= seconds:
            slow += count
        elif bound > seconds:
            slow += count * _part_above(below, bound, seconds)
        below = bound
    return slow + durations[-1]


def quantile(durations: tuple[int, ...], share: float) -> float | None:
    """The duration that ``share`` of the requests do not exceed; None without requests or beyond the last bound."""
    total = sum(durations)
    rank, below, counted = share * total, 0.0, 0
    for bound, count in zip(DURATION_BOUNDS_SECONDS, durations, strict=False):
        if total and count and counted + count >= rank:
            low = max(below, _FIRST)
            return float(low * (bound / low) ** max((rank - counted) / count, 0.0))
        counted += count
        below = bound
    return None


def nearest_bound(seconds: float) -> float:
    """The buckets' bound that is nearest to ``seconds``, by ratio."""
    return min(DURATION_BOUNDS_SECONDS, key=lambda bound: abs(log(bound / seconds)))


def busy_seconds(durations: tuple[int, ...]) -> float:
    """At most how long all requests took together; what is beyond the last bound counts twice that bound."""
    bounds = (*DURATION_BOUNDS_SECONDS, 2 * DURATION_BOUNDS_SECONDS[-1])
    return sum(bound * count for bound, count in zip(bounds, durations, strict=True))


def is_warm(earlier: RequestCounts) -> bool:
    """Whether a process that had answered these requests is past its warm-up."""
    return earlier.requests >= WARM_UP_REQUESTS


def _part_above(low: float, high: float, seconds: float) -> float:
    low = max(low, _FIRST)
    return min(max(log(high / max(seconds, low)) / log(high / low), 0.0), 1.0)
