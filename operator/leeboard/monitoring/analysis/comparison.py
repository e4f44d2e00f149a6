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
LOWEST = -5000.0
_PRIOR_REQUESTS = 20.0
_SHRINK_REQUESTS = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class Comparison(Arrays):
    """Shapes: worse, better (..., deltas, excesses); step, rollout, recent (..., 4) as in ``Tally``; loads (..., 2).

    ``worse`` grows with what speaks against the canary, over the whole rollout; ``better`` with what speaks for it, in
    this step; both as if requests were independent. ``recent`` forgets with a time constant of a minute. ``loads`` are
    the sums, in this step and in the rollout, of how much more a pod of the canary had to do than a stable one, for
    each request of the canary.
    """

    worse: Array
    better: Array
    step: Array
    rollout: Array
    recent: Array
    loads: Array
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
        worse=np.zeros(wealth),
        better=np.zeros(wealth),
        step=np.zeros(four),
        rollout=np.zeros(four),
        recent=np.zeros(four),
        loads=np.zeros((*shape, 2)),
        scatter=dispersion.nothing(*shape),
    )


def begun(comparison: Comparison) -> Comparison:
    """At the start of a step: what speaks for the canary starts anew."""
    loads = comparison.loads * np.array([0.0, 1.0])
    return replace(
        comparison, better=np.zeros_like(comparison.better), step=np.zeros_like(comparison.step), loads=loads
    )


def observed(
    comparison: Comparison,
    groups: Array,
    *,
    question: Question,
    seconds: float,
    counts_for: tuple[Array, Array] = (np.ones(()), np.ones(())),
) -> Comparison:
    """After one poll more: ``groups`` (..., 5, 3): bad requests, requests and pods of the stable groups and the canary.

    ``counts_for`` (...) says with 1 or 0 whether the poll may speak against, and for, the canary.
    """
    tally = tally_of(groups)
    level = usual_share(comparison, question)
    against = _growth(comparison, tally, question, level=level, direction=Direction.WORSE)
    in_favour = _growth(comparison, tally, question, level=level, direction=Direction.BETTER)
    row = np.stack(tally, axis=-1)
    return Comparison(
        worse=kept(np.maximum(comparison.worse + against * counts_for[0][..., None, None], LOWEST)),
        better=kept(np.maximum(comparison.better + in_favour * counts_for[1][..., None, None], LOWEST)),
        step=kept(comparison.step + row),
        rollout=kept(comparison.rollout + row),
        recent=kept(comparison.recent * np.exp(-max(seconds, 0.0) / MEMORY_SECONDS) + row),
        loads=kept(comparison.loads + (_load(groups) * tally.canary)[..., None]),
        scatter=dispersion.added(comparison.scatter, groups, level=level, seconds=seconds),
    )


def refuted(comparison: Comparison, question: Question, direction: Direction, *, alpha: float) -> NDArray[np.bool_]:
    """For which deltas the hypothesis that was bet against is refuted: the ends of the interval; (..., deltas)."""
    wealth = comparison.worse if direction is Direction.WORSE else comparison.better
    gone: NDArray[np.bool_] = evidence(wealth, variance_factor(comparison, question, direction)) > np.log(1 / alpha)
    return gone


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


def variance_factor(comparison: Comparison, question: Question, direction: Direction) -> Array:
    """The dispersion to reckon with: at the loads of the rollout for ``WORSE``, of this step for ``BETTER``; (...)."""
    if not question.has_runs:
        return np.ones(comparison.step.shape[:-1])
    position, seen = (1, comparison.rollout) if direction is Direction.WORSE else (0, comparison.step)
    canary, both = seen[..., 1], seen[..., 1] + seen[..., 3]
    load = np.where(canary > 0, comparison.loads[..., position] / np.maximum(canary, 1.0), 1.0)
    part = np.zeros(()) if question.is_alone else canary / np.maximum(both, 1.0)
    return dispersion.factor(comparison.scatter, load=load, canary_part=part)


def _load(groups: Array) -> Array:
    """How many requests one pod of the canary has for one of a stable pod, or the canary for one of a stable group:
    the larger of both. 1 where that is not known.
    """
    requests, pods = groups[..., 1], groups[..., 2]
    stable = requests[..., :GROUPS].sum(axis=-1)
    busy = requests > 0
    stable_pods = np.where(busy, pods, 0.0)[..., :GROUPS].sum(axis=-1)
    parts = np.maximum(busy[..., :GROUPS].sum(axis=-1), stable_pods / np.maximum(pods[..., CANARY], 1.0))
    load = requests[..., CANARY] * parts / np.maximum(stable, 1.0)
    return np.where(busy[..., CANARY] & (stable > 0), load, 1.0)


def _growth(comparison: Comparison, tally: Tally, question: Question, *, level: Array, direction: Direction) -> Array:
    factor = variance_factor(comparison, question, direction)
    if question.is_alone:
        return alone(tally.canary_bad, tally.canary, limit=question.deltas, dispersion=factor, direction=direction)
    return compared(tally, delta=question.deltas, level=level, dispersion=factor, direction=direction)


def _together(four: Array) -> tuple[Array, Array]:
    return four[..., 0] + four[..., 2], four[..., 1] + four[..., 3]
