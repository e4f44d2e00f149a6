"""Small streams of rows with and without drift, for tests; numbers are drawn from fixed seeds."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from tests.support.profiles import Rows

LETTERS = np.array(list("abcdefgh"))


def mixed(random: np.random.Generator, rows: int, *, shift: float = 0.0, features: int = 4) -> Rows:
    """Normal, lognormal, category and boolean features in turn; ``shift`` moves the first one."""
    columns = {}
    for place in range(features):
        columns[f"f{place}"] = (
            random.normal(size=rows) + (shift if place == 0 else 0.0),
            random.lognormal(0.0, 2.0, size=rows),
            LETTERS[random.integers(0, len(LETTERS), size=rows)],
            random.random(rows) < 0.3,
        )[place % 4]
    return Rows(columns)


def autoregressive(random: np.random.Generator, rows: int, *, features: int, memory: float = 0.9) -> Rows:
    """Slow series with mean 0 and variance 1."""
    noise = random.normal(size=(rows, features)) * np.sqrt(1 - memory**2)
    noise[0] /= np.sqrt(1 - memory**2)
    values = lfilter([1.0], [1.0, -memory], noise, axis=0)
    return Rows({f"f{place}": values[:, place] for place in range(features)})
