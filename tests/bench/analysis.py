"""Right decisions: simulated rollouts judged by the operator's own functions, beside the threshold rules of its peers.

False aborts: the exact (Clopper and Pearson) 95 % lower bound of their rate must not exceed alpha, on four kinds of
noise, for an equal canary and for one that is worse by exactly the margin. Faults: the median of bad requests that the
canary served before the abort must be lower than with the peers' rules, tuned to the same rate of false aborts: with
limits for all kinds of traffic at once, as ours are, and with limits made for one error rate and one kind of noise.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from math import exp, lgamma, log

import numpy as np

from leeboard.api.rollout import Analysis
from tests.bench.record import Measurement, write
from tests.bench.simulation import NOISES, Case, Noise, roll_out
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

ROWS = int(os.environ.get("LEEBOARD_BENCH_ROLLOUTS", "1000"))
SEED, TUNING_SEED, FAULT_SEED = 1, 2, 3
ALPHA = 0.05
MARGIN = 0.005

NAMES = {"iid": "independent", "outage": "shared outages", "clustered": "errors in runs", "slow": "slow noise"}


def analysis(margin: float = MARGIN, ratio: float = 1.2) -> Analysis:
    """Error rate and p99 against the stable version."""
    checks = [
        {"name": "errors", "errorRate": {"margin": f"{margin:g}"}},
        {"name": "latency", "latency": {"quantile": "0.99", "ratio": f"{ratio:g}"}},
    ]
    return Analysis.model_validate({"checks": checks, "alpha": f"{ALPHA:g}"})


def lower_bound(hits: int, trials: int, confidence: float = 0.95) -> float:
    """The exact one-sided lower bound of a rate (Clopper and Pearson 1934)."""
    if hits == 0:
        return 0.0
    low, high = 0.0, hits / trials
    for _ in range(60):
        middle = (low + high) / 2
        if _tail(hits, trials, middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def _tail(hits: int, trials: int, rate: float) -> float:
    """P(at least ``hits``)."""
    if rate <= 0:
        return 0.0
    ways = (
        lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(rate) + (trials - k) * log(1 - rate)
        for k in range(hits, trials + 1)
    )
    return sum(exp(way) for way in ways)


def false_aborts(rows: int = ROWS) -> list[Measurement]:
    """A/A on four kinds of noise: margin 0.5 %, margin 0 with ratio 1, and a canary that is worse by the margin."""
    results = []
    for noise in NOISES:
        alike = Case("alike", noise=noise)
        sharp = analysis(0.0, 1.0)
        naive = roll_out(alike, sharp, rows=min(rows, 300), seed=SEED, with_dispersion=False).aborted.mean()
        at_margin = replace(alike, canary_errors=alike.errors + MARGIN)
        for what, case, asked in (
            ("margin 0.5 %", alike, analysis()),
            ("margin 0, ratio 1", alike, sharp),
            ("worse by the margin", at_margin, analysis()),
        ):
            outcome = roll_out(case, asked, rows=rows, seed=SEED)
            hits = int(outcome.aborted.sum())
            rates = {"rate": hits / rows, "promoted": float(outcome.promoted.mean())}
            extra = {"rate without dispersion": float(naive)} if asked is sharp else {}
            metric = f"false aborts, {NAMES[noise]}, {what}: 95 % lower bound"
            results.append(Measurement(metric, lower_bound(hits, rows), "share", ALPHA, peers=rates | extra))
    return results


@dataclass(frozen=True, slots=True)
class Fault:
    """A canary that is worse, by a metric."""

    name: str
    case: Case
    metric: Metric = "errors"


FAULTS = (
    Fault("+2 points of errors", Case("errors", canary_errors=0.025)),
    Fault("+2 points of errors, shared outages", Case("errors", noise="outage", canary_errors=0.025)),
    Fault("+2 points of errors, errors in runs", Case("errors", noise="clustered", canary_errors=0.025)),
    Fault("+2 points of errors, slow noise", Case("errors", noise="slow", canary_errors=0.025)),
    Fault("p99 x1.5", Case("p99", slower=1.5), "latency"),
    Fault("p99 x1.5, heavy tails", Case("tails", slower=1.5, tail=1.5), "latency"),
    Fault("slow leak, 0.2 points of errors a minute", Case("leak", leak=0.002)),
)


def faults(rows: int = ROWS) -> list[Measurement]:
    """Bad requests served before the abort, ours and the peers'."""
    results = []
    usual: dict[float, Usual] = {}
    for fault in FAULTS:
        alike = replace(fault.case, canary_errors=fault.case.errors, slower=1.0, leak=0.0)
        if fault.case.tail not in usual:
            usual[fault.case.tail] = _usual(alike, rows)
        ours = roll_out(fault.case, analysis(), rows=rows, seed=SEED)
        peers = _peers(fault, usual[fault.case.tail], alike=alike, rows=rows)
        fewest = min(value for name, value in peers.items() if name.endswith(SAME_RATE))
        known = {name: value for name, value in peers.items() if name.endswith(KNOWN_NOISE)}
        bad = float(np.median(ours.bad if fault.metric == "errors" else ours.slow))
        until = min(float(np.median(ours.aborted_at)), 3600.0)
        results += [
            Measurement(f"{fault.name}: bad requests served, median", bad, "requests", fewest - 1, peers=peers),
            Measurement(
                f"{fault.name}: the same beside limits made for this noise",
                bad,
                "requests",
                min(known.values()) - 1,
                peers=known,
            ),
            Measurement(f"{fault.name}: aborted within an hour", float(ours.aborted.mean()), "share"),
            Measurement(f"{fault.name}: until the abort, median", until, "s"),
        ]
    return results


@dataclass(frozen=True, slots=True)
class Usual:
    """Traffic of all four kinds with an equal canary, and how often we abort on it."""

    trace: Trace
    rate: float
    own: dict[Noise, float]


def _usual(alike: Case, rows: int) -> Usual:
    """A quarter of the rollouts on each kind of noise."""
    cases = [replace(alike, noise=noise) for noise in NOISES]
    rates = [roll_out(case, analysis(), rows=rows // 4, seed=TUNING_SEED).aborted.mean() for case in cases]
    own = dict(zip(NOISES, map(float, rates), strict=True))
    return Usual(
        together([record(case, rows=rows // 4, seed=TUNING_SEED) for case in cases]), float(np.mean(rates)), own
    )


SAME_RATE = "our rate of false aborts"
KNOWN_NOISE = "our rate of false aborts on just this noise"


def _peers(fault: Fault, usual: Usual, *, alike: Case, rows: int) -> dict[str, float]:
    """Medians of the peers' rules, with their defaults and tuned: on traffic of all four kinds, as we have one setting
    for all, and on traffic of this kind alone; to our rate of false aborts and to alpha.
    """
    known = record(alike, rows=rows, seed=TUNING_SEED)
    faulty = record(fault.case, rows=rows, seed=FAULT_SEED)
    trace = record(fault.case, rows=rows, seed=SEED)
    rules: dict[str, Rule] = {}
    for name, rule in (("Flagger", FLAGGER), ("Argo Rollouts", ARGO)):
        for what, tuning, rate in (
            (SAME_RATE, usual.trace, usual.rate),
            ("5 % false aborts", usual.trace, ALPHA),
            (KNOWN_NOISE, known, usual.own[fault.case.noise]),
            ("5 % false aborts on just this noise", known, ALPHA),
        ):
            bad = faulty.bad(fault.metric, fault.case)
            rules[f"{name}, {what}"] = tuned(rule, fault.metric, alike=tuning, faulty=faulty, rate=rate, bad=bad)
    defaults = {"Flagger, defaults": FLAGGER_DEFAULTS, "Argo Rollouts, defaults": ARGO_DEFAULTS}
    rules |= {name: by_metric[fault.metric] for name, by_metric in defaults.items() if fault.metric in by_metric}
    bad = trace.bad(fault.metric, fault.case)
    medians = {name: float(np.median(apply(rule, trace, fault.metric, bad=bad).bad)) for name, rule in rules.items()}
    false = {
        f"{name}: false aborts": float(
            np.isfinite(apply(rules[name], known, fault.metric, bad=known.failed).aborted_at).mean()
        )
        for name in defaults
        if name in rules
    }
    return medians | false


def others(rows: int = ROWS) -> list[Measurement]:
    """Cases in which nothing is to be aborted: how many were, and how many went through within the hour."""
    cases = (
        ("both versions fail 30 %", Case("both", errors=0.3, canary_errors=0.3)),
        ("better canary", Case("better", errors=0.01, canary_errors=0.002)),
        ("constant values", Case("constant", errors=0.0, canary_errors=0.0, tail=np.inf)),
        ("heavy tails", Case("tails", tail=1.5)),
        ("one request a second", Case("thin", rate=1.0)),
    )
    results = []
    for name, case in cases:
        outcome = roll_out(case, analysis(), rows=rows, seed=SEED)
        trace = record(case, rows=min(rows, 300), seed=SEED)
        defaults = apply(FLAGGER_DEFAULTS["errors"], trace, "errors", bad=trace.failed)
        bound = lower_bound(int(outcome.aborted.sum()), rows)
        peers = {"Flagger, defaults: aborted": float(np.isfinite(defaults.aborted_at).mean())}
        results += [
            Measurement(f"{name}: false aborts, 95 % lower bound", bound, "share", ALPHA, peers=peers),
            Measurement(f"{name}: promoted within an hour", float(outcome.promoted.mean()), "share"),
        ]
    return results


def main() -> bool:
    """Run it; True when every budget holds."""
    results = false_aborts() + faults() + others()
    write("analysis", results)
    return all(result.ok is not False for result in results)
