"""Rollouts of an equal version, judged again and again: false aborts within alpha, on seeds that are fixed.

These are the simulator of the benchmark with fewer rollouts; `make bench` runs a thousand a case.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leeboard.api.rollout_status import Verdict
from leeboard.monitoring.analysis.questions import question_of
from tests.bench.analysis import lower_bound
from tests.bench.faults import analysis as judged_by
from tests.bench.simulation import NOISES, PODS, TICK_SECONDS, Case, Judged, roll_out
from tests.bench.thresholds import FLAGGER, Rule, apply, record, tuned
from tests.unit.monitoring.traffic import STABLE, Service, analysis, counted

SHARP = judged_by(margin=0.0, ratio=1.0)


@pytest.mark.parametrize("noise", NOISES)
def test_an_equal_version_is_aborted_with_chance_alpha_at_most(noise: str) -> None:
    outcome = roll_out(Case("alike", noise=noise), SHARP, rows=40, seed=11)  # type: ignore[arg-type] # of NOISES
    assert lower_bound(int(outcome.aborted.sum()), 40) <= float(SHARP.alpha)


def test_without_the_dispersion_slow_noise_would_abort_far_too_many() -> None:
    noisy = Case("alike", noise="slow", rate=300.0)
    without = roll_out(noisy, SHARP, rows=40, seed=1, with_dispersion=False).aborted
    with_it = roll_out(noisy, SHARP, rows=40, seed=1).aborted
    assert lower_bound(int(without.sum()), 40) > 0.2
    assert with_it.sum() < without.sum() / 2


def test_a_worse_version_is_aborted_and_a_better_one_promoted() -> None:
    worse = roll_out(Case("worse", canary_errors=0.03), judged_by(), rows=20, seed=11)
    better = roll_out(Case("better", errors=0.01, canary_errors=0.002), judged_by(), rows=20, seed=11)
    assert (worse.aborted.mean(), better.aborted.mean()) == (1.0, 0.0)
    assert better.promoted.mean() > 0.9


def test_an_outage_of_both_versions_aborts_nobody() -> None:
    outcome = roll_out(Case("both", errors=0.3, canary_errors=0.3), judged_by(), rows=20, seed=11)
    assert (outcome.aborted.sum(), outcome.promoted.sum()) == (0, 0)


def test_the_simulator_judges_as_the_operator_does() -> None:
    """The same counts through both: poll by poll the same wealth, and the same poll at which the check fails."""
    asked = analysis({"errorRate": {"margin": "0.01"}})
    question = question_of(asked.checks[0])
    assert question is not None
    service = Service(asked, stable_pods=PODS)
    service.begin_step()
    from leeboard.monitoring.analysis import comparison  # noqa: PLC0415 - next to its only use

    rows = Judged(question, float(asked.alpha), comparison.nothing(question, 1))
    random = np.random.default_rng(3)
    failed_at = []
    for poll in range(60):
        requests = random.poisson([200] * PODS + [90])
        errors = random.binomial(requests, [0.01] * PODS + [0.05])
        for place, name in enumerate([f"s{number}" for number in range(PODS)] + ["c0"]):
            service.add(name, counted(int(requests[place]), errors=int(errors[place])))
        service.poll(TICK_SECONDS)
        rows.add(np.stack((errors, requests), axis=-1)[None].astype(float))
        main = service.evidence.checks["check-0"].main
        assert main is not None
        assert np.array_equal(main.worse, rows.state.worse[0])
        if rows.fails(asked.min_samples, rows.alpha)[0]:
            failed_at.append((poll, service.judge().verdict))
    assert failed_at
    assert {verdict for _, verdict in failed_at} == {Verdict.FAIL}
    assert [one.revision for one in service.counts.values()].count(STABLE) == PODS


@pytest.mark.parametrize(("hits", "trials", "bound"), [(0, 1000, 0.0), (61, 1000, 0.0490), (5, 100, 0.0199)])
def test_the_exact_lower_bound(*, hits: int, trials: int, bound: float) -> None:
    assert lower_bound(hits, trials) == pytest.approx(bound, abs=6e-4)


def test_a_peers_rule_aborts_at_its_first_failing_look() -> None:
    case = Case("worse", canary_errors=0.2)
    trace = record(case, rows=5, seed=1)
    verdicts = apply(Rule(6, 6, 1, 0.05), trace, "errors", bad=trace.failed)
    assert (verdicts.aborted_at == 60.0).all()
    assert np.array_equal(verdicts.bad, trace.failed[:, :6].sum(axis=1))


def test_a_peers_rule_is_tuned_to_a_rate_of_false_aborts() -> None:
    alike, worse = Case("alike"), Case("worse", canary_errors=0.03)
    quiet, faulty = record(alike, rows=100, seed=1), record(worse, rows=100, seed=2)
    rule = tuned(FLAGGER, "errors", alike=quiet, faulty=faulty, rate=0.05, bad=faulty.failed)
    false = np.isfinite(apply(rule, quiet, "errors", bad=quiet.failed).aborted_at).mean()
    assert false <= 0.05
    tighter = replace(rule, limit=rule.limit * 0.9)
    assert np.isfinite(apply(tighter, quiet, "errors", bad=quiet.failed).aborted_at).mean() >= false
