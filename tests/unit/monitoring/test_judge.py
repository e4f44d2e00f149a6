"""Verdicts: what has to be proven for each of them, and what is said when it is not."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from leeboard.api.rollout_status import Verdict
from leeboard.monitoring.analysis import Gaps
from leeboard.monitoring.counts import Answer, RequestCounts
from tests.unit.monitoring.traffic import CANARY, Service, analysis, counted

AGAINST_STABLE = {"errorRate": {"margin": "0.01"}}
PLAIN = {"errorRate": {"max": "0.02"}}


def observed(
    *checks: dict[str, Any], polls: int = 60, weight: float = 0.1, stable: float = 0.0, canary: float = 0.0,
    requests: int = 1000, **more: object,
) -> Service:  # fmt: skip
    """A step under ten minutes of requests."""
    service = Service(analysis(*checks, **more))
    service.begin_step()
    for _ in range(polls):
        service.serve(requests, weight=weight, stable_errors=stable, canary_errors=canary)
        service.poll()
    return service


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


def lasting(*buckets: tuple[int, int]) -> RequestCounts:
    """Requests by their duration's bucket."""
    durations = [0] * 23
    for bucket, number in buckets:
        durations[bucket] += number
    return RequestCounts(sum(durations), 0, 0, tuple(durations))


def timed(check: dict[str, Any], stable: RequestCounts, canary: RequestCounts, *, polls: int = 90) -> Service:
    service = Service(analysis({"latency": check}), stable_pods=1)
    service.add("s0", counted(1000))
    service.add("c0", counted(1000))
    service.begin_step()
    for _ in range(polls):
        service.add("s0", stable)
        service.add("c0", canary)
        service.poll()
    return service


USUAL = lasting((6, 97), (7, 2), (9, 1))  # p99 of 15 ms
SLOWER = lasting((6, 85), (7, 5), (10, 10))  # a tenth takes 30 to 50 ms


@pytest.mark.parametrize(
    ("check", "stable", "canary", "verdict"),
    [
        pytest.param({"ratio": "1.5"}, USUAL, SLOWER, Verdict.FAIL, id="a tenth is slow"),
        pytest.param({"ratio": "1.5"}, USUAL, USUAL, Verdict.PASS, id="alike"),
        pytest.param({"ratio": "1.5"}, lasting((6, 100)), lasting((6, 100)), Verdict.PASS, id="constant and alike"),
        pytest.param({"ratio": "1.5"}, SLOWER, USUAL, Verdict.PASS, id="faster"),
        pytest.param({"maxMilliseconds": 30}, USUAL, SLOWER, Verdict.FAIL, id="over a plain limit"),
        pytest.param({"maxMilliseconds": 50}, USUAL, SLOWER, Verdict.PASS, id="under a plain limit"),
        pytest.param({"maxMilliseconds": 30}, SLOWER, SLOWER, Verdict.INCONCLUSIVE, id="both over a plain limit"),
    ],
)
def test_latency(*, check: dict[str, Any], stable: RequestCounts, canary: RequestCounts, verdict: Verdict) -> None:
    ruling = timed(check, stable, canary).judge()
    assert ruling.verdict is verdict, ruling.message


def test_a_failure_by_latency_names_the_quantiles() -> None:
    message = timed({"ratio": "1.5"}, USUAL, SLOWER).judge().message
    assert "quantile 0.99: " in message
    assert " ms, stable " in message


def test_the_first_requests_of_a_process_do_not_count_for_latency() -> None:
    service = Service(analysis({"latency": {"maxMilliseconds": 30}}, minSamples=10), stable_pods=1)
    service.begin_step()
    service.add("c0", lasting((15, 25)))
    service.poll()
    service.add("c0", lasting((6, 15)))
    service.poll()
    main = service.evidence.checks["check-0"].main
    assert main is not None
    assert (main.rollout[0], main.rollout[1]) == (0, 0)
    service.add("c0", lasting((6, 15)))
    service.poll()
    main = service.evidence.checks["check-0"].main
    assert main is not None
    assert (main.rollout[0], main.rollout[1]) == (0, 15)


def test_a_canary_with_less_to_do_than_the_stable_pods_is_blamed_but_not_praised() -> None:
    busy = lasting((11, 2000))  # 50 to 75 ms, 200 a second: they wait for each other
    idle = lasting((11, 100))
    praised = timed({"ratio": "1.5"}, busy, idle)
    assert praised.judge().verdict is not Verdict.PASS
    assert "less than half of a stable pod's requests" in praised.judge().message
    assert timed({"ratio": "1.5"}, busy, lasting((11, 80), (15, 20))).judge().verdict is Verdict.FAIL


def shadowed(different: int, *, pairs: int = 100, turns: int = 12) -> Service:
    service = Service(analysis({"disagreement": {"max": "0.05"}}), stable_pods=1)
    service.begin_step()
    for turn in range(turns):
        for name, shift in (("s0", 0.0), ("c0", 1.0)):
            ring = [Answer(f"{turn}-{place}", (shift if place < different else 0.5,)) for place in range(pairs)]
            service.counts[name] = replace(service.counts[name], answers=tuple(ring))
        service.poll()
    return service


@pytest.mark.parametrize(
    ("different", "verdict"),
    [(0, Verdict.PASS), (1, Verdict.PASS), (5, Verdict.INCONCLUSIVE), (15, Verdict.FAIL)],
)
def test_disagreement(different: int, verdict: Verdict) -> None:
    assert shadowed(different).judge().verdict is verdict


def test_without_pairs_of_answers_there_is_no_data_and_the_unpaired_are_counted() -> None:
    service = Service(analysis({"disagreement": {"max": "0.05"}}))
    service.begin_step()
    service.counts["c0"] = replace(service.counts["c0"], answers=(Answer("a", (1.0,)),))
    service.poll()
    ruling = service.judge()
    assert ruling.verdict is Verdict.NO_DATA
    assert "1 lack their counterpart" in ruling.message


def test_what_the_answers_showed_holds_in_later_steps() -> None:
    service = shadowed(0)
    service.begin_step()
    assert service.judge().verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        pytest.param([], Verdict.NO_DATA, id="never asked"),
        pytest.param([1.0, None], Verdict.NO_DATA, id="unknown now"),
        pytest.param([1.0, float("nan")], Verdict.NO_DATA, id="not a number"),
        pytest.param([1.0, float("inf")], Verdict.NO_DATA, id="infinite"),
        pytest.param([1.0, 2.0, 3.0], Verdict.PASS, id="inside"),
        pytest.param([9.0, 1.0], Verdict.PASS, id="one outside is tolerated"),
        pytest.param([1.0, 9.0], Verdict.INCONCLUSIVE, id="outside now, tolerated so far"),
        pytest.param([9.0, 1.0, -1.0], Verdict.FAIL, id="more outside than tolerated"),
        pytest.param([9.0, None, -1.0, 1.0], Verdict.FAIL, id="unknown uses up nothing and heals nothing"),
    ],
)
def test_queries(values: list[float | None], verdict: Verdict) -> None:
    query = {"provider": "main", "query": "q", "min": "0", "max": "5", "failureLimit": 1}
    service = Service(analysis({"prometheus": query}))
    service.begin_step()
    for value in values:
        service.poll(answers={"check-0": value})
    assert service.judge().verdict is verdict


def test_a_value_counts_once_in_ten_seconds_however_often_it_is_asked() -> None:
    query = {"provider": "main", "query": "q", "max": "5", "failureLimit": 1}
    service = Service(analysis({"prometheus": query}))
    service.begin_step()
    for _ in range(4):
        service.poll(seconds=3, answers={"check-0": 9.0})
    assert service.judge().verdict is Verdict.INCONCLUSIVE


def test_the_worst_check_decides_and_unknown_is_worse_than_undecided() -> None:
    query = {"prometheus": {"provider": "main", "query": "q", "max": "5"}}
    service = observed(AGAINST_STABLE, query, stable=0.01, canary=0.02)
    ruling = service.judge()
    assert [check.verdict for check in ruling.checks] == [Verdict.INCONCLUSIVE, Verdict.NO_DATA]
    assert ruling.verdict is Verdict.NO_DATA
    assert ruling.message == "check-1: the query gave no number"


def test_restarts_are_shown() -> None:
    service = observed(AGAINST_STABLE, stable=0.01, canary=0.01)
    service.counts["c0"] = replace(service.counts["c0"], started="2", counts=counted(3))
    service.poll()
    assert "pods restarted 1 times" in service.judge().message


def test_counters_from_prometheus_are_nothing_special() -> None:
    service = Service(analysis(AGAINST_STABLE), stable_pods=0, canary_pods=0)
    for revision in ("loan-1", CANARY):
        name = f"prometheus/{revision}"
        service.counts[name] = replace(Service(service.analysis).counts["s0"], pod=name, revision=revision)
    service.begin_step()
    for _ in range(60):
        service.serve(1000, weight=0.1, stable_errors=0.01, canary_errors=0.06)
        service.poll()
    assert service.judge().verdict is Verdict.FAIL


def test_a_ruling_on_four_checks_takes_less_than_five_milliseconds_of_cpu() -> None:
    checks = (AGAINST_STABLE, PLAIN, {"clientErrorRate": {"margin": "0.02"}}, {"latency": {"ratio": "1.5"}})
    service = observed(*checks, stable=0.01, canary=0.01, polls=20)
    costs = []
    for _ in range(20):
        start = time.process_time()
        service.judge()
        costs.append(time.process_time() - start)
    assert median(costs) < 0.005
