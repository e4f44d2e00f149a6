"""Evidence as the wealth of somebody who bets against a hypothesis: it grows beyond 1/alpha with chance alpha at most.

The hypothesis of one direction is that in every interval the canary's share of bad requests exceeds the stable
version's by ``delta`` at most (``WORSE`` bets that it is more) or by ``delta`` at least (``BETTER`` bets on less). For
an interval with n requests of the canary and m of the stable version, each request of the canary is worth
``1 + a (y - p - delta)`` and each of the stable version ``1 - b (y - p)``, y being 1 for a bad one, with ``n a = m b``.

Since ``1 + x <= exp(x)``, the expectation of the product is at most ``exp(n a (difference - delta)) <= 1`` whatever the
shares in that interval are: an outage of both versions, a change of the split or of the traffic is never evidence. So
the product over the intervals is a test supermartingale (Ville's inequality), valid under any number of looks.
Sequential tests conditional on each interval's split: Lindon and Malek, arXiv 2011.03567; testing by betting:
Waudby-Smith and Ramdas, arXiv 2010.09686; products over strata: Turner and Grünwald, arXiv 2302.11401. With ``n a =
m b`` the exponent is the Mantel-Haenszel risk difference. ``p`` and the size of the bet come from earlier intervals.

Bad requests come in runs, so a run counts as one event: the logarithm is divided by the dispersion (quasi-likelihood,
Wedderburn 1974). A power below one of a test supermartingale is below one again (Jensen's inequality), so for
independent requests any dispersion of at least 1 is valid, that of today for the evidence of yesterday included. Only
the limits on one interval need the dispersion of its own time: a part of the wealth is staked in the divided game, and
the logarithm of its growth is kept times the dispersion (a power mean of 1 and of the growth: concave, so valid).
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from leeboard.monitoring.analysis.arrays import Array

EXCESSES: Array = np.array([0.005, 0.015, 0.05, 0.2])
"""What is bet on, as differences of shares: a mixture, since the true one is not known."""
PARTS: Array = np.array([0.3, 0.35, 0.3, 0.05])
"""Of the wealth, what is bet on each of them: little on the largest, which any of the bets finds in a few requests."""
STAKE = 0.9
"""Part of the wealth that is staked in one interval, so that no single one (the start of an outage) can ruin it."""
MOST = float(np.log(8.0))
"""Most that one interval can add, so that no single one (a run of errors) can decide; less is always valid."""
_CAP = 0.9
_TINY = 1e-6


class Direction(IntEnum):
    """What is bet on."""

    WORSE = 1
    BETTER = -1


class Tally(NamedTuple):
    """Bad requests and requests of the canary and of the stable version; arrays of one shape."""

    canary_bad: Array
    canary: Array
    stable_bad: Array
    stable: Array


def compared(tally: Tally, *, delta: Array, level: Array, dispersion: Array, direction: Direction) -> Array:
    """Logarithms of the growth in one interval as if requests were independent, shape (..., deltas, excesses).

    ``tally`` and ``dispersion`` (at least 1) have shape (...), ``delta`` (deltas,). ``level`` (...) is the share of bad
    requests that both versions together had before this interval.
    """
    total = np.maximum(tally.canary + tally.stable, 1.0)
    canary_part = (tally.canary / total)[..., None]
    stable_part = 1.0 - canary_part
    low, high = np.maximum(_TINY, _TINY - delta), np.minimum(1 - _TINY, 1 - _TINY - delta)
    stable_share = np.clip(level[..., None] - delta * canary_part, low, high)
    canary_share = stable_share + delta
    if direction is Direction.WORSE:
        bound = np.minimum(
            _CAP / np.maximum(stable_part * canary_share, _TINY),
            _CAP / np.maximum(canary_part * (1 - stable_share), _TINY),
        )
    else:
        bound = np.minimum(
            _CAP / np.maximum(stable_part * (1 - canary_share), _TINY),
            _CAP / np.maximum(canary_part * stable_share, _TINY),
        )
    bet = _bet(canary_share, bound) * direction
    growth = _growth(tally.canary_bad, tally.canary, share=canary_share[..., None], bet=bet * stable_part[..., None])
    growth += _growth(tally.stable_bad, tally.stable, share=stable_share[..., None], bet=-bet * canary_part[..., None])
    valid = ((tally.canary > 0) & (tally.stable > 0))[..., None, None]
    return _staked(np.where(valid, growth, 0.0), dispersion)


def alone(bad: Array, requests: Array, *, limit: Array, dispersion: Array, direction: Direction) -> Array:
    """The same for one version against a number: is its share of bad requests above or below ``limit`` (deltas,)?"""
    limit = np.broadcast_to(np.clip(limit, _TINY, 1 - _TINY), (*np.shape(bad), len(limit)))
    bound = _CAP / (limit if direction is Direction.WORSE else 1 - limit)
    return _staked(_growth(bad, requests, share=limit[..., None], bet=_bet(limit, bound) * direction), dispersion)


def evidence(wealth: Array, dispersion: Array) -> Array:
    """Logarithm of the mean over the excesses, a run counting as one event: what is compared with log(1/alpha).

    ``wealth`` (..., deltas, excesses) is the sum of the growths, ``dispersion`` (...) what is known of it now.
    """
    wealth = wealth / dispersion[..., None, None]
    top = wealth.max(axis=-1)
    mean: Array = np.log((PARTS * np.exp(wealth - top[..., None])).sum(axis=-1)) + top
    return mean


def _bet(share: Array, bound: Array) -> Array:
    """What is staked on each excess: the best bet for that excess, at most ``bound``. Shape (..., deltas, excesses)."""
    bets: Array = np.minimum(EXCESSES / (STAKE * share * (1 - share))[..., None], bound[..., None])
    return bets


def _growth(bad: Array, requests: Array, *, share: Array, bet: Array) -> Array:
    """Logarithm of ``prod 1 + bet (y - share)``."""
    bad, good = bad[..., None, None], (requests - bad)[..., None, None]
    growth: Array = bad * np.log1p(bet * (1 - share)) + good * np.log1p(-bet * share)
    return growth


def _staked(growth: Array, dispersion: Array) -> Array:
    """Only a part of the wealth is in the game, in which a run of bad requests counts as one."""
    factor = dispersion[..., None, None]
    limited = np.minimum(growth / factor, MOST)
    staked: Array = factor * np.logaddexp(np.log(1 - STAKE), np.log(STAKE) + limited)
    return staked
