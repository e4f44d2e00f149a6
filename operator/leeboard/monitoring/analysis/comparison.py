"""What one check has seen: wealth in both directions, shares of bad requests, and how they scatter.

Every function works on arrays with any leading axes: the operator has none, the simulator has one rollout a row. State
is kept in single precision, so that its text is short and gives exactly the same numbers back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis import dispersion
from leeboard.monitoring.analysis.arrays import Array, Arrays, kept
from leeboard.monitoring.analysis.betting import EXCESSES, Direction, Tally, alone, compared, evidence
from leeboard.monitoring.analysis.dispersion import CANARY, GROUPS, Scatter

MEMORY_SECONDS = 60.0
LOWEST = -500.0
_PRIOR_REQUESTS = 20.0
_SHRINK_REQUESTS = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Arrays):
    """Shapes: worse, better (..., deltas, excesses); step, rollout, recent (..., 4) as in ``Tally``.

    ``worse`` grows with what speaks against the canary, over the whole rollout; ``better`` with what speaks for it, in
    this step. ``recent`` forgets with a time constant of a minute.
    """

    worse: Array
    better: Array
    step: Array
    rollout: Array
    recent: Array
    scatter: Scatter


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: shares of bad requests beside the stable version's, or (``is_alone``) against a number.

    ``deltas`` are the differences (or shares) for which evidence is kept, the limit being one of them; ``usual`` is the
    share of bad requests to reckon with before there are any requests. Without ``has_runs`` they are
    independent. ``pass_at`` and ``fail_at`` are the places in ``deltas`` of what a Pass must be below and a Fail above.
    """

    deltas: Array
    usual: float
    is_alone: bool = False
    has_runs: bool = True
    pass_at: int = 0
    fail_at: int = 0


def nothing(question: Question, *shape: int) -> Comparison:
    """Nothing seen."""
    wealth, four = (*shape, len(question.deltas), len(EXCESSES)), (*shape, 4)
    return Comparison(
        np.zeros(wealth), np.zeros(wealth), np.zeros(four), np.zeros(four), np.zeros(four), dispersion.nothing(*shape)
    )


def begun(comparison: Comparison) -> Comparison:
    """At the start of a step: what speaks for the canary starts anew."""
    return replace(comparison, better=np.zeros_like(comparison.better), step=np.zeros_like(comparison.step))


def observed(
    comparison: Comparison,
    groups: Array,
    *,
    question: Question,
    seconds: float,
    counts_for: tuple[Array, Array] = (np.ones(()), np.ones(())),
) -> Comparison:
    """After one poll more: ``groups`` (..., 5, 2) are bad requests and requests of the stable groups and the canary.

    ``counts_for`` (...) says with 1 or 0 whether the poll may speak against, and for, the canary.
    """
    tally = tally_of(groups)
    level, factor = usual_share(comparison, question), variance_factor(comparison, question)
    against = _growth(tally, question, level=level, factor=factor, direction=Direction.WORSE)
    in_favour = _growth(tally, question, level=level, factor=factor, direction=Direction.BETTER)
    row = np.stack(tally, axis=-1)
    return Comparison(
        worse=kept(np.maximum(comparison.worse + against * counts_for[0][..., None, None], LOWEST)),
        better=kept(np.maximum(comparison.better + in_favour * counts_for[1][..., None, None], LOWEST)),
        step=kept(comparison.step + row),
        rollout=kept(comparison.rollout + row),
        recent=kept(comparison.recent * np.exp(-max(seconds, 0.0) / MEMORY_SECONDS) + row),
        scatter=dispersion.added(comparison.scatter, groups, level=level, seconds=seconds),
    )


def is_refuted(wealth: Array, alpha: float) -> NDArray[np.bool_]:
    """For which deltas the hypothesis that was bet against is refuted: the ends of the interval; (..., deltas)."""
    refuted: NDArray[np.bool_] = evidence(wealth) > np.log(1 / alpha)
    return refuted


def tally_of(groups: Array) -> Tally:
    """Both versions' bad requests and requests."""
    stable = groups[..., :GROUPS, :].sum(axis=-2)
    return Tally(groups[..., CANARY, 0], groups[..., CANARY, 1], stable[..., 0], stable[..., 1])


def usual_share(comparison: Comparison, question: Question) -> Array:
    """The share of bad requests that both versions together had of late; (...)."""
    ever_bad, ever = _together(comparison.rollout)
    share = (ever_bad + _PRIOR_REQUESTS * question.usual) / (ever + _PRIOR_REQUESTS)
    bad, requests = _together(comparison.recent)
    level: Array = np.clip((bad + _SHRINK_REQUESTS * share) / (requests + _SHRINK_REQUESTS), 1e-6, 1 - 1e-6)
    return level


def variance_factor(comparison: Comparison, question: Question) -> Array:
    """The dispersion that the bets reckon with; (...)."""
    return dispersion.factor(comparison.scatter) if question.has_runs else np.ones(comparison.step.shape[:-1])


def _growth(tally: Tally, question: Question, *, level: Array, factor: Array, direction: Direction) -> Array:
    if question.is_alone:
        return alone(tally.canary_bad, tally.canary, limit=question.deltas, dispersion=factor, direction=direction)
    return compared(tally, delta=question.deltas, level=level, dispersion=factor, direction=direction)


def _together(four: Array) -> tuple[Array, Array]:
    return four[..., 0] + four[..., 2], four[..., 1] + four[..., 3]
