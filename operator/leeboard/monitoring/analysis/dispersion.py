"""How much wilder bad requests scatter than independent ones would: a factor for the variance, estimated in blocks.

Pseudo-canaries: the stable pods are dealt into groups that run the same version at the same time, so whatever sets
them apart is noise. With a single stable pod, the split of bad requests between canary and stable version in one block
is compared with the next block's, which cancels a constant difference. Until the stable version has shown bad
requests, the canary's own are compared from block to block.

Blocks double in length (Flyvbjerg and Petersen 1989, doi 10.1063/1.457480): the factor grows with the block's length
until that is a few correlation times, so the largest over the lengths is taken. Each estimate is drawn towards the one
of the shorter blocks, the first one towards ``PRIOR``, by the number of blocks that it rests on.

Two kinds of noise look alike at one length of the blocks, and mean different things for a canary that has less to do
than a stable pod. Bad requests that come in runs show in the shortest blocks already, and a run is as long wherever it
goes. What shows in longer blocks only are rates that wander, each pod's its own; they add to the variance in proportion
to the square of a pod's requests, while independent requests add in proportion (as in the beta-binomial distribution,
Williams 1975, doi 10.2307/2529820). So that part of the factor is taken in proportion to the load of the canary's pods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays, kept

GROUPS = 4
CANARY = GROUPS
LEVELS = 7
SHORT = 2
"""So many of the lengths show runs; what only longer blocks show are rates that wander."""
GROWTH = 1.4
"""By how much each longer block is thought to show more, before it was seen."""
BLOCK_SECONDS = 10.0
PRIOR = 2.0
WEIGHT = 3.0
SURPRISE, SURPRISES = 8.0, 20.0
_TINY = 1e-12
_SAME = np.ones(())


@dataclass(frozen=True, slots=True, eq=False)
class Scatter(Arrays):
    """Blocks so far. ``opened`` and ``halves`` hold weighted bad requests, the sum of their squared weights
    and requests, of the four groups of stable pods and of the canary.

    Shapes: opened (..., 5, 3); halves (..., LEVELS, 5, 3), that of a level valid where ``blocks`` has its bit set; sums
    (..., 3, LEVELS, 3) of squared residuals, of the variances that independence gives, and of their squares: among
    the pseudo-canaries, of the split between the versions, and of the versions' own shares.
    """

    opened: Array
    halves: Array
    sums: Array
    seconds: float = 0.0
    blocks: int = 0


def nothing(*shape: int) -> Scatter:
    """No block yet."""
    return Scatter(
        np.zeros((*shape, GROUPS + 1, 3)),
        np.zeros((*shape, LEVELS, GROUPS + 1, 3)),
        np.zeros((*shape, 3, LEVELS, 3)),
    )


def added(scatter: Scatter, groups: Array, *, level: Array, seconds: float) -> Scatter:
    """With one poll more: bad requests and requests of ``groups`` (..., 5, 3), the share of bad ones before it, and
    the seconds since the last poll.

    Bad requests weigh as in the bets, less where more of them were to be expected. A poll that had far more than
    that (the start of an outage of all) weighs no more than one that had ``SURPRISE`` times as many.
    """
    bad, requests = groups[..., 0], groups[..., 1]
    most = SURPRISE * level * requests.sum(axis=-1) + SURPRISES
    weight = (np.minimum(most / np.maximum(bad.sum(axis=-1), _TINY), 1.0) / level)[..., None]
    opened = scatter.opened + np.stack((weight * bad, weight**2 * bad, requests), axis=-1)
    elapsed = scatter.seconds + max(seconds, 0.0)
    if elapsed < BLOCK_SECONDS:
        return Scatter(kept(opened), scatter.halves, scatter.sums, elapsed, scatter.blocks)
    halves, sums = scatter.halves.copy(), scatter.sums.copy()
    block = opened
    for doubling in range(LEVELS):
        sums[..., 0, doubling, :] += _among_groups(block)
        if not scatter.blocks >> doubling & 1:
            halves[..., doubling, :, :] = block
            break
        first = halves[..., doubling, :, :].copy()
        halves[..., doubling, :, :] = 0.0
        sums[..., 1, doubling, :] += _between_splits(first, block)
        sums[..., 2, doubling, :] += _between_shares(first, block)
        block = first + block
    return Scatter(np.zeros_like(opened), kept(halves), kept(sums), 0.0, scatter.blocks + 1)


def factor(scatter: Scatter, *, load: Array, canary_part: Array) -> Array:
    """By how much the variance of the difference is larger than that of independent requests; at least 1. Shape (...).

    ``load`` is how many requests a pod of the canary has for one of a stable pod, ``canary_part`` the canary's part of
    all requests (0 when the stable version does not take part).
    """
    cautious = np.full(scatter.sums.shape[:-3], PRIOR)
    direct = _largest(scatter.sums[..., 1, :, :], _largest(scatter.sums[..., 2, :, :], cautious)[..., -1])[..., -1]
    groups = scatter.sums[..., 0, :, :]
    lengths = _largest(groups, direct, growth=np.where(groups[..., 0, 1] > 0, GROWTH, 1.0))
    runs, all_of_it = lengths[..., SHORT - 1], lengths[..., -1]
    of_canary = runs + (all_of_it - runs) * load
    return np.maximum(of_canary * (1 - canary_part) + all_of_it * canary_part, 1.0)


def _largest(sums: Array, prior: Array, *, growth: Array = _SAME) -> Array:
    """The largest estimate up to each length of the blocks; (..., LEVELS). Without any block it is the prior."""
    estimate, largest, by_length = prior, np.zeros_like(prior), []
    for level in range(LEVELS):
        squares, variance, weights = sums[..., level, 0], sums[..., level, 1], sums[..., level, 2]
        blocks = variance**2 / np.maximum(weights, _TINY)
        ratio = squares / np.maximum(variance, _TINY)
        expected = estimate * (growth if level >= SHORT else 1.0)
        estimate = (blocks * ratio + WEIGHT * expected) / (blocks + WEIGHT)
        largest = np.maximum(largest, estimate)
        by_length.append(largest)
    return np.stack(by_length, axis=-1)


def _among_groups(block: Array) -> Array:
    """Squared residuals of the groups' bad requests, and their variance, given the bad requests of all of them."""
    bad, variance, requests = (block[..., :GROUPS, position] for position in range(3))
    part = requests / np.maximum(requests.sum(axis=-1, keepdims=True), _TINY)
    squares = ((bad - bad.sum(axis=-1, keepdims=True) * part) ** 2).sum(axis=-1)
    expected = (variance.sum(axis=-1, keepdims=True) * part * (1 - part)).sum(axis=-1)
    return np.stack((squares, expected, expected**2 / np.maximum((requests > 0).sum(axis=-1) - 1, 1)), axis=-1)


def _between_splits(first: Array, second: Array) -> Array:
    """Does the canary's part of the bad requests change from one block to the next? Only for a single group.

    The residual is the part of both blocks' residuals that no common ratio of the two versions explains.
    """
    halves = np.stack((first, second))
    canary, stable = halves[..., CANARY, :], halves[..., :GROUPS, :].sum(axis=-2)
    everyone = np.maximum(canary[..., 2] + stable[..., 2], _TINY)
    against = (stable[..., 0] * canary[..., 2] / everyone).sum(axis=0)
    ratio = (canary[..., 0] * stable[..., 2] / everyone).sum(axis=0) / np.maximum(against, _TINY)
    tilted = ratio * canary[..., 2]
    part = tilted / np.maximum(tilted + stable[..., 2], _TINY)
    residual = canary[..., 0] - (canary[..., 0] + stable[..., 0]) * part
    variance = (canary[..., 1] + stable[..., 1]) * part * (1 - part)
    both = np.maximum(variance.sum(axis=0), _TINY)
    single = _is_single(first + second)
    rest = np.where(single, (variance[1] * residual[0] - variance[0] * residual[1]) / both, 0.0)
    expected = np.where(single, variance[0] * variance[1] / both, 0.0)
    return np.stack((rest**2, expected, expected**2), axis=-1)


def _between_shares(first: Array, second: Array) -> Array:
    """Does a version's share of bad requests change from one block to the next? The stable one's for a single group."""
    squares, expected = _change(first[..., CANARY, :], second[..., CANARY, :])
    more, wider = _change(first[..., :GROUPS, :].sum(axis=-2), second[..., :GROUPS, :].sum(axis=-2))
    single = _is_single(first + second)
    squares, expected = squares + np.where(single, more, 0.0), expected + np.where(single, wider, 0.0)
    return np.stack((squares, expected, expected**2), axis=-1)


def _change(first: Array, second: Array) -> tuple[Array, Array]:
    total = first + second
    part = second[..., 2] / np.maximum(total[..., 2], _TINY)
    return (second[..., 0] - total[..., 0] * part) ** 2, total[..., 1] * part * (1 - part)


def _is_single(block: Array) -> NDArray[np.bool_]:
    single: NDArray[np.bool_] = (block[..., :GROUPS, 2] > 0).sum(axis=-1) <= 1
    return single
