"""Labels come late, in pieces, twice and in any order: the sample is the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.monitoring.cells import LabelEntry, PodLabels, Served
from leeboard.monitoring.cohorts import (
    ALL,
    ENTRY,
    LEAST_SERVED,
    MOST,
    MOST_NUMBERS,
    MOST_TOGETHER,
    Cohort,
    Cohorts,
    Maturity,
    Sample,
    coverage,
    mature,
    no_labels,
    received,
)
from leeboard.monitoring.drift import DEFAULTS
from leeboard.monitoring.memory import MAX_BYTES, Memory
from leeboard.monitoring.reports import HOUR

START = 1_795_000_000 // HOUR * HOUR


def at(hours: float) -> datetime:
    return datetime.fromtimestamp(START, UTC) + timedelta(hours=hours)


def token(number: int) -> str:
    return blake2b(str(number).encode(), digest_size=8).hexdigest()


def entry(number: int, *, label: float = 1, predicted: int = 1, hours: float = 0.5) -> LabelEntry:
    moment = START + int(hours * HOUR)
    return LabelEntry(number, token(number), moment, number % 10, predicted, None, label)


def labels(*entries: LabelEntry, pod: str = "a", started: str = "1", cursor: int = 0,
           served: dict[int, Served] | None = None) -> PodLabels:  # fmt: skip
    return PodLabels(pod, "r1", started, cursor, entries, served or {})


def got(cohorts: Cohorts, *told: PodLabels, hours: float = 1.0) -> Cohorts:
    for one in told:
        cohorts = received(cohorts, one, now=at(hours), settings=DEFAULTS)
    return cohorts


def tokens(sample: Sample) -> list[str]:
    return [f"{one:016x}" for one in sample.entries["token"]]


HASHES = st.lists(st.tuples(st.integers(0, ALL - 1), st.integers(0, 2)), max_size=30)
MOSTS = st.integers(0, 12)


def sample_of(rows: list[tuple[int, int]], most: int) -> Sample:
    return (no_labels() | Sample(np.array([(one, 0, 0, 0.0, label, -1, -1) for one, label in rows], ENTRY))).bounded(
        most
    )


@given(st.tuples(HASHES, HASHES, HASHES), MOSTS)
def test_union_is_commutative_associative_and_idempotent(pods: tuple[list[tuple[int, int]], ...], most: int) -> None:
    a, b, c = (sample_of(rows, most) for rows in pods)
    assert a | b == b | a
    assert (a | b) | c == a | (b | c)
    assert (a | b) | a == a | b


@given(HASHES, st.integers(1, 12), st.data())
def test_the_union_of_pods_is_the_sample_of_all(rows: list[tuple[int, int]], most: int, data: st.DataObject) -> None:
    """Whoever received which labels, and repeats: the smallest hashes of all of them."""
    split = data.draw(st.integers(0, len(rows)))
    pods = sample_of(rows[:split], most) | sample_of(rows[split:], most)
    assert pods.bounded(most) == sample_of(rows, most)


@given(HASHES, MOSTS, MOSTS)
def test_a_sample_that_was_shrunk_before_is_the_same_as_one_that_is_shrunk_now(
    rows: list[tuple[int, int]], first: int, second: int
) -> None:
    small, large = sorted((first, second))
    assert sample_of(rows, large).bounded(small) == sample_of(rows, small)


def test_the_part_of_the_hashes_says_how_many_labels_there_are() -> None:
    sample = got(Cohorts(), labels(*(entry(number) for number in range(20_000)))).open[START].sample
    assert len(sample.entries) == MOST
    assert len(sample.entries) / sample.part == pytest.approx(20_000, rel=0.06)


def test_a_label_that_comes_twice_counts_once_whoever_received_it() -> None:
    cohorts = got(Cohorts(), labels(entry(1), entry(2)), labels(entry(2), entry(3), pod="b"), labels(entry(1)))
    assert sorted(tokens(cohorts.open[START].sample)) == sorted(map(token, (1, 2, 3)))


def test_two_labels_for_one_prediction_are_one_whoever_came_first() -> None:
    yes, no = labels(entry(1, label=1)), labels(entry(1, label=0), pod="b")
    for order in ((yes, no), (no, yes)):
        assert list(got(Cohorts(), *order).open[START].sample.entries["label"]) == [0]


def test_labels_belong_to_the_hour_of_the_prediction() -> None:
    cohorts = got(Cohorts(), labels(entry(1, hours=0.99), entry(2, hours=1.0)))
    assert [tokens(one.sample) for one in cohorts.open.values()] == [[token(1)], [token(2)]]


def test_a_cohort_matures_once_every_predicted_class_is_covered() -> None:
    """Rejected loans never get labels: their class stays uncovered until the cohort is old."""
    served = {START: Served(60, (30, 30))}
    accepted = [entry(number, predicted=1) for number in range(30)]
    rejected = [entry(100 + number, predicted=0, label=0) for number in range(30)]
    half = got(Cohorts(), labels(*accepted, served=served), hours=1.2)
    assert list(coverage(half.open[START])) == [0.0, 1.0]
    assert mature(half, now=at(100), settings=DEFAULTS) == (half, ())
    whole = got(half, labels(*rejected[:24], cursor=7), hours=2)
    rest, matured = mature(whole, now=at(2), settings=DEFAULTS)
    assert [(one.start, one.by, len(one.entries)) for one in matured] == [(START, Maturity.COVERAGE, 54)]
    assert rest.matured == {START}
    assert (len(rest.open), rest.cursor("a", "1")) == (0, 7)
    (old,) = mature(half, now=at(24 * 7 + 1), settings=DEFAULTS)[1]
    assert (old.by, list(old.coverage)) == (Maturity.AGE, [0.0, 1.0])


def test_a_cohort_does_not_mature_before_its_hour_is_over() -> None:
    served = {START: Served(LEAST_SERVED, (0, LEAST_SERVED))}
    cohorts = got(Cohorts(), labels(*(entry(number) for number in range(LEAST_SERVED)), served=served), hours=0.9)
    assert mature(cohorts, now=at(1.05), settings=DEFAULTS)[1] == ()
    assert len(mature(cohorts, now=at(1.1), settings=DEFAULTS)[1]) == 1


def test_coverage_is_reckoned_from_the_part_of_the_labels_that_is_kept() -> None:
    served = {START: Served(20_000, (0, 20_000))}
    cohorts = got(Cohorts(), labels(*(entry(number) for number in range(10_000)), served=served))
    np.testing.assert_allclose(coverage(cohorts.open[START]), [np.nan, 0.5], rtol=0.06)


def test_labels_for_a_cohort_that_was_judged_or_is_too_old_come_too_late() -> None:
    cohorts = got(Cohorts(), labels(entry(1)))
    rest, _ = mature(cohorts, now=at(24 * 7 + 1), settings=DEFAULTS)
    assert dict(got(rest, labels(entry(2)), hours=24 * 7 + 1.01).open) == {}
    assert dict(got(Cohorts(), labels(entry(2)), hours=24 * 7 + 1.5).open) == {}


def test_what_a_process_served_is_counted_once_over_its_polls_and_its_end() -> None:
    def told(rows: int, *, pod: str, hour: int = 0) -> PodLabels:
        return labels(pod=pod, served={START + hour * HOUR: Served(rows, (rows, 0))})

    cohorts = got(Cohorts(), told(10, pod="a"), told(5, pod="b"), hours=0.5)
    cohorts = got(cohorts, told(25, pod="a"), hours=0.9)
    assert list(cohorts.open[START].served) == [30, 30, 0]
    cohorts = got(cohorts, told(40, pod="a"), told(9, pod="c", hour=1), hours=1.2)
    cohorts = got(cohorts, told(40, pod="a"), hours=1.3)
    assert list(cohorts.open[START].served) == [45, 45, 0]
    assert cohorts.open[START].total == (40, 40, 0)
    assert set(cohorts.open) == {START, START + HOUR}


def test_cohorts_that_servers_count_by_another_length_mature_by_age() -> None:
    """These servers count what they served by the hour, so of a minute nobody knows how much of it is covered."""
    quick = replace(DEFAULTS, cohort=timedelta(minutes=1), label_age=timedelta(minutes=5))
    told = labels(entry(1, hours=0.0), entry(2, hours=1 / 60), served={START: Served(40, (0, 40))})
    cohorts = received(Cohorts(), told, now=at(0.05), settings=quick)
    assert list(cohorts.open) == [START, START + 60]
    rest, matured = mature(cohorts, now=at(0.1), settings=quick)
    assert [(one.start, one.by) for one in matured] == [(START, Maturity.AGE)]
    assert list(rest.open) == [START + 60]


@pytest.mark.parametrize(("seconds", "late"), [(20, 0.0), (20, 2.5)])
def test_short_cohorts_mature_by_coverage_where_servers_count_them(seconds: int, late: float) -> None:
    quick = replace(DEFAULTS, cohort=timedelta(seconds=seconds), label_age=timedelta(minutes=5))
    entries = [entry(number, hours=number % seconds / HOUR) for number in range(40)]
    told = replace(labels(*entries, served={START: Served(40, (0, 40))}), cohort_seconds=seconds)
    cohorts = received(Cohorts(), told, now=at(0.002), settings=quick)
    rest, matured = mature(cohorts, now=at((seconds + late) / HOUR), settings=quick)
    assert [(one.start, one.by) for one in matured] == ([(START, Maturity.COVERAGE)] if late else [])
    assert list(rest.open) == ([] if late else [START])


@pytest.mark.parametrize(("has_numbers", "most"), [(False, MOST_TOGETHER), (True, MOST_NUMBERS)])
def test_all_cohorts_together_stay_within_their_bytes(*, has_numbers: bool, most: int) -> None:
    """160 open hours of two versions, each with more labels than it may keep."""
    random = np.random.default_rng(1)
    cohorts = Cohorts()
    for hour in range(160):
        rows = [entry(hour * 1000 + number, hours=hour + 0.5) for number in range(200)]
        if has_numbers:
            rows = [replace(one, value=float(random.normal()), label=float(random.normal())) for one in rows]
        served = {START + hour * HOUR: Served(500, () if has_numbers else (250, 250))}
        cohorts = got(cohorts, labels(*rows, served=served), hours=hour + 1)
    assert len(cohorts.open) == 160
    assert 0.9 * most < sum(len(one.sample.entries) for one in cohorts.open.values()) <= most
    text = Memory(cohorts={"r1": cohorts, "r2": cohorts}).to_text()
    assert 60_000 < len(text) < 0.5 * MAX_BYTES
    again = Memory.from_text(Memory(cohorts={"r1": cohorts}).to_text())
    assert again == Memory(cohorts={"r1": cohorts})


def test_nothing_served_is_no_coverage_not_a_full_one() -> None:
    assert list(coverage(Cohort())) == []
    assert mature(Cohorts({START: Cohort()}), now=at(2), settings=DEFAULTS)[1] == ()
