"""How far a window's cells are from the reference's: size (PSI) and significance, one row a channel.

Same distribution, B cells, n and m rows: PSI is about (1/n + 1/m) chi-square(B - 1), times the overdispersion phi when
rows depend on each other (Yurdakul 2018, doi 10.13140/RG.2.2.11846.75849, and docs/monitoring.md for the checks). So
phi (B - 1)(1/n + 1/m) is what PSI shows without any drift: it is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Counts, divided
from leeboard.monitoring.drift.chi_square import tail

LEAST_EXPECTED = 5.0
"""Cells in which fewer rows are to be expected are pooled (Cochran 1954, doi 10.2307/3001616)."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Arrays):
    """One row a channel. ``size`` is PSI less its bias, ``p`` the chance of such a distance without drift; both NaN
    where fewer than two cells are left. ``cells`` counts those, ``bias`` is what was subtracted; ``reference`` and
    ``window`` are rows.
    """

    size: Array
    p: Array
    bias: Array
    cells: Counts
    reference: Array
    window: Array


def compared(reference: NDArray[np.int64], window: NDArray[np.int64], phi: Array) -> Comparison:
    """The distance of ``window`` from ``reference``, both [channels, cells]; ``phi`` [channels], at least 1."""
    one, other = pooled(reference, window)
    n, m = one.sum(axis=1), other.sum(axis=1)
    cells = ((one + other) > 0).sum(axis=1)
    is_judged = (cells > 1) & (n > 0) & (m > 0)
    degrees = np.where(is_judged, cells - 1, 0)
    with np.errstate(divide="ignore"):
        noise = np.where(is_judged, 1 / n + 1 / m, np.nan)
    bias = phi * degrees * noise
    return Comparison(
        size=np.where(is_judged, psi(one, other) - bias, np.nan),
        p=tail(np.where(is_judged, homogeneity(one, other) / phi, 0.0), degrees),
        bias=np.where(is_judged, bias, np.nan),
        cells=cells,
        reference=n,
        window=m,
    )


def pooled(reference: NDArray[np.int64], window: NDArray[np.int64]) -> tuple[Array, Array]:
    """Both with the thin cells added up into one more cell at the end, [channels, cells + 1].

    What is expected depends on both sides' sum only, so pooling does not favour either of them. A pool that is thin
    itself takes in the smallest of the other cells.
    """
    total = (reference + window).astype(np.float64)
    n, m = reference.sum(axis=1, keepdims=True), window.sum(axis=1, keepdims=True)
    expected = divided(total * np.minimum(n, m), np.broadcast_to(n + m, total.shape).astype(np.float64))
    thin = (total > 0) & (expected < LEAST_EXPECTED)
    others = np.where((total > 0) & ~thin, expected, np.inf)
    pool = np.where(thin, expected, 0.0).sum(axis=1)
    rows = np.arange(len(total))
    takes = (pool > 0) & (pool < LEAST_EXPECTED)
    smallest = others.argmin(axis=1) if total.shape[1] else rows
    thin[rows[takes], smallest[takes]] |= np.isfinite(others[rows, smallest])[takes]
    return _with_pool(reference, thin), _with_pool(window, thin)


def psi(reference: Array, window: Array) -> Array:
    """The population stability index, sum (p - q) ln(p / q), on smoothed shares; [channels].

    q = (reference + 1/2) / (n + B/2) (Krichevsky and Trofimov 1981), so that a cell that the reference never had has a
    share above zero. The window gets B/2 rows more that fall as q says: a prior in proportion to the reference draws
    nothing away from it, which a flat one does.
    """
    present = (reference + window) > 0
    prior = present.sum(axis=1, keepdims=True) / 2
    q = (reference + 0.5) / (reference.sum(axis=1, keepdims=True) + np.maximum(prior, 0.5))
    p = (window + prior * q) / (window.sum(axis=1, keepdims=True) + np.maximum(prior, 0.5))
    safe = np.where(present & (p > 0), p, q)
    summed: Array = np.where(present, (p - q) * np.log(safe / q), 0.0).sum(axis=1)
    return summed


def homogeneity(reference: Array, window: Array) -> Array:
    """Pearson's statistic for two samples, both random: n m sum (window/m - reference/n)^2 / both; [channels].

    With the reference taken as exact, a nominal 5 % is 32 % for five cells and equal sizes.
    """
    n, m = reference.sum(axis=1), window.sum(axis=1)
    differences = divided(window, np.maximum(m, 1)[:, None]) - divided(reference, np.maximum(n, 1)[:, None])
    both = reference + window
    summed: Array = n * m * np.where(both > 0, divided(differences**2, both), 0.0).sum(axis=1)
    return summed


def _with_pool(counts: NDArray[np.int64], thin: NDArray[np.bool_]) -> Array:
    kept = np.where(thin, 0, counts)
    pool = np.where(thin, counts, 0).sum(axis=1, keepdims=True)
    return np.concatenate((kept, pool), axis=1).astype(np.float64)
