"""Rollouts under simulated traffic, one a row, judged by the functions that the operator judges with.

Four stable pods and a canary; an interval each ten seconds, as the operator writes evidence: it polls each two seconds,
and each poll adds what was counted since the evidence that is stored. Here it is judged at the end of an interval only,
evidence is kept for the limits alone (not for the other ends of the interval), and the bound of slow requests is chosen
less often.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from leeboard.api.rollout import Analysis
from leeboard.monitoring.analysis import comparison
from leeboard.monitoring.analysis.betting import Direction
from leeboard.monitoring.analysis.comparison import Comparison, Question, begun, observed, refuted
from leeboard.monitoring.analysis.latency import parts_above
from leeboard.monitoring.analysis.questions import question_of
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS
from tests.bench.slowness import BUCKETS, Floats, SlowRequests

Noise = Literal["iid", "outage", "clustered", "slow"]
NOISES: tuple[Noise, ...] = ("iid", "outage", "clustered", "slow")

TICK_SECONDS = 10.0
WEIGHTS = (0.05, 0.10, 0.25, 0.50)
STEP_TICKS = 30
TICKS = 360
PODS = 4
BOUNDS = np.array(DURATION_BOUNDS_SECONDS)
OUTAGE_SHARE, OUTAGE_EVERY, OUTAGE_LASTS = 0.3, 600.0, 60.0
RUN_LENGTH = 8.0
MEMORY_SECONDS, SPREAD, LATENCY_SPREAD = 60.0, 0.8, 0.15


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of traffic and of canary. Shares of failed requests; median seconds, times ``slower`` for the canary.

    ``leak`` is what the canary's share grows by in a minute, from the tenth minute on. ``tail`` is the exponent of the
    durations' tail: P(longer than t) ~ (median / t) ** tail.
    """

    name: str
    noise: Noise = "iid"
    rate: float = 50.0
    errors: float = 0.005
    canary_errors: float = 0.005
    leak: float = 0.0
    median: float = 0.01
    slower: float = 1.0
    tail: float = 4.0

    @property
    def slow_parts(self) -> Floats:
        """Of each bucket, the part beyond the stable version's true p99: the bad requests of a slow canary."""
        p99 = self.median * 99 ** (1 / self.tail)
        return np.array(parts_above(float(p99)))


@dataclass
class Traffic:
    """Requests of ``rows`` rollouts, tick after tick."""

    case: Case
    rows: int
    seed: int
    tick: int = 0
    in_outage: NDArray[np.bool_] = field(init=False)
    drift: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.in_outage = np.zeros(self.rows, bool)
        self.drift = self.random.normal(size=(self.rows, PODS + 1))

    def next(self, weight: Floats) -> tuple[Floats, Floats, Floats]:
        """Requests, failed ones (rows, pods and canary) and durations (rows, pods and canary, buckets) of one tick."""
        shares, medians = self._shares()
        split = np.concatenate([np.repeat((1 - weight)[:, None] / PODS, PODS, axis=1), weight[:, None]], axis=1)
        durations = self._durations(self.case.rate * TICK_SECONDS * split, medians)
        requests = durations.sum(axis=-1)
        failed = self._failed(requests, shares)
        self.tick += 1
        return requests, failed, durations

    def _shares(self) -> tuple[Floats, Floats]:
        case = self.case
        shares = np.full((self.rows, PODS + 1), case.errors)
        minutes = max(self.tick * TICK_SECONDS / 60 - 10, 0.0)
        shares[:, PODS] = case.canary_errors + case.leak * minutes
        medians = np.full((self.rows, PODS + 1), case.median)
        medians[:, PODS] *= case.slower
        if case.noise == "outage":
            ends, starts = TICK_SECONDS / OUTAGE_LASTS, TICK_SECONDS / OUTAGE_EVERY
            luck = self.random.random(self.rows)
            self.in_outage = np.where(self.in_outage, luck > ends, luck < starts)
            shares = np.where(self.in_outage[:, None], OUTAGE_SHARE + shares, shares)
            medians = np.where(self.in_outage[:, None], 3 * medians, medians)
        if case.noise == "slow":
            keeps = np.exp(-TICK_SECONDS / MEMORY_SECONDS)
            self.drift = keeps * self.drift + np.sqrt(1 - keeps**2) * self.random.normal(size=self.drift.shape)
            shares = shares * np.exp(SPREAD * self.drift - SPREAD**2 / 2)
            medians = medians * np.exp(LATENCY_SPREAD * self.drift)
        return np.minimum(shares, 1.0), medians

    def _durations(self, expected: Floats, medians: Floats) -> Floats:
        if self.case.tail == np.inf:
            durations = np.zeros((*expected.shape, BUCKETS))
            durations[..., int(np.searchsorted(BOUNDS, self.case.median))] = self.random.poisson(expected)
            return durations
        below = 1 / (1 + (medians[..., None] / BOUNDS) ** self.case.tail)
        parts = np.diff(below, prepend=0.0, append=1.0)
        drawn: Floats = self.random.poisson(expected[..., None] * parts).astype(float)
        return drawn

    def _failed(self, requests: Floats, shares: Floats) -> Floats:
        """One by one, or in runs of geometric length that one pod gets at once."""
        if self.case.noise != "clustered":
            return self.random.binomial(requests.astype(int), shares).astype(float)
        runs = self.random.poisson(requests * shares / RUN_LENGTH)
        more = self.random.negative_binomial(np.maximum(runs, 1), 1 / RUN_LENGTH)
        return np.minimum(np.where(runs > 0, runs + more, 0), requests).astype(float)


@dataclass
class Outcome:
    """What became of the rollouts: seconds until the abort (infinite: none), failed requests of the canary and those
    that took longer than the stable version's p99, until the abort or for the whole hour.
    """

    aborted_at: Floats
    bad: Floats
    slow: Floats
    promoted: NDArray[np.bool_]

    @property
    def aborted(self) -> NDArray[np.bool_]:
        """Which ones were aborted."""
        return np.isfinite(self.aborted_at)


@dataclass
class Judged:
    """One check of all rollouts."""

    question: Question
    alpha: float
    state: Comparison

    def add(self, groups: Floats) -> None:
        """One poll."""
        groups = np.concatenate((groups, np.ones_like(groups[..., :1])), axis=-1)
        self.state = observed(self.state, groups, question=self.question, seconds=TICK_SECONDS)

    def begin_step(self, rows: NDArray[np.bool_]) -> None:
        """What speaks for the canary starts anew in some rows."""
        new = begun(self.state)
        better = np.where(rows[:, None, None], new.better, self.state.better)
        step = np.where(rows[:, None], new.step, self.state.step)
        loads = np.where(rows[:, None], new.loads, self.state.loads)
        self.state = replace(self.state, better=better, step=step, loads=loads)

    def fails(self, min_samples: int, alpha: float) -> NDArray[np.bool_]:
        """As the operator's verdict."""
        gone = refuted(self.state, self.question, Direction.WORSE, alpha=alpha)
        return gone[:, self.question.fail_at] & (self.state.rollout[:, 1] >= min_samples)

    def passes(self, min_samples: int, alpha: float) -> NDArray[np.bool_]:
        """As the operator's verdict."""
        gone = refuted(self.state, self.question, Direction.BETTER, alpha=alpha)
        return gone[:, self.question.pass_at] & (self.state.step[:, 1] >= min_samples)


def roll_out(case: Case, analysis: Analysis, *, rows: int, seed: int, with_dispersion: bool = True) -> Outcome:
    """An hour of each rollout: a step lasts five minutes at least, and until every check passes."""
    traffic = Traffic(case, rows, seed)
    alpha = float(analysis.alpha)
    judged = [
        _judged(analysis, position, rows=rows, with_dispersion=with_dispersion)
        for position in range(len(analysis.checks))
    ]
    slow_of = SlowRequests([check.latency for check in analysis.checks], rows)
    step, since = np.zeros(rows, int), np.zeros(rows, int)
    aborted_at, bad, slow = np.full(rows, np.inf), np.zeros(rows), np.zeros(rows)
    for tick in range(TICKS):
        promoted, aborted = step >= len(WEIGHTS), np.isfinite(aborted_at)
        if aborted.all():
            break
        weight = np.where(promoted, 1.0, np.array((*WEIGHTS, 0.0))[step])
        requests, failed, durations = traffic.next(np.where(aborted, 0.0, weight))
        slow_requests = slow_of.next(durations)
        for check, one, late in zip(analysis.checks, judged, slow_requests, strict=True):
            one.add(np.stack((failed, requests), axis=-1) if check.latency is None else late)
        bad += failed[:, PODS]
        slow += durations[:, PODS] @ case.slow_parts
        active = ~promoted & ~aborted
        fails = active & np.any([one.fails(analysis.min_samples, one.alpha) for one in judged], axis=0)
        aborted_at[fails] = (tick + 1) * TICK_SECONDS
        since += 1
        passes = np.all([one.passes(analysis.min_samples, alpha) for one in judged], axis=0)
        further = active & ~fails & passes & (since >= STEP_TICKS)
        step[further] += 1
        since[further] = 0
        for one in judged:
            one.begin_step(further)
    return Outcome(aborted_at, bad, slow, step >= len(WEIGHTS))


def _judged(analysis: Analysis, position: int, *, rows: int, with_dispersion: bool) -> Judged:
    question = question_of(analysis.checks[position])
    assert question is not None
    limits = sorted({question.fail_at, question.pass_at})
    question = replace(
        question,
        deltas=question.deltas[limits],
        fail_at=limits.index(question.fail_at),
        pass_at=limits.index(question.pass_at),
        has_runs=with_dispersion,
    )
    return Judged(question, float(analysis.alpha) / len(analysis.checks), comparison.nothing(question, rows))
