"""How many requests of the canary it takes to pass, said before they are there."""

from __future__ import annotations

from math import ceil, log

import numpy as np

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.analysis.betting import PARTS, Direction, Tally, alone, compared
from leeboard.monitoring.analysis.comparison import Comparison, Question, usual_share, variance_factor

POWER_FACTOR = 1.3
"""Requests for a power of about four in five, over those at which the expected evidence suffices."""
MAX_NEEDED = 100_000_000
USUAL_SPLIT = 9.0
"""Requests of the stable version for one of the canary, before any split was seen."""
_TINY = 1e-12


def needed(state: Comparison, question: Question, *, alpha: float) -> int | None:
    """Requests of the canary after which it passes with a chance of about 0.8 if it is as good as the stable version.

    By the expected growth of the very bets that will be made, at the share of bad requests and the split seen so far.
    None where no number of requests would do: with a margin of zero, or when the shares seen so far are over the limit.
    """
    delta = question.deltas[question.pass_at :][:1]
    growth = np.maximum(_growth(state, question, delta)[0], _TINY)
    requests = POWER_FACTOR * float(np.min((log(1 / alpha) - np.log(PARTS)) / growth))
    return ceil(requests) if requests < MAX_NEEDED else None


def expected(requests: int, *, elapsed_seconds: float, window_seconds: float) -> int | None:
    """Requests that the window brings at the rate seen so far; None before there is a rate."""
    if requests == 0 or elapsed_seconds <= 0:
        return None
    return round(requests * max(window_seconds / elapsed_seconds, 1.0))


def _growth(state: Comparison, question: Question, delta: Array) -> Array:
    """Expected growth for one request of the canary, both versions being alike."""
    factor = variance_factor(state, question, Direction.BETTER)
    canary_bad, canary, stable_bad, stable = state.rollout
    if question.is_alone:
        share = (stable_bad + canary_bad + question.usual / 2) / (stable + canary + 1)
        return alone(share, np.ones(()), limit=delta, dispersion=factor, direction=Direction.BETTER) / factor
    share = usual_share(state, question)
    others = np.clip(stable / canary, 0.01, 100.0) if canary and stable else np.asarray(USUAL_SPLIT)
    tally = Tally(share, np.ones(()), share * others, others)
    return compared(tally, delta=delta, level=share, dispersion=factor, direction=Direction.BETTER) / factor
