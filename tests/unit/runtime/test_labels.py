"""The sample of labels: bounded, and over pods the same as if one pod had received everything."""

from hashlib import blake2b

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leeboard_runtime import labels
from leeboard_runtime.labels import COHORT_SECONDS, Entry, LabelSample, Taken
from leeboard_runtime.tokens import Opened, Sealed

HOUR = 500_000 * COHORT_SECONDS


def opened(number: int, at: int = HOUR) -> Opened:
    token_hash = int.from_bytes(blake2b(str((number, at)).encode(), digest_size=8).digest(), "big")
    return Opened(token_hash, b"mark", Sealed(at, 3, 1, 0.5, segment=-1, group=0))


def told(sample: LabelSample) -> list[Entry]:
    """Everything, read page by page."""
    found: list[Entry] = []
    cursor = 0
    while True:
        cursor, page = sample.after(cursor)
        if not page:
            return found
        found += page


def least(entries: list[Entry], k: int) -> set[str]:
    """The bottom-k of one cohort."""
    return set(sorted({entry.token for entry in entries})[:k])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=80),
    st.integers(1, 12),
)
def test_the_union_of_pods_samples_is_the_sample_of_all(arrivals: list[tuple[int, int]], k: int) -> None:
    one = LabelSample(sample=k)
    pods = [LabelSample(sample=k) for _ in range(4)]
    for number, pod in arrivals:
        one.take(opened(number), 1)
        pods[pod].take(opened(number), 1)

    union = [entry for pod in pods for entry in told(pod)]

    everything = {f"{opened(number).hash:016x}" for number, _ in arrivals}
    assert least(union, k) == least(told(one), k) == set(sorted(everything)[:k])
    assert all(len(told(pod)) <= k for pod in pods)


def test_an_entry_is_what_the_token_held_and_the_label() -> None:
    sample = LabelSample()
    assert sample.take(opened(1), 0) is Taken.KEPT
    assert told(sample) == [
        Entry(1, f"{opened(1).hash:016x}", HOUR, 3, 1, value=0.5, segment=-1, group=0, label=0)
    ]  # fmt: skip


def test_the_first_label_of_a_token_stays() -> None:
    sample = LabelSample()
    assert [sample.take(opened(1), label) for label in (1, 1, 0, 1)] == [
        Taken.KEPT, Taken.DUPLICATE, Taken.CONFLICT, Taken.DUPLICATE,
    ]  # fmt: skip
    assert [entry.label for entry in told(sample)] == [1]


def test_cohorts_are_hours_and_have_samples_of_their_own() -> None:
    sample = LabelSample(sample=2)
    for number in range(20):
        sample.take(opened(number, HOUR + number % 2 * COHORT_SECONDS + number), 1)
    by_cohort = [sample.cohort_of(entry.at) for entry in told(sample)]
    assert (by_cohort.count(HOUR), by_cohort.count(HOUR + COHORT_SECONDS)) == (2, 2)


def test_cohorts_are_as_long_as_they_are_asked_to_be() -> None:
    sample = LabelSample(sample=2, cohort_seconds=10)
    for number in range(40):
        sample.take(opened(number, HOUR + number), 1)
    assert sorted(sample.cohort_of(entry.at) - HOUR for entry in told(sample)) == [0, 0, 10, 10, 20, 20, 30, 30]


def test_a_reader_goes_on_from_its_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "ANSWER_ENTRIES", 3)
    sample = LabelSample()
    for number in range(5):
        sample.take(opened(number), 1)

    first, page = sample.after(0)
    second, rest = sample.after(first)

    assert ([e.sequence for e in page], [e.sequence for e in rest]) == ([1, 2, 3], [4, 5])
    assert sample.after(second) == (5, [])
    sample.take(opened(6), 1)
    assert [entry.sequence for entry in sample.after(second)[1]] == [6]


def test_the_oldest_makes_room_and_what_nobody_has_read_is_counted_as_lost() -> None:
    sample = LabelSample(sample=1000, entries=10)
    for number in range(10):
        sample.take(opened(number), 1)
    sample.after(0)
    for number in range(10, 15):
        sample.take(opened(number), 1)
    assert (sample.lost, [entry.sequence for entry in told(sample)]) == (0, list(range(6, 16)))

    for number in range(15, 30):
        sample.take(opened(number), 1)

    assert sample.lost == 5
    assert len(told(sample)) == 10


def test_a_flood_of_labels_is_bounded_in_every_part() -> None:
    sample = LabelSample(sample=50, entries=120)
    for number in range(5000):
        sample.take(opened(number, HOUR + number % 7 * COHORT_SECONDS), 1)
    assert len(sample._entries) <= 120
    assert len(sample._cohorts) <= 7
    assert sum(len(cohort.heap) for cohort in sample._cohorts.values()) <= 7 * 101
    assert sum(cohort.size for cohort in sample._cohorts.values()) == len(sample._entries)
