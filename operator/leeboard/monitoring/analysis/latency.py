"""Durations in buckets: shares of slow requests, quantiles, and which bucket's bound is compared.

A request is slow when it takes longer than a bound. Of the canary that bound is one of the buckets' own, so its slow
requests are counted, not estimated. Of the stable version it is that bound divided by the accepted ratio, which lies
within a bucket: of that bucket a part counts, as if its tail fell off exponentially (or, with next to nothing beyond
it, as if the logarithms of its durations were spread evenly). The part is between none and all; so for an accepted
ratio of at least 1 a canary that is as fast as the stable version is never the slower one by construction, and a ratio
is exact only as far as the buckets are narrow.
"""

from __future__ import annotations

from functools import lru_cache
from math import log

from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, RequestCounts

WARM_UP_REQUESTS = 30
BUSY = 0.25
SEEN = 20
_FIRST = DURATION_BOUNDS_SECONDS[0] / 10


def counted(parts: tuple[float, ...], durations: tuple[int, ...]) -> float:
    """How many requests these parts of the buckets are."""
    return sum(part * count for part, count in zip(parts, durations, strict=True))


@lru_cache(maxsize=256)
def parts_above(seconds: float) -> tuple[float, ...]:
    """Of each bucket, the part that is longer than ``seconds``."""
    lows = (0.0, *DURATION_BOUNDS_SECONDS[:-1])
    pairs = zip(lows, DURATION_BOUNDS_SECONDS, strict=True)
    return (*(1.0 if low >= seconds else _part_above(low, high, seconds) for low, high in pairs), 1.0)


def tail_above(seconds: float, durations: tuple[int, ...]) -> tuple[float, ...]:
    """The same in the tail of ``durations``: within the bucket it falls off exponentially, as between its two ends.

    Heavier tails have fewer requests there than that, so the estimate is not too low for them. With fewer than
    ``SEEN`` beyond the bucket its further end is not known, and its logarithms are spread evenly.
    """
    parts = list(parts_above(seconds))
    place = next((place for place, part in enumerate(parts) if 0 < part < 1), None)
    beyond = sum(durations[place + 1 :]) if place is not None else 0
    if place is None or beyond < SEEN or not durations[place]:
        return tuple(parts)
    low, high = (0.0, *DURATION_BOUNDS_SECONDS)[place], DURATION_BOUNDS_SECONDS[place]
    fall = (beyond + durations[place]) / beyond
    parts[place] = (fall ** ((high - seconds) / (high - low)) - 1) / (fall - 1)
    return tuple(parts)


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


def bound_above(seconds: float) -> float:
    """The buckets' smallest bound that is at least ``seconds``; the last one if none is."""
    return min((bound for bound in DURATION_BOUNDS_SECONDS if bound >= seconds), default=DURATION_BOUNDS_SECONDS[-1])


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
