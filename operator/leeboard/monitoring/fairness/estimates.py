"""Shares of rows, their differences and ratios, each with an interval. Counts may be of part rows (divided by phi).

share       Wilson's score interval (Wilson 1927, doi 10.1080/01621459.1927.10502953)
difference  Newcombe's hybrid score interval, his method 10 (Newcombe 1998, doi
            10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I)
ratio       the logarithm's, with half a row added to each count (Walter 1975, doi 10.1093/biomet/62.2.371)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import NormalDist

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and between which two it lies."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``rows``, above 0."""

    hits: float
    rows: float

    @property
    def value(self) -> float:
        """Of 1."""
        return self.hits / self.rows


def quantile(error: float) -> float:
    """The normal quantile of a two-sided interval that misses with a chance of ``error``."""
    return NormalDist().inv_cdf(1 - error / 2)


def of_share(share: Share, z: float) -> Estimate:
    """The share itself."""
    p, n = share.value, share.rows
    middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
    return Estimate(p, min(max(low, 0.0), p), max(min(high, 1.0), p))


def of_difference(one: Share, other: Share, z: float) -> Estimate:
    """``one`` less ``other``."""
    first, second = of_share(one, z), of_share(other, z)
    difference = first.value - second.value
    below = sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    above = sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return Estimate(difference, difference - below, difference + above)


def of_ratio(one: Share, other: Share, z: float) -> Estimate | None:
    """``one`` divided by ``other``; None where that has no hits."""
    if other.hits <= 0:
        return None
    middle = log((one.hits + _HALF) / (one.rows + _HALF)) - log((other.hits + _HALF) / (other.rows + _HALF))
    variance = sum(1 / (share.hits + _HALF) - 1 / (share.rows + _HALF) for share in (one, other))
    spread = z * sqrt(max(variance, 0.0))
    value = one.value / other.value
    return Estimate(value, min(exp(middle - spread), value), max(exp(middle + spread), value))
