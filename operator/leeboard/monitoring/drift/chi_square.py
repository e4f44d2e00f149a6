"""The tail of the chi-square distribution, for whole arrays, without a library for it."""

from __future__ import annotations

from math import erfc

import numpy as np

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.cells import Counts


def tail(statistic: Array, degrees: Counts) -> Array:
    """P(chi-square with ``degrees`` of freedom >= ``statistic``), shape [rows]; NaN where there are no degrees.

    Exact sums for whole degrees (Abramowitz and Stegun 26.4.4 and 26.4.5): with h = x / 2, the tail for k degrees is
    that for k - 2 plus h^(k/2 - 1) e^-h / Gamma(k/2), beginning with erfc(sqrt(h)) for one and e^-h for two.
    """
    half = np.maximum(statistic, 0.0) / 2
    odd = degrees % 2 == 1
    roots = np.sqrt(half)
    probability = np.where(odd, np.fromiter(map(erfc, roots), np.float64, len(roots)), np.exp(-half))
    # The term that leads to three degrees, or to four.
    term = np.where(odd, roots * np.exp(-half) * 2 / np.sqrt(np.pi), half * np.exp(-half))
    order = np.where(odd, 3, 4)
    while (wanted := degrees >= order).any():
        probability = np.where(wanted, probability + term, probability)
        term = term * half / (order / 2)
        order = order + 2
    result: Array = np.where(degrees > 0, np.minimum(probability, 1.0), np.nan)
    return result
