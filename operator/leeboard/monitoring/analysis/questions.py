"""What each kind of check asks of the counters: which requests are bad, and compared with what."""

from __future__ import annotations

import json
from hashlib import blake2b

import numpy as np

from leeboard.api.rollout import Check, ErrorRate, Latency
from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.analysis.comparison import Question

_STEPS = (0.25, 0.7, 2.0, 5.0, 16.0)
OFFSETS = (*(-step for step in reversed(_STEPS)), 0.0, *_STEPS)
LIMIT = len(_STEPS)
"""Where among a question's deltas its limit stands."""
NO_WORSE = Question(deltas=np.zeros(1), usual=0.01)
"""Is the canary worse than the stable version at all? Asked beside a plain limit, for the blame."""


def question_of(check: Check) -> Question | None:
    """The statistical question of a check; None for a query and a Job."""
    shares = check.error_rate or check.client_error_rate
    if shares is not None:
        return _shares(shares)
    if check.latency is not None:
        return _latency(check.latency)
    if check.disagreement is not None:
        limit = float(check.disagreement.max)
        return _alone(limit, has_runs=False)
    return None


def around(limit: float, *, scale: float, lowest: float) -> Array:
    """The deltas for which evidence is kept: ``limit`` in the middle, the ends of the interval are among the others."""
    deltas: Array = np.clip(np.array([limit + offset * scale for offset in OFFSETS]), lowest, 0.999)
    return deltas


def digest_of(check: Check) -> str:
    """Changes when the question changes: evidence for another one is of no use."""
    text = json.dumps(check.to_json(), sort_keys=True)
    return blake2b(text.encode(), digest_size=6).hexdigest()


def is_statistical(check: Check) -> bool:
    """Whether the check uses up a part of alpha."""
    return check.prometheus is None and check.job is None


def _shares(shares: ErrorRate) -> Question:
    if shares.margin is not None:
        limit = float(shares.margin)
        deltas = around(limit, scale=max(limit, 0.005), lowest=-0.999)
        return Question(deltas, usual=0.01, pass_at=LIMIT, fail_at=LIMIT)
    return _alone(float(shares.max or 0))


def _latency(latency: Latency) -> Question:
    """The canary fails when its share of slow requests exceeds the stable version's, and passes when it exceeds it by
    less than half of what lies above the quantile: without that room, two versions of which neither has a slow request
    could not be told to be alike. Against a number the limit is what lies above the quantile.
    """
    usual = max(1 - float(latency.quantile), 0.0)
    if latency.ratio is not None:
        deltas = around(usual / 2, scale=usual / (2 * _STEPS[0]), lowest=-0.999)
        deltas[LIMIT - 1] = 0.0
        return Question(deltas, usual, pass_at=LIMIT, fail_at=LIMIT - 1)
    return _alone(usual)


def _alone(limit: float, *, has_runs: bool = True) -> Question:
    deltas = around(limit, scale=max(limit, 0.005), lowest=0.0)
    return Question(deltas, limit, is_alone=True, has_runs=has_runs, pass_at=LIMIT, fail_at=LIMIT)
