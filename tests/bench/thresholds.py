"""Threshold rules as Flagger 1.44 and Argo Rollouts 1.9 apply them, on the same simulated traffic.

Flagger (pkg/controller/scheduler.go, scheduler_metrics.go): each minute the last minute's success rate and p99 of the
canary are compared with fixed limits; a check that fails or has no data adds one to a counter that never goes down, and
the rollout ends when the counter reaches ``threshold``. Argo Rollouts (analysis/analysis.go): a measurement outside
its condition is a failure, and more than ``failureLimit`` failures abort. Both go on with the next step otherwise.

Their limits are tuned on other traffic of the same kind: for each number of tolerated failures the lowest limit that
keeps the rate of false aborts, and of those the one that serves the fewest bad requests on other traffic with the same
fault. That is more than a user could do, who does not know the fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tests.bench.simulation import BOUNDS, PODS, STEP_TICKS, TICK_SECONDS, TICKS, WEIGHTS, Case, Traffic
from tests.bench.slowness import BUCKETS, Floats

Metric = Literal["errors", "latency"]
TICKS_IN_STEPS = STEP_TICKS * len(WEIGHTS)
FAILURES = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on a metric over a window, looked at each ``period`` ticks; the ``failures``-th failure aborts."""

    window: int
    period: int
    failures: int = 1
    limit: float = np.inf


FLAGGER = Rule(window=6, period=6)
ARGO = Rule(window=30, period=6)
FLAGGER_DEFAULTS: dict[Metric, Rule] = {"errors": Rule(6, 6, 1, 0.01), "latency": Rule(6, 6, 1, 0.5)}
"""The documented success rate of 99 % and p99 of 500 ms, each minute; the first failed check undoes the rollout."""
ARGO_DEFAULTS: dict[Metric, Rule] = {"errors": Rule(30, 30, 4, 0.05)}
"""The documented example: success rate of 95 % over five minutes, each five minutes, failureLimit 3. None for p99."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The canary's requests, failed ones (rows, ticks) and durations (rows, ticks, buckets) while weights go up."""

    requests: Floats
    failed: Floats
    durations: Floats
    later: dict[Metric, float]
    """Bad requests to expect between promotion and the end of the hour."""

    def bad(self, metric: Metric, case: Case) -> Floats:
        """The requests that a rule for this metric should prevent (rows, ticks)."""
        if metric == "errors":
            return self.failed
        slow: Floats = self.durations @ case.slow_parts
        return slow

    def values(self, metric: Metric, rule: Rule) -> Floats:
        """What the rule looks at, at each of its looks (rows, looks); NaN without requests."""
        looks = range(rule.window, TICKS_IN_STEPS + 1, rule.period)
        windows = [slice(end - rule.window, end) for end in looks]
        if metric == "latency":
            return np.stack([_p99(self.durations[:, window].sum(axis=1)) for window in windows], axis=1)
        bad = np.stack([self.failed[:, window].sum(axis=1) for window in windows], axis=1)
        all_of_them = np.stack([self.requests[:, window].sum(axis=1) for window in windows], axis=1)
        return np.where(all_of_them > 0, bad / np.maximum(all_of_them, 1), np.nan)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Seconds until the abort (infinite: none), and failed requests of the canary until then or for the whole hour."""

    aborted_at: Floats
    bad: Floats


def record(case: Case, *, rows: int, seed: int) -> Trace:
    """Traffic of one case with weights that nobody stops."""
    traffic = Traffic(case, rows, seed)
    requests, failed = np.zeros((rows, TICKS_IN_STEPS)), np.zeros((rows, TICKS_IN_STEPS))
    durations = np.zeros((rows, TICKS_IN_STEPS, BUCKETS))
    for tick in range(TICKS_IN_STEPS):
        served, bad, lasted = traffic.next(np.full(rows, WEIGHTS[tick // STEP_TICKS]))
        requests[:, tick], failed[:, tick], durations[:, tick] = served[:, PODS], bad[:, PODS], lasted[:, PODS]
    minutes = (np.arange(TICKS_IN_STEPS, TICKS) * TICK_SECONDS) / 60 - 10
    errors = case.rate * TICK_SECONDS * float((case.canary_errors + case.leak * minutes).sum())
    beyond = 1 / (1 + 99 / case.slower**case.tail) if case.tail < np.inf else 0.0
    later: dict[Metric, float] = {"errors": errors, "latency": case.rate * TICK_SECONDS * len(minutes) * beyond}
    return Trace(requests, failed, durations, later)


def together(traces: list[Trace]) -> Trace:
    """The rollouts of all of them."""
    return Trace(
        np.concatenate([trace.requests for trace in traces]),
        np.concatenate([trace.failed for trace in traces]),
        np.concatenate([trace.durations for trace in traces]),
        traces[0].later,
    )


def apply(rule: Rule, trace: Trace, metric: Metric, *, bad: Floats) -> Verdicts:
    """What the rule does; ``bad`` (rows, ticks) are the requests that it should have prevented."""
    values = trace.values(metric, rule)
    failures = np.cumsum(~(values <= rule.limit), axis=1)
    aborts = failures >= rule.failures
    first = np.where(aborts.any(axis=1), aborts.argmax(axis=1), -1)
    ticks = rule.window + first * rule.period
    served = np.cumsum(bad, axis=1)
    rows = np.arange(len(bad))
    until = served[rows, np.minimum(ticks, TICKS_IN_STEPS) - 1]
    whole_hour = served[:, -1] + trace.later[metric]
    return Verdicts(np.where(first >= 0, ticks * TICK_SECONDS, np.inf), np.where(first >= 0, until, whole_hour))


def tuned(rule: Rule, metric: Metric, *, alike: Trace, faulty: Trace, rate: float, bad: Floats) -> Rule:
    """The rule with the limit and the number of failures that do best at a rate of false aborts on ``alike``."""
    candidates = []
    for failures in FAILURES:
        values = np.sort(np.nan_to_num(alike.values(metric, rule), nan=np.inf), axis=1)[:, ::-1]
        if values.shape[1] < failures:
            continue
        reached = np.sort(values[:, failures - 1])[::-1]
        limit = float(reached[min(int(rate * len(reached)), len(reached) - 1)])
        candidate = Rule(rule.window, rule.period, failures, limit)
        candidates.append((float(np.median(apply(candidate, faulty, metric, bad=bad).bad)), failures, candidate))
    return min(candidates, key=lambda one: one[:2])[2]


def _p99(durations: Floats) -> Floats:
    """As Prometheus' histogram_quantile: evenly within a bucket, the last bound beyond it."""
    total = durations.sum(axis=-1)
    below = np.cumsum(durations, axis=-1)
    rank = 0.99 * total
    place = np.minimum((below < rank[:, None]).sum(axis=-1), BUCKETS - 1)
    rows = np.arange(len(durations))
    inside = np.minimum(place, len(BOUNDS) - 1)
    low = np.where(inside > 0, BOUNDS[inside - 1], 0.0)
    before = np.where(inside > 0, below[rows, np.maximum(inside - 1, 0)], 0.0)
    part = (rank - before) / np.maximum(durations[rows, inside], 1e-9)
    value = np.where(place < len(BOUNDS), low + (BOUNDS[inside] - low) * part, BOUNDS[-1])
    return np.where(total > 0, value, np.nan)
