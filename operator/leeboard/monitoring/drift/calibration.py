"""What the reference does over time: how much its rows depend on each other, and how far its own parts lie apart.

The reference's blocks are merged to about the window's length, then each is compared with the rest of the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.drift.comparison import LEAST_EXPECTED, compared
from leeboard.monitoring.profile import Profile

LIMIT_BLOCKS = 30
"""Fewer blocks say nothing about the worst of them."""
PHI_BLOCKS = 10
DOUBT = 2.33
"""Standard errors that the overdispersion must be above 1: the upper 1 % of a normal distribution."""
WORST = 0.02
"""Part of the blocks that is left out: one odd day must not make a feature blind."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration(Arrays):
    """For windows of ``rows`` rows, one value a channel: overdispersion ``phi``, at least 1; ``limit``, the largest PSI
    that blocks of the reference have (0 without enough of them). ``blocks`` says how many there were, of how many rows.
    """

    rows: int
    phi: Array
    limit: Array
    blocks: int


def merged_blocks(profile: Profile, rows: int) -> int:
    """How many neighbouring blocks of the reference are taken as one for a window of ``rows``; 0 without blocks.

    The nearest to the window's length, as long as ``PHI_BLOCKS`` are left. What this function returns and the
    profile's digest identify a Calibration.
    """
    blocks = profile.blocks.rows
    if len(blocks) < PHI_BLOCKS:
        return 0
    nearest = round(rows / max(float(blocks.mean()), 1.0))
    return max(1, min(nearest, len(blocks) // PHI_BLOCKS))


def calibrated(profile: Profile, rows: int) -> Calibration:
    """For windows of ``rows`` rows."""
    channels, together = len(profile.channels), merged_blocks(profile, rows)
    if together == 0:
        return Calibration(0, np.ones(channels), np.zeros(channels), 0)
    count = len(profile.blocks.rows) // together
    used = count * together
    blocks = profile.blocks.counts[:used].reshape(count, together, *profile.blocks.counts.shape[1:]).sum(axis=1)
    length = int(profile.blocks.rows[:used].sum() / count)
    phi = overdispersion(blocks)
    is_long_enough = 2 * length >= rows
    limit = _limit(profile, blocks, phi) if count >= LIMIT_BLOCKS and is_long_enough else np.zeros(channels)
    return Calibration(length, phi, limit, count)


def overdispersion(blocks: NDArray[np.int64]) -> Array:
    """Pearson's statistic over the blocks [blocks, channels, cells] for each degree of freedom; [channels], at least 1.

    It is 1 where what is above can be chance: else every second of the features without any dependence would need more
    rows than it does.
    The factor of quasi-likelihood (Wedderburn 1974, doi 10.1093/biomet/61.3.439; McCullagh and Nelder 1989, 4.5).
    """
    total = blocks.sum(axis=0)
    share = total / np.maximum(total.sum(axis=1, keepdims=True), 1)
    thin = share * blocks.sum(axis=(0, 2))[:, None] / len(blocks) < LEAST_EXPECTED
    kept = np.where(thin, 0, blocks)
    pool = np.where(thin, blocks, 0).sum(axis=2, keepdims=True)
    cells = np.concatenate((kept, pool), axis=2)
    rows = cells.sum(axis=2, keepdims=True)
    shares = cells.sum(axis=0) / np.maximum(rows.sum(axis=0), 1)
    expected = rows * shares
    squares = np.divide((cells - expected) ** 2, expected, out=np.zeros(cells.shape), where=expected > 0)
    degrees = ((rows[..., 0] > 0).sum(axis=0) - 1) * ((shares > 0).sum(axis=1) - 1)
    phi = squares.sum(axis=(0, 2)) / np.maximum(degrees, 1)
    chance = 1 + DOUBT * np.sqrt(2 / np.maximum(degrees, 1))
    shown: Array = np.where((degrees > 0) & (phi > chance), phi, 1.0)
    return shown


def _limit(profile: Profile, blocks: NDArray[np.int64], phi: Array) -> Array:
    """The largest corrected PSI of a block beside the rest of the reference, the worst of them left out."""
    count, channels, cells = blocks.shape
    rest = np.maximum(profile.reference.counts[None] - blocks, 0)
    sizes = compared(rest.reshape(-1, cells), blocks.reshape(-1, cells), np.tile(phi, count)).size
    ascending = np.sort(np.nan_to_num(sizes, nan=0.0).reshape(count, channels), axis=0)
    limit: Array = np.maximum(ascending[count - 1 - ceil(WORST * count)], 0.0)
    return limit
