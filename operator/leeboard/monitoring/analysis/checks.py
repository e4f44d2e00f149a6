"""What one poll adds to each check's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from leeboard.api.rollout import Check, Latency, PrometheusQuery
from leeboard.monitoring.analysis import comparison
from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.analysis.comparison import Comparison, Question
from leeboard.monitoring.analysis.disagreement import disagrees
from leeboard.monitoring.analysis.dispersion import CANARY, GROUPS
from leeboard.monitoring.analysis.latency import (
    BUSY,
    bound_above,
    busy_seconds,
    counted,
    parts_above,
    quantile,
    tail_above,
)
from leeboard.monitoring.analysis.questions import NO_WORSE, digest_of, question_of
from leeboard.monitoring.counts import Answer, RequestCounts

QUERY_PERIOD = timedelta(seconds=10)
SAME_LOAD = 2.0
MIN_DURATIONS = 100
TAILS, MOST_SLOW = 4.0, 0.2
_YES, _NO = np.ones(()), np.zeros(())


@dataclass(frozen=True, slots=True)
class PodPoll:
    """What one pod counted since the last poll; ``is_warm`` when it had answered enough before."""

    is_canary: bool
    group: int
    added: RequestCounts
    is_warm: bool


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll: the pods that answered, new pairs of answers, and the stable version's durations before it."""

    pods: tuple[PodPoll, ...]
    seconds: float
    now: datetime
    stable_durations: tuple[int, ...]
    pairs: tuple[tuple[Answer, Answer], ...] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """Values of a query in this step: the last one (None: unknown), how many counted, how many were outside."""

    last: float | None = None
    at: datetime | None = None
    counted: int = 0
    outside: int = 0


@dataclass(frozen=True, slots=True)
class CheckState:
    """What is known for one check, as asked in ``spec``. ``beside`` asks for the blame where the limit is plain.

    ``unequal`` counts the canary's requests of this step that cannot speak for its latency, since its pods had less
    to do than the stable ones. ``lasts``: what speaks for the canary lasts over the steps, since answers do not depend
    on the weight.
    """

    spec: str
    main: Comparison | None = None
    beside: Comparison | None = None
    values: Values = Values()
    unequal: int = 0
    lasts: bool = False


def fresh(check: Check) -> CheckState:
    """Nothing known."""
    question = question_of(check)
    if question is None:
        return CheckState(digest_of(check))
    has_blame = question.is_alone and check.disagreement is None
    return CheckState(
        digest_of(check),
        comparison.nothing(question),
        comparison.nothing(NO_WORSE) if has_blame else None,
        lasts=check.disagreement is not None,
    )


def begun(state: CheckState) -> CheckState:
    """At the start of a step."""
    return replace(
        state,
        main=state.main if state.main is None or state.lasts else comparison.begun(state.main),
        values=Values(),
        unequal=0,
    )


def advanced(state: CheckState, check: Check, *, poll: Poll, answer: float | None) -> CheckState:
    """The state after one poll; ``answer`` is that of the check's query."""
    question = question_of(check)
    if question is None or state.main is None:
        return replace(state, values=_value(state.values, check.prometheus, answer=answer, now=poll.now))
    if check.disagreement is not None:
        return replace(state, main=_answers(state.main, question, poll, tolerance=float(check.disagreement.tolerance)))
    if check.latency is not None:
        return _latency(state, poll, latency=check.latency, question=question)
    bad: Callable[[PodPoll], float] = _errors if check.error_rate is not None else _client_errors
    return _observed(state, question, _groups(poll, bad, _requests), seconds=poll.seconds)


def is_outside(query: PrometheusQuery, value: float) -> bool:
    """Whether a value is not acceptable."""
    below = query.min is not None and value < float(query.min)
    return below or (query.max is not None and value > float(query.max))


def _errors(pod: PodPoll) -> float:
    return pod.added.errors


def _client_errors(pod: PodPoll) -> float:
    return pod.added.client_errors


def _requests(pod: PodPoll) -> float:
    return pod.added.requests


def _groups(poll: Poll, bad: Callable[[PodPoll], float], requests: Callable[[PodPoll], float]) -> Array:
    groups = np.zeros((GROUPS + 1, 3))
    for pod in poll.pods:
        groups[CANARY if pod.is_canary else pod.group] += (bad(pod), requests(pod), 1.0)
    return groups


def _observed(
    state: CheckState,
    question: Question,
    groups: Array,
    *,
    seconds: float,
    counts_for: tuple[Array, Array] = (_YES, _YES),
) -> CheckState:
    assert state.main is not None  # noqa: S101 - statistical checks have one
    main = comparison.observed(state.main, groups, question=question, seconds=seconds, counts_for=counts_for)
    if state.beside is None:
        return replace(state, main=main)
    beside = comparison.observed(state.beside, groups, question=NO_WORSE, seconds=seconds, counts_for=counts_for)
    return replace(state, main=main, beside=beside)


def _latency(state: CheckState, poll: Poll, *, latency: Latency, question: Question) -> CheckState:
    """Slow requests of warm pods; against the stable version only where the load of a pod is alike."""
    parts = slow_parts(latency, poll.stable_durations)
    if parts is None:
        return state

    def slow(pod: PodPoll) -> float:
        return counted(parts[0] if pod.is_canary else parts[1], pod.added.durations) if pod.is_warm else 0.0

    def requests(pod: PodPoll) -> float:
        return float(sum(pod.added.durations)) if pod.is_warm else 0.0

    groups = _groups(poll, slow, requests)
    if latency.ratio is None:
        return _observed(state, question, groups, seconds=poll.seconds)
    against, in_favour = fair(poll)
    lost = 0 if in_favour else int(groups[CANARY, 1])
    counts_for = (_YES if against else _NO, _YES if in_favour else _NO)
    return replace(
        _observed(state, question, groups, seconds=poll.seconds, counts_for=counts_for), unequal=state.unequal + lost
    )


def slow_bounds(latency: Latency, stable_durations: tuple[int, ...]) -> tuple[float, float] | None:
    """From which duration on a request of the canary, and one of the stable version, is slow; None: not known yet.

    Slow is what only a few of the stable version's requests are: at most ``TAILS`` times what lies above the quantile.
    With fewer, at the quantile itself, there would often be next to nothing to compare, since buckets are wide.
    """
    if latency.max_milliseconds is not None:
        return latency.max_milliseconds / 1000, latency.max_milliseconds / 1000
    above = 1 - float(latency.quantile)
    few = max(above, min(TAILS * above, MOST_SLOW))
    usual = quantile(stable_durations, 1 - few)
    if usual is None or sum(stable_durations) < MIN_DURATIONS:
        return None
    ratio = max(float(latency.ratio or 1), 1e-3)
    bound = bound_above(usual * ratio)
    return bound, bound / ratio


def slow_parts(
    latency: Latency, stable_durations: tuple[int, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Of each bucket the part that is slow, of the canary's and of the stable version's; None: not known yet."""
    bounds = slow_bounds(latency, stable_durations)
    if bounds is None:
        return None
    mine, yours = bounds
    return parts_above(mine), parts_above(yours) if mine == yours else tail_above(yours, stable_durations)


def fair(poll: Poll) -> tuple[bool, bool]:
    """Whether this poll's durations may speak against the canary, and for it.

    Pods that have more to do are slower. So a canary with less to do than the stable pods may be blamed, not praised,
    and the other way round; unless all have so little to do that nothing waits (Little's law: busy seconds a second).
    """
    canary = [pod.added for pod in poll.pods if pod.is_canary]
    stable = [pod.added for pod in poll.pods if not pod.is_canary]
    if not canary or not stable:
        return False, False
    load = sum(pod.requests for pod in canary) / len(canary)
    usual = sum(pod.requests for pod in stable) / len(stable)
    longest = max(sum(busy_seconds(pod.durations) for pod in side) / len(side) for side in (canary, stable))
    idle = longest <= BUSY * poll.seconds
    return idle or load <= SAME_LOAD * usual, idle or usual <= SAME_LOAD * load


def _answers(state: Comparison, question: Question, poll: Poll, *, tolerance: float) -> Comparison:
    if not poll.pairs:
        return state
    groups = np.zeros((GROUPS + 1, 3))
    different = sum(disagrees(mine, theirs, tolerance) for mine, theirs in poll.pairs)
    groups[CANARY] = different, len(poll.pairs), 1
    return comparison.observed(state, groups, question=question, seconds=poll.seconds)


def _value(values: Values, query: PrometheusQuery | None, *, answer: float | None, now: datetime) -> Values:
    """A value counts once in ``QUERY_PERIOD``; unknown and NaN never count."""
    if query is None:
        return values
    if answer is None or not isfinite(answer):
        return replace(values, last=None)
    if values.at is not None and timedelta(0) <= now - values.at < QUERY_PERIOD:
        return replace(values, last=answer)
    return Values(answer, now, values.counted + 1, values.outside + is_outside(query, answer))
