"""Canaries that are worse: how many bad requests each serves before the abort, beside the threshold rules of peers.

The peers' rules are tuned on other traffic (another seed) to our own rate of false aborts, measured there too. What
that means depends on the traffic, so there are several readings. Limits for all kinds of noise have to hold for a
service's whole traffic, with one setting, as ours do: that is the budget. Limits for just this noise are told the kind
of noise and the usual share of errors exactly, and are judged on just that. To be like for like, both sides then allow
no margin, or both let a canary through that is worse by just the margin. Last, those limits without a margin stand
beside ours with one; then even who knows both shares exactly (``_least``) hardly serves fewer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from leeboard.api.rollout import Analysis
from tests.bench.record import Measurement
from tests.bench.simulation import NOISES, TICK_SECONDS, WEIGHTS, Case, Outcome, roll_out
from tests.bench.thresholds import (
    ARGO,
    ARGO_DEFAULTS,
    FLAGGER,
    FLAGGER_DEFAULTS,
    Metric,
    Rule,
    Trace,
    apply,
    record,
    together,
    tuned,
)

SEED, TUNING_SEED, FAULT_SEED = 1, 2, 3
ALPHA = 0.05
MARGIN, RATIO = 0.005, 1.2


@dataclass(frozen=True, slots=True)
class Fault:
    """A canary that is worse, by a metric."""

    name: str
    case: Case
    metric: Metric = "errors"

    def accepted(self, *, at_limit: bool) -> Case:
        """The same traffic with an equal canary, or with one that is worse by what ``margin`` and ``ratio`` allow."""
        alike = replace(self.case, name="alike", canary_errors=self.case.errors, slower=1.0, leak=0.0)
        if not at_limit:
            return alike
        if self.metric == "latency":
            return replace(alike, slower=RATIO)
        return replace(alike, canary_errors=alike.errors + MARGIN)


FAULTS = (
    Fault("+2 points of errors", Case("errors", canary_errors=0.025)),
    Fault("+2 points of errors, shared outages", Case("errors", noise="outage", canary_errors=0.025)),
    Fault("+2 points of errors, errors in runs", Case("errors", noise="clustered", canary_errors=0.025)),
    Fault("+2 points of errors, slow noise", Case("errors", noise="slow", canary_errors=0.025)),
    Fault("p99 x1.5", Case("p99", slower=1.5), "latency"),
    Fault("p99 x1.5, heavy tails", Case("tails", slower=1.5, tail=1.5), "latency"),
    Fault("slow leak, 0.2 points of errors a minute", Case("leak", leak=0.002)),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What "the same rate of false aborts" means. ``at_limit``: on canaries that are worse by what is accepted."""

    name: str
    all_noises: bool = False
    has_margin: bool = True
    at_limit: bool = False


READINGS = (
    Reading("limits for all kinds of noise", all_noises=True),
    Reading("limits for just this noise, no margin for either", has_margin=False),
    Reading("limits for just this noise, the margin let through by both", at_limit=True),
    Reading("limits for just this noise, a margin for ours alone"),
)


def analysis(margin: float = MARGIN, ratio: float = RATIO) -> Analysis:
    """Error rate and p99 against the stable version."""
    checks = [
        {"name": "errors", "errorRate": {"margin": f"{margin:g}"}},
        {"name": "latency", "latency": {"quantile": "0.99", "ratio": f"{ratio:g}"}},
    ]
    return Analysis.model_validate({"checks": checks, "alpha": f"{ALPHA:g}"})


def faults(rows: int) -> list[Measurement]:
    """Each fault in each reading, with the peers' defaults beside."""
    return [measurement for fault in FAULTS for measurement in _of_fault(fault, rows)]


def _of_fault(fault: Fault, rows: int) -> list[Measurement]:
    results = []
    for reading in READINGS:
        peers, more = _peers(fault, reading, rows=rows), {}
        if reading is READINGS[-1] and fault is FAULTS[0]:
            more["who knows both shares exactly"] = _least(fault.case, rows=rows)
        results.append(
            Measurement(
                f"{fault.name}: bad requests served, median; {min(peers.values()):.4g} with {reading.name}",
                _median(fault, _outcome(fault.case, reading.has_margin, rows=rows, seed=SEED)),
                "requests",
                min(peers.values()) - 1 if reading.all_noises else None,
                peers=peers | more,
            )
        )
    ours = _outcome(fault.case, READINGS[0].has_margin, rows=rows, seed=SEED)
    until = min(float(np.median(ours.aborted_at)), 3600.0)
    return [
        *results,
        Measurement(f"{fault.name}: aborted within an hour", float(ours.aborted.mean()), "share"),
        Measurement(f"{fault.name}: until the abort, median", until, "s", peers=_beside(fault, rows=rows)),
    ]


def _median(fault: Fault, outcome: Outcome) -> float:
    return float(np.median(outcome.bad if fault.metric == "errors" else outcome.slow))


def _peers(fault: Fault, reading: Reading, *, rows: int, rate: float | None = None) -> dict[str, float]:
    """Medians of the peers' rules, tuned to our rate of false aborts or to another one."""
    accepted = fault.accepted(at_limit=reading.at_limit)
    cases = [replace(accepted, noise=noise) for noise in NOISES] if reading.all_noises else [accepted]
    part = rows // len(cases)
    quiet = together([_trace(case, rows=part, seed=TUNING_SEED) for case in cases])
    if rate is None:
        ours = [_outcome(case, reading.has_margin, rows=part, seed=TUNING_SEED) for case in cases]
        rate = float(np.mean([outcome.aborted.mean() for outcome in ours]))
    faulty = _trace(fault.case, rows=rows, seed=FAULT_SEED)
    bad = faulty.bad(fault.metric, fault.case)
    return {
        name: _served(fault, tuned(rule, fault.metric, alike=quiet, faulty=faulty, rate=rate, bad=bad), rows=rows)
        for name, rule in (("Flagger", FLAGGER), ("Argo Rollouts", ARGO))
    }


def _served(fault: Fault, rule: Rule, *, rows: int) -> float:
    trace = _trace(fault.case, rows=rows, seed=SEED)
    return float(np.median(apply(rule, trace, fault.metric, bad=trace.bad(fault.metric, fault.case)).bad))


def _beside(fault: Fault, *, rows: int) -> dict[str, float]:
    """What else the peers do: tuned to as many false aborts as alpha allows, and with their defaults, whose rate of
    false aborts is told too.
    """
    everything, just_this = READINGS[0], READINGS[1]
    medians = {
        f"{name}, 5 % false aborts, {reading.name}: bad requests": value
        for reading in (everything, just_this)
        for name, value in _peers(fault, reading, rows=rows, rate=ALPHA).items()
    }
    quiet = _trace(fault.accepted(at_limit=False), rows=rows, seed=TUNING_SEED)
    for name, by_metric in (("Flagger", FLAGGER_DEFAULTS), ("Argo Rollouts", ARGO_DEFAULTS)):
        if fault.metric in by_metric:
            rule = by_metric[fault.metric]
            false = np.isfinite(apply(rule, quiet, fault.metric, bad=quiet.failed).aborted_at)
            medians[f"{name}, defaults: bad requests"] = _served(fault, rule, rows=rows)
            medians[f"{name}, defaults: false aborts"] = float(false.mean())
    return medians


def _least(case: Case, *, rows: int) -> float:
    """Median of bad requests for Wald's test between the largest share accepted and the canary's own: of all tests with
    that rate of false aborts it needs the fewest requests (Wald and Wolfowitz 1948), and it has to be told both shares.
    """
    random = np.random.default_rng(SEED)
    accepted, level = case.errors + MARGIN, float(np.log(len(analysis().checks) / ALPHA))
    odds, served, bad = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    active = np.ones(rows, bool)
    while active.any():
        requests = random.poisson(case.rate * WEIGHTS[0] * TICK_SECONDS, rows) * active
        failed = random.binomial(requests, case.canary_errors)
        good = requests - failed
        odds += failed * np.log(case.canary_errors / accepted) + good * np.log(
            (1 - case.canary_errors) / (1 - accepted)
        )
        served, bad = served + requests, bad + failed
        active &= (odds <= level) | (served < analysis().min_samples)
    return float(np.median(bad))


@lru_cache(maxsize=64)
def _outcome(case: Case, has_margin: bool, *, rows: int, seed: int) -> Outcome:  # noqa: FBT001 - part of the key
    return roll_out(case, analysis() if has_margin else analysis(0.0, 1.0), rows=rows, seed=seed)


@lru_cache(maxsize=8)
def _trace(case: Case, *, rows: int, seed: int) -> Trace:
    return record(case, rows=rows, seed=seed)
