"""Intervals for shares, and for the difference of two shares of the same rows; all 95 %."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A number and what it lies between."""

    value: float
    low: float
    high: float

    def figures(self, name: str) -> dict[str, float]:
        """The three numbers under names of their own."""
        return {name: round(self.value, 4), f"{name}Low": round(self.low, 4), f"{name}High": round(self.high, 4)}


def share(counted: Mapping[str, int]) -> Interval:
    """The part ``right`` of ``rows``: the score interval (Wilson 1927, doi 10.1080/01621459.1927.10502953)."""
    rows, right = counted["rows"], counted["right"]
    part = right / rows
    middle = (part + Z**2 / (2 * rows)) / (1 + Z**2 / rows)
    half = Z * sqrt(part * (1 - part) / rows + Z**2 / (4 * rows**2)) / (1 + Z**2 / rows)
    return Interval(part, middle - half, middle + half)


def gain(pairs: Mapping[str, int]) -> Interval:
    """How much more of the same rows the new version has right: the interval of paired shares with the variance of the
    rows on which the two differ (Agresti and Min 2005, doi 10.1002/sim.1781: half a row added to each of the four).
    """
    rows, new, old = sum(pairs.values()), pairs.get("onlyNew", 0), pairs.get("onlyOld", 0)
    more = rows + 2
    middle = (new - old) / more
    half = Z * sqrt(new + old + 1 - (new - old) ** 2 / more) / more
    return Interval((new - old) / rows, middle - half, middle + half)
