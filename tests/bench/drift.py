"""Drift verdicts on named streams: how often they are false, how late they are true, and what they cost.

Beside them two detectors that need no statistics: one that never fires (no false verdict, every change missed) and one
that fires at every window.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from math import isfinite

import numpy as np

from leeboard.monitoring.drift import DEFAULTS, Case, calibrated, judge, judge_all
from leeboard.monitoring.performance import Course
from tests.bench import drift_streams as streams
from tests.bench.drift_runs import SEEDS, Followed, Labelled, follow_all, label
from tests.bench.drift_streams import CAR_LOAN_CHANGE, ROWS_A_DAY, Make
from tests.bench.record import Measurement, write
from tests.support.profiles import Rows, reference_of

RUNS = int(os.environ.get("LEEBOARD_BENCH_SEEDS", str(SEEDS)))
SERVICES, FEATURES = 1200, 30


def still(name: str, runs: list[Followed], *, drifted: float | None = None) -> list[Measurement]:
    """A stream in which nothing changes."""
    windows = sum(run.windows for run in runs)
    peers = {"do nothing": 0.0, "always fire": float(windows)}
    results = [Measurement(f"{name}: false verdicts in {windows} windows", _false(runs), "verdicts", 0, peers=peers)]
    share = sum(run.drifted for run in runs) / windows
    return [*results, Measurement(f"{name}: windows with a drifted feature", share, "share", drifted)]


def changing(name: str, runs: list[Followed], *, most: float | None = None) -> list[Measurement]:
    """A stream with one change."""
    delays = np.array([run.delay for run in runs])
    found = delays[np.isfinite(delays)]
    worst = float(delays.max())
    before = sum(run.before for run in runs)
    return [
        Measurement(f"{name}: false verdicts", _false(runs), "verdicts", 0, peers={"always fire": float(before)}),
        Measurement(f"{name}: found", len(found) / len(runs), "share", None if most is None else 1.0, "min",
                    {"do nothing": 0.0, "always fire": 1.0}),
        Measurement(f"{name}: delay, median", float(np.median(found)) if len(found) else -1.0, "windows"),
        Measurement(f"{name}: delay, worst", worst if isfinite(worst) else -1.0, "windows", most,
                    peers={"always fire": 1.0}),
    ]  # fmt: skip


def _false(runs: list[Followed]) -> float:
    return float(sum(run.false for run in runs))


def statistics() -> list[Measurement]:
    """Streams out of a generator."""
    results = still("independent", _runs(streams.independent), drifted=0.005)
    thin = _runs(partial(streams.independent, windows=50, window=100, shift=3.0))
    verdicts = float(sum(run.judged for run in thin))
    results.append(Measurement("thin, 100 rows, shift of 3 sd: windows with a verdict", verdicts, "windows", 0))
    for shift, most in ((0.5, None), (0.6, 4.0), (0.8, 4.0)):
        runs = _runs(partial(streams.independent, windows=40, shift=shift))
        results += changing(f"independent, shift of {shift:g} sd", runs, most=most)
    results += still("AR(1) 0.9", _runs(streams.autoregressive), drifted=0.03)
    results += slow_series()
    results += still("daily cycle, 60 days", _runs(streams.daily_cycle))
    results += changing("daily cycle, shift of 0.8 sd", _runs(partial(streams.daily_cycle, shift=0.8)), most=3.0)
    hourly = _runs(partial(streams.daily_cycle, window=ROWS_A_DAY // 4), seeds=min(RUNS, 5))
    results.append(Measurement("daily cycle in windows of 6 hours: false verdicts", _false(hourly), "verdicts"))
    results += still("heavy tails", _runs(streams.heavy_tails), drifted=0.005)
    results += changing("heavy tails, scale x 5", _runs(partial(streams.heavy_tails, scale=5.0)), most=4.0)
    results += still("booleans and empty cells", _runs(streams.booleans), drifted=0.005)
    results += changing("booleans, 30 % to 60 %", _runs(partial(streams.booleans, share=0.6)), most=4.0)
    return results


def slow_series() -> list[Measurement]:
    """AR(1) in windows that tell enough: 500 such rows judge no feature, 3,000 are about 700 independent ones."""
    short = follow_all(partial(streams.autoregressive, windows=50, features=5), min(RUNS, 5))
    long = partial(streams.autoregressive, windows=50, features=5, window=3000)
    runs = _runs(long)
    judged = sum(run.judged for run in runs) / sum(run.windows for run in runs)
    return [
        Measurement("AR(1) 0.9: windows with a verdict", float(sum(run.judged for run in short)), "windows"),
        *still("AR(1) 0.9, windows of 3,000 rows", runs, drifted=0.005),
        Measurement("the same: windows with a verdict", judged, "share", 0.99, "min"),
        *changing("AR(1) 0.9, windows of 3,000 rows, shift of 0.8 sd", _runs(partial(long, shift=0.8)), most=4.0),
    ]


def car_loan() -> list[Measurement]:
    """The car-loan data, whose world changes at row 25,000; a seed begins 25 rows later."""
    runs = _runs(streams.car_loan)
    rows = [25 * seed + (run.onsets[0] + 1) * 500 if run.onsets else -1 for seed, run in enumerate(runs)]
    named = float(np.mean(["car_value" in run.named for run in runs]))
    labelled = [label(streams.car_loan(seed), Course.SINCE, begin=CAR_LOAN_CHANGE - 25 * seed) for seed in range(RUNS)]
    after = [run.until - (row - CAR_LOAN_CHANGE) for run, row in zip(labelled, rows, strict=True)]
    watched = [label(streams.car_loan(seed), Course.WATCH) for seed in range(RUNS)]
    return [
        Measurement("car loan: first verdict, earliest", float(min(rows)), "row", CAR_LOAN_CHANGE, "min"),
        Measurement("car loan: first verdict, latest", float(max(rows)), "row", 27_000),
        Measurement("car loan: car_value is named", named, "share", 1.0, "min"),
        Measurement("car loan: labels after the verdict until proven worse, worst", max(after), "labels", 1000),
        *_labels("car loan, labels without drift", watched),
    ]


def concepts() -> list[Measurement]:
    """The inputs stay as they are, what they mean changes."""
    results = []
    for name, make in (("SEA", streams.sea), ("STAGGER", streams.stagger)):
        runs = _runs(make)
        results.append(
            Measurement(f"{name}: drift verdicts", float(sum(len(run.onsets) for run in runs)), "verdicts", 0)
        )
        results.append(Measurement(f"{name}: largest PSI of a feature", max(run.largest for run in runs), "PSI", 0.1))
        results += _labels(name, [label(make(seed), Course.WATCH) for seed in range(RUNS)])
    same = (partial(streams.sea, threshold=8.0), partial(streams.stagger, changes=False))
    still_runs = [label(make(seed), Course.WATCH) for make in same for seed in range(RUNS)]
    cohorts = len(still_runs) * 200
    false = float(sum(isfinite(run.until) + run.false for run in still_runs))
    results.append(Measurement(f"no change: false proofs in {cohorts} cohorts", false, "proofs", 0))
    return results


def _labels(name: str, runs: list[Labelled]) -> list[Measurement]:
    until = [run.until for run in runs]
    false = float(sum(run.false for run in runs))
    worst = max(until) if isfinite(max(until)) else -1.0
    return [
        Measurement(f"{name}: false proofs that it is worse", false, "proofs", 0),
        Measurement(f"{name}: proven worse", float(np.mean(np.isfinite(until))), "share", 1.0, "min"),
        Measurement(f"{name}: labels until proven worse, median", float(np.median(until)), "labels"),
        Measurement(f"{name}: the same, worst", worst, "labels"),
    ]


def fleet() -> list[Measurement]:
    """CPU of one verdict for every service of a large cluster."""
    random = np.random.default_rng(1)
    cases = []
    for _ in range(SERVICES // 20):
        reference = reference_of(Rows({f"f{i}": random.normal(size=4000) for i in range(FEATURES)}))
        calibration = calibrated(reference.profile, 1000)
        windows = reference.windows(Rows({f"f{i}": random.normal(size=20_000) for i in range(FEATURES)}), of=1000)
        cases += [Case(reference.profile, calibration, window, DEFAULTS) for window in windows]
    stacked, alone, calibrating = [], [], []
    for _ in range(3):
        stacked.append(_seconds(lambda: judge_all(cases)))
        alone.append(_seconds(lambda: [judge(case) for case in cases]))
        calibrating.append(_seconds(lambda: calibrated(cases[0].profile, 1000)))
    name = f"verdicts for {SERVICES} services x {FEATURES} features"
    return [
        Measurement(name, min(stacked), "s CPU", 1.0, peers={"one service after the other": min(alone)}),
        Measurement("calibration of one profile, once a profile and length", min(calibrating) * 1e3, "ms CPU"),
    ]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _runs(make: Make, seeds: int | None = None) -> list[Followed]:
    return follow_all(make, RUNS if seeds is None else seeds)


def main() -> bool:
    """Run it; True when every budget holds."""
    results = statistics() + car_loan() + concepts() + fleet()
    write("drift", results)
    return all(result.ok is not False for result in results)
