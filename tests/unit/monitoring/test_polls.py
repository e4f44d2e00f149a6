"""Counters to totals: nothing twice, nothing invented, the same whatever the polls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard.monitoring.analysis import Evidence, advance, begin, begin_step, measured
from leeboard.monitoring.analysis.polls import MAX_PODS
from leeboard.monitoring.counts import Answer, PodCounts, RequestCounts
from tests.unit.monitoring.traffic import CANARY, NOON, STABLE, Service, analysis, at, counted, pod

BEGUN = begin_step(begin(canary=CANARY, stable=STABLE, now=NOON), now=NOON)
EVERY_KIND = analysis(
    {"errorRate": {"margin": "0.01"}},
    {"errorRate": {"max": "0.05"}},
    {"clientErrorRate": {"max": "0.2"}},
    {"latency": {"ratio": "1.5"}},
    {"latency": {"maxMilliseconds": 250}},
    {"disagreement": {"max": "0.02"}},
    {"prometheus": {"provider": "main", "query": "up", "min": "1", "failureLimit": 2}},
    {"prometheus": {"provider": "main", "query": "down", "max": "0"}},
)


def polled(evidence: Evidence, *pods: PodCounts | None, seconds: float = 10) -> Evidence:
    """After one poll; a None is a pod that did not answer."""
    named = {f"unknown-{place}" if one is None else one.pod: one for place, one in enumerate(pods)}
    return advance(evidence, named, analysis=None, now=at(seconds))


def test_the_first_sight_of_a_pod_is_its_baseline() -> None:
    evidence = polled(BEGUN, pod("s", STABLE, counted(500)), pod("c", CANARY, counted(100)))
    assert measured(evidence) is None


def test_the_share_is_what_both_versions_counted_since_the_step_began() -> None:
    evidence = polled(BEGUN, pod("s", STABLE, counted(500)), pod("c", CANARY, counted(100)))
    evidence = polled(evidence, pod("s", STABLE, counted(575)), pod("c", CANARY, counted(125)), seconds=20)
    assert measured(evidence) == (25.0, 100)


def test_a_version_that_tells_nothing_has_no_share_not_even_none() -> None:
    stable = pod("s", STABLE, counted(500)), pod("s", STABLE, counted(575)), pod("s", STABLE, counted(600))
    evidence = polled(polled(BEGUN, stable[0], None), stable[1], None, seconds=20)
    assert measured(evidence) == (None, 75)

    evidence = polled(evidence, stable[2], pod("c", CANARY, counted(9)), seconds=30)
    evidence = polled(evidence, stable[2], pod("c", CANARY, counted(34)), seconds=40)
    assert measured(evidence) == (20.0, 125)
    assert measured(polled(evidence, stable[2], None, seconds=50)) == (None, 125)


def test_nothing_is_measured_before_the_first_step() -> None:
    evidence = begin(canary=CANARY, stable=STABLE, now=NOON)
    evidence = polled(polled(evidence, pod("s", STABLE, counted(5))), pod("s", STABLE, counted(9)))
    assert measured(evidence) is None


def test_a_new_step_counts_from_its_own_baselines() -> None:
    evidence = polled(polled(BEGUN, pod("c", CANARY, counted(0))), pod("c", CANARY, counted(40)))
    evidence = polled(begin_step(evidence, now=at(30)), pod("c", CANARY, counted(70)), seconds=40)
    assert (evidence.of_canary.step.requests, evidence.of_canary.rollout.requests) == (0, 40)


def test_a_restarted_process_counts_from_zero_and_the_restart_is_shown() -> None:
    evidence = polled(BEGUN, pod("c", CANARY, counted(100)))
    evidence = polled(evidence, pod("c", CANARY, counted(30), started="2"), seconds=20)
    assert (evidence.of_canary.step.requests, evidence.lost) == (30, 1)


def test_a_pod_that_did_not_answer_adds_nothing_and_is_made_up_for_later() -> None:
    evidence = polled(BEGUN, pod("c", CANARY, counted(100)))
    silent = polled(evidence, None, seconds=20)
    assert silent.of_canary.step.requests == 0
    assert polled(silent, pod("c", CANARY, counted(160)), seconds=30).of_canary.step.requests == 60


def test_a_pod_that_is_away_for_a_while_is_not_counted_twice() -> None:
    evidence = polled(BEGUN, pod("c", CANARY, counted(100)))
    evidence = polled(evidence, pod("c", CANARY, counted(150)), seconds=20)
    evidence = polled(polled(evidence, seconds=30), pod("c", CANARY, counted(160)), seconds=40)
    assert evidence.of_canary.step.requests == 60


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(counted(40), id="counters went back without a restart"),
        pytest.param(counted(2**60), id="a number that no server can have counted"),
        pytest.param(counted(110, errors=50), id="more errors than requests"),
    ],
)
def test_counts_that_cannot_be_add_nothing(second: RequestCounts) -> None:
    evidence = polled(polled(BEGUN, pod("c", CANARY, counted(100))), pod("c", CANARY, second), seconds=20)
    assert evidence.of_canary.step == RequestCounts()


def test_after_counters_went_back_counting_goes_on_from_there() -> None:
    evidence = polled(polled(BEGUN, pod("c", CANARY, counted(100))), pod("c", CANARY, counted(40)), seconds=20)
    assert polled(evidence, pod("c", CANARY, counted(45)), seconds=30).of_canary.step.requests == 5


def test_a_clock_that_goes_back_neither_fails_nor_loses_requests() -> None:
    service = Service(EVERY_KIND)
    service.begin_step()
    service.serve(500, weight=0.2)
    service.poll(seconds=30)
    service.serve(500, weight=0.2)
    service.poll(seconds=-3600)
    assert service.evidence.polled == at(30)
    assert service.evidence.of_canary.step.requests == service.counts["c0"].counts.requests


def test_pods_of_other_revisions_are_ignored() -> None:
    evidence = polled(polled(BEGUN, pod("x", "loan-0", counted(1))), pod("x", "loan-0", counted(900)))
    assert (evidence.pods, measured(evidence)) == ({}, None)


def test_pods_that_went_away_make_room() -> None:
    first = [pod(f"s{number}", STABLE, counted(1)) for number in range(MAX_PODS)]
    evidence = polled(BEGUN, *first)
    evidence = polled(evidence, pod("t", STABLE, counted(5)), seconds=20)
    evidence = polled(evidence, pod("t", STABLE, counted(9)), seconds=30)
    assert (len(evidence.pods), evidence.of_stable.step.requests, evidence.uncounted) == (MAX_PODS, 4, 0)


def test_more_pods_than_fit_are_said_to_be_uncounted_and_no_share_is_claimed() -> None:
    pods = [pod(f"s{number:03d}", STABLE, counted(1)) for number in range(MAX_PODS + 7)]
    more = [replace(one, counts=counted(2)) for one in pods]
    evidence = polled(polled(BEGUN, *pods), *more, seconds=20)
    assert (evidence.uncounted, measured(evidence)) == (7, None)


INCREMENTS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(INCREMENTS)
def test_one_poll_or_many_give_the_same_totals(increments: list[tuple[int, int, bool]]) -> None:
    often = rarely = polled(BEGUN, pod("s", STABLE, counted()), pod("c", CANARY, counted()))
    stable = canary = 0
    for place, (to_stable, to_canary, is_known) in enumerate(increments):
        stable, canary = stable + to_stable, canary + to_canary
        one = pod("c", CANARY, counted(canary)) if is_known else None
        often = polled(often, pod("s", STABLE, counted(stable)), one, seconds=20 + place)
    last = (pod("s", STABLE, counted(stable)), pod("c", CANARY, counted(canary)))
    often, rarely = polled(often, *last, seconds=90), polled(rarely, *last, seconds=90)
    assert (often.of_stable.rollout, often.of_canary.rollout) == (rarely.of_stable.rollout, rarely.of_canary.rollout)
    assert (often.of_stable.step.requests, often.of_canary.step.requests) == (stable, canary)


def full(pods: int, rings: int) -> Service:
    """A service with as much evidence as there can be."""
    service = Service(EVERY_KIND, stable_pods=pods, canary_pods=10)
    names = [f"loan-{number:04d}-7c9f8b6d5-{number:05d}-of-a-long-name" for number in range(pods)]
    busy = RequestCounts(23 * 10**7, 10**6, 10**6, (10**7,) * 23)
    for number, name in enumerate(names):
        service.counts[name] = pod(name, STABLE, busy, started="2026-11-21T12:00:00.123456+00:00/1")
        del service.counts[f"s{number}"]
    service.begin_step()
    for turn in range(70):
        service.serve(5000, weight=0.2, stable_errors=0.01, canary_errors=0.012)
        ring = tuple(Answer(f"{turn}-{place}", (1.0,)) for place in range(rings))
        for name in ("c0", names[0]):
            service.counts[name] = replace(service.counts[name], answers=ring)
        service.poll(answers={"check-6": 1.0, "check-7": None})
    return service


def test_the_text_gives_exactly_the_same_evidence_back_and_goes_on_the_same() -> None:
    service = full(4, rings=5)
    again = Evidence.from_text(service.evidence.to_text())
    assert again == service.evidence
    restarted = replace(service, evidence=again)
    service.serve(5000, weight=0.2, canary_errors=0.05)
    restarted.counts = service.counts
    service.poll()
    restarted.poll()
    assert restarted.evidence == service.evidence
    assert restarted.judge() == service.judge()


def test_the_text_of_the_most_evidence_fits_into_a_config_map() -> None:
    assert 30_000 < len(full(MAX_PODS, rings=50).evidence.to_text().encode()) <= 64 * 1024


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '{"schema": 1}', '{"schema": 2}', '{"schema": 1, "pods": {"a": []}}', "7"]
)
def test_a_text_that_is_none_of_ours_gives_nothing(text: str) -> None:
    assert Evidence.from_text(text) is None


def test_a_text_of_another_schema_gives_nothing() -> None:
    assert Evidence.from_text(BEGUN.to_text().replace('"schema":2', '"schema":1')) is None


def test_a_text_with_a_number_that_is_none_gives_nothing() -> None:
    text = full(2, rings=1).evidence.to_text()
    broken = text.replace('"main":[[', '"main":[[NaN,', 1)
    assert broken != text
    assert Evidence.from_text(broken) is None
