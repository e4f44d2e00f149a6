"""Verdicts of each kind of check: latency, answers, queries; and what they are together."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from leeboard.api.rollout_status import Verdict
from leeboard.monitoring.counts import Answer, RequestCounts
from tests.unit.monitoring.traffic import AGAINST_STABLE, CANARY, PLAIN, Service, analysis, counted, observed


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
