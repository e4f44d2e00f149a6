"""Verdicts: what has to be proven for each of them, and what is said when it is not."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest

from leeboard.api.rollout_status import Verdict
from leeboard.monitoring.analysis import Gaps
from tests.unit.monitoring.traffic import AGAINST_STABLE, PLAIN, Service, analysis, counted, observed


@pytest.mark.parametrize(
    ("check", "stable", "canary", "verdict"),
    [
        pytest.param(AGAINST_STABLE, 0.01, 0.06, Verdict.FAIL, id="five points worse"),
        pytest.param(AGAINST_STABLE, 0.0, 0.05, Verdict.FAIL, id="fails where the stable version never does"),
        pytest.param(AGAINST_STABLE, 0.01, 0.01, Verdict.PASS, id="alike"),
        pytest.param(AGAINST_STABLE, 0.03, 0.005, Verdict.PASS, id="better"),
        pytest.param(AGAINST_STABLE, 0.01, 0.02, Verdict.INCONCLUSIVE, id="worse by just the margin"),
        pytest.param(AGAINST_STABLE, 0.3, 0.3, Verdict.INCONCLUSIVE, id="an outage of both: nobody is blamed"),
        pytest.param(PLAIN, 0.0, 0.06, Verdict.FAIL, id="over a plain limit"),
        pytest.param(PLAIN, 0.0, 0.002, Verdict.PASS, id="under a plain limit"),
        pytest.param(PLAIN, 0.06, 0.06, Verdict.INCONCLUSIVE, id="both over a plain limit: nobody is blamed"),
        pytest.param(PLAIN, 0.03, 0.15, Verdict.FAIL, id="both over a plain limit, the canary more"),
    ],
)
def test_the_verdict_follows_from_what_is_proven(
    *, check: dict[str, Any], stable: float, canary: float, verdict: Verdict
) -> None:
    assert observed(check, stable=stable, canary=canary).judge().verdict is verdict


def test_a_failure_says_value_interval_limit_and_samples() -> None:
    ruling = observed(AGAINST_STABLE, stable=0.01, canary=0.06).judge()
    status = ruling.checks[0]
    assert float(status.value or 0) == pytest.approx(0.05, abs=0.01)
    assert float(status.limit or 0) == 0.01
    assert 0.01 <= float(status.lower or 0) < 0.05
    assert status.canary_samples is not None
    assert status.canary_samples > 5000
    assert status.stable_samples is not None
    assert "of the stable version: more than 1 % above it" in ruling.message


def test_both_bad_is_said_so_and_not_blamed_on_the_new_version() -> None:
    for check in (AGAINST_STABLE, PLAIN):
        assert "not the new version's fault" in observed(check, stable=0.3, canary=0.3).judge().message


def test_fewer_requests_than_the_minimum_give_no_verdict_even_when_all_fail() -> None:
    service = observed(AGAINST_STABLE, polls=8, requests=100, canary=1.0, minSamples=100)
    ruling = service.judge()
    assert service.evidence.of_canary.step.requests < 100
    assert ruling.verdict is Verdict.NO_DATA
    assert "requests needed" in ruling.message
    assert observed(AGAINST_STABLE, polls=8, requests=100, canary=1.0, minSamples=20).judge().verdict is Verdict.FAIL


def test_an_underpowered_step_is_announced_with_numbers() -> None:
    service = observed(AGAINST_STABLE, polls=6, requests=100, weight=0.1, stable=0.01, canary=0.01)
    ruling = service.judge(window_seconds=600)
    assert ruling.needed is not None
    assert ruling.expected is not None
    assert ruling.expected == pytest.approx(10 * service.evidence.of_canary.step.requests, abs=5)
    assert ruling.needed > ruling.expected
    assert f"{ruling.needed} requests needed, {ruling.expected} expected in 10m" in ruling.message


def test_what_is_announced_suffices_in_four_of_five_rollouts() -> None:
    needed, passed = [], []
    for seed in range(30):
        service = Service(analysis({"errorRate": {"margin": "0.02"}}), seed=seed)
        service.begin_step()
        while service.judge().verdict is not Verdict.PASS and service.seconds < 3000:
            service.serve(500, weight=0.2, stable_errors=0.02, canary_errors=0.02)
            service.poll()
            if service.seconds == 60:
                needed.append(service.judge().needed or 0)
        passed.append(service.evidence.of_canary.step.requests)
    assert 15 <= sum(requests <= median(needed) for requests in passed) <= 30
    assert median(needed) < 3 * median(passed)


def test_a_margin_of_zero_can_never_be_shown_and_that_is_said() -> None:
    ruling = observed({"errorRate": {"margin": "0"}}, stable=0.02, canary=0.02).judge()
    assert (ruling.verdict, ruling.needed) == (Verdict.INCONCLUSIVE, None)
    assert "no number of requests would show" in ruling.message


def test_alpha_is_split_over_the_checks_of_the_rollout() -> None:
    """The evidence of one check that just suffices alone does not suffice beside seven others."""
    alone = Service(analysis(AGAINST_STABLE))
    beside = Service(analysis(AGAINST_STABLE, *({"clientErrorRate": {"margin": f"0.{n}"}} for n in range(1, 8))))
    for service in (alone, beside):
        service.begin_step()
    polls = []
    for service in (alone, beside):
        for poll in range(200):
            service.serve(500, weight=0.1, stable_errors=0.01, canary_errors=0.045)
            service.poll()
            if service.judge().checks[0].verdict is Verdict.FAIL:
                polls.append(poll)
                break
    assert polls[0] < polls[1]


def test_a_query_uses_up_no_alpha() -> None:
    query = {"prometheus": {"provider": "main", "query": "up", "min": "1"}}
    rulings = []
    for checks in ((AGAINST_STABLE,), (AGAINST_STABLE, query)):
        service = observed(*checks, polls=40, stable=0.01, canary=0.04)
        rulings.append(service.judge().checks[0].lower)
    assert rulings[0] == rulings[1]


def test_what_speaks_against_the_canary_lasts_over_the_steps() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.06)
    service.begin_step()
    assert service.judge().verdict is Verdict.FAIL


def test_what_speaks_for_the_canary_is_shown_anew_in_each_step() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.01)
    assert service.judge().verdict is Verdict.PASS
    service.begin_step()
    assert service.judge().verdict is Verdict.NO_DATA


def test_another_question_starts_with_nothing() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.06)
    service.analysis = analysis({"errorRate": {"margin": "0.2"}})
    assert service.judge().verdict is Verdict.NO_DATA
    service.serve(1000, weight=0.1)
    service.poll()
    main = service.evidence.checks["check-0"].main
    assert main is not None
    assert main.rollout[1] < 200


def test_pods_that_do_not_answer_for_a_minute_are_no_data() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.01)
    service.counts.pop("c0")
    for _ in range(7):
        service.serve(900, weight=0.0)
        service.poll()
    ruling = service.judge()
    assert (ruling.verdict, ruling.message) == (
        Verdict.NO_DATA,
        "check-0: no counts of the new version for 70s",
    )


def test_what_is_missing_is_told_with_its_reason() -> None:
    query = {"prometheus": {"provider": "main", "query": "q", "max": "5"}}
    service = Service(analysis(AGAINST_STABLE, query))
    service.counts.pop("c0")
    service.begin_step()

    ruling = service.judge(gaps=Gaps("pod c0: no connection", "pod s0: no connection", {"check-1": "main: too old"}))

    assert ruling.message == (
        "check-0: no counts of the new version yet: pod c0: no connection;"
        " check-1: the query gave no number: main: too old"
    )


def test_the_stable_version_s_silence_is_told_as_its_own() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.01)
    for name in ("s0", "s1", "s2"):
        service.counts.pop(name)
    for _ in range(7):
        service.add("c0", counted(90))
        service.poll()

    message = service.judge(gaps=Gaps(canary="", stable="pod s1: no connection")).message

    assert message == "check-0: no counts of the stable version for 70s: pod s1: no connection"


def test_requests_that_stop_are_no_data_and_come_back_by_themselves() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.01)
    for _ in range(7):
        service.poll()
    assert service.judge().verdict is Verdict.NO_DATA
    assert "no request to the new version for 70s" in service.judge().message
    service.serve(1000, weight=0.1)
    service.poll()
    assert service.judge().verdict is Verdict.PASS


def test_thin_requests_have_gaps_and_that_is_not_a_stop() -> None:
    service = Service(analysis(AGAINST_STABLE, minSamples=5))
    service.begin_step()
    for turn in range(120):
        if turn % 12 == 0:
            service.add("c0", counted(1))
            service.add("s0", counted(9))
        service.poll()
    assert "no request" not in service.judge().message


def test_client_errors_are_a_question_of_their_own() -> None:
    service = Service(analysis(AGAINST_STABLE, {"clientErrorRate": {"margin": "0.01"}}))
    service.begin_step()
    for _ in range(60):
        service.add("s0", counted(900, client_errors=9))
        service.add("c0", counted(100, client_errors=30))
        service.poll()
    assert [check.verdict for check in service.judge().checks] == [Verdict.PASS, Verdict.FAIL]
