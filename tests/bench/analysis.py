"""Right decisions: simulated rollouts judged by the operator's own functions, beside the threshold rules of its peers.

False aborts: the exact (Clopper and Pearson) 95 % lower bound of their rate must not exceed alpha, on four kinds of
noise, for an equal canary and for one that is worse by exactly the margin. Faults: the median of bad requests that the
canary served before the abort must be lower than with the peers' rules, tuned to the same rate of false aborts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from math import exp, lgamma, log

import numpy as np

from tests.bench.faults import ALPHA, MARGIN, SEED, analysis, faults
from tests.bench.record import Measurement, write
from tests.bench.simulation import NOISES, Case, roll_out
from tests.bench.thresholds import FLAGGER_DEFAULTS, apply, record

ROWS = int(os.environ.get("LEEBOARD_BENCH_ROLLOUTS", "1000"))
NAMES = {"iid": "independent", "outage": "shared outages", "clustered": "errors in runs", "slow": "slow noise"}


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
    results = false_aborts() + faults(ROWS) + others()
    write("analysis", results)
    return all(result.ok is not False for result in results)
