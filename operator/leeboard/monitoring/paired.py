"""How much better one model answers the same rows than another: the difference, and an interval for it.

The rows are taken to be independent of each other. Where many rows are of one customer or one minute, the intervals are
too narrow: then a ``minGain`` above zero is due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Gain:
    """``value`` lies between ``low`` and ``high``; above zero the candidate is the better one."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Over ``rows``: absolute errors of candidate and champion, their squares, and their product row by row."""

    rows: int
    candidate: float
    champion: float
    candidate_squared: float
    champion_squared: float
    product: float


def gain_in_accuracy(*, rows: int, only_candidate: int, only_champion: int) -> Gain:
    """The difference of two shares of right answers to the same ``rows``, with Tango's score interval.

    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
    Statistics in Medicine 17 (1998) 891-908: it keeps its level where only few rows are answered differently, or none.
    """
    difference = (only_candidate - only_champion) / rows
    score = lambda delta: _score(rows, only_candidate, only_champion, delta=delta)  # noqa: E731 - one argument left
    low = _crossing(score, (-1.0, difference), level=_Z)
    high = _crossing(score, (difference, 1.0), level=-_Z)
    return Gain(difference, low, high)


def _score(rows: int, only_candidate: int, only_champion: int, *, delta: float) -> float:
    """The score statistic of the hypothesis that the difference is ``delta``; it falls as that grows."""
    a = 2.0 * rows
    b = -only_candidate - only_champion + (2.0 * rows - only_candidate + only_champion) * delta
    c = -only_champion * delta * (1 - delta)
    share = (sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = rows * (2 * share + delta * (1 - delta))
    distance = only_candidate - only_champion - rows * delta
    if variance <= 0:
        return 0.0 if distance == 0 else distance * float("inf")
    return distance / sqrt(variance)


def _crossing(score: Callable[[float], float], between: tuple[float, float], *, level: float) -> float:
    """Where ``score`` falls below ``level``, by bisection."""
    low, high = between
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if score(middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def gain_in_error(sums: ErrorSums) -> Gain | None:
    """By what part the candidate's mean absolute error is smaller, with Fieller's interval for the ratio of two means.

    E. C. Fieller, "Some problems in interval estimation", JRSS B 16 (1954) 175-185, with Student's quantile. None where
    the champion's mean is not told from zero, so that no ratio can be bounded.
    """
    n = sums.rows
    mine, other = sums.candidate / n, sums.champion / n
    spread = _student(n - 1) ** 2 / (n * (n - 1))
    mine_varies = spread * max(sums.candidate_squared - n * mine * mine, 0.0)
    other_varies = spread * max(sums.champion_squared - n * other * other, 0.0)
    together = spread * (sums.product - n * mine * other)
    a = other * other - other_varies
    if a <= 0:
        return None
    b, c = mine * other - together, mine * mine - mine_varies
    root = sqrt(max(b * b - a * c, 0.0))
    return Gain(1 - mine / other, 1 - (b + root) / a, 1 - (b - root) / a)


def _student(degrees: int) -> float:
    """Student's quantile of CONFIDENCE (Abramowitz and Stegun 1964, 26.7.5); four digits from 30 degrees on."""
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / degrees + second / degrees**2
