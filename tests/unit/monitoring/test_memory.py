"""What is remembered of a service survives as text, exactly, and fits into a ConfigMap."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard.monitoring.cells import Cells, PodCells
from leeboard.monitoring.drift import DEFAULTS, Votes, no_votes
from leeboard.monitoring.memory import MAX_BYTES, Memory
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.packed import pack, packed, unpack, unpacked
from leeboard.monitoring.performance import Course, begun, observed, question_of, tallied
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.windows import Windows, advance, close_due
from tests.support.profiles import Rows, reference_of
from tests.support.verdicts import NOON, rulings
from tests.unit.monitoring.streams import mixed
from tests.unit.monitoring.test_performance import predictions

REVISIONS = ("r1", "r2", "r3", "r4")


@pytest.fixture(scope="module")
def wide() -> Profile:
    """100 numeric features."""
    random = np.random.default_rng(1)
    return reference_of(Rows({f"f{place}": random.normal(size=1000) for place in range(100)})).profile


def counted(profile: Profile, rows: int, seed: int) -> Cells:
    """As many rows as a busy pod has counted."""
    random = np.random.default_rng(seed)
    counts = random.multinomial(rows, np.full(10, 0.1), size=len(profile.channels))
    quality = random.poisson(rows / 1000, size=(len(profile.features), 6)) * (random.random((100, 6)) < 0.2)
    return Cells(rows, counts, quality)


def watched(profile: Profile, pods: int) -> Windows:
    """Four versions, with the pods spread over them, an hour and a half after the first poll."""
    profiles = dict.fromkeys(REVISIONS, profile)
    windows = advance(Windows(), {}, profiles=profiles, now=NOON)
    found = {
        f"loan-7d4b9c6f5-{place:05d}": PodCells(
            f"loan-7d4b9c6f5-{place:05d}",
            REVISIONS[place % 4],
            f"{place:016x}",
            profile.digest,
            counted(profile, 500_000, place),
        )
        for place in range(pods)
    }
    windows = advance(windows, found, profiles=profiles, now=NOON + timedelta(hours=1.5))
    return close_due(windows, DEFAULTS)[0]


def test_a_hundred_features_four_versions_and_twenty_pods_take_the_bytes_that_are_stated(wide: Profile) -> None:
    memory = Memory(watched(wide, 20), {revision: no_votes(wide) for revision in REVISIONS})
    text = memory.to_text()
    assert 60_000 < len(text) < 75_000
    assert Memory.from_text(text) == memory


def test_baselines_that_do_not_fit_are_left_out_and_counted_once_at_most(wide: Profile) -> None:
    windows = watched(wide, 120)
    text = Memory(windows).to_text()
    assert MAX_BYTES * 0.9 < len(text) <= MAX_BYTES
    memory = Memory.from_text(text)
    assert memory is not None
    kept = {name: pod for one in memory.windows.revisions.values() for name, pod in one.pods.items()}
    assert 40 < len(kept) < 120
    assert [one.season for one in memory.windows.revisions.values()] == [
        one.season for one in windows.revisions.values()
    ]
    everything = {
        name: PodCells(name, revision, pod.started, wide.digest, pod.cells + pod.cells)
        for revision, one in windows.revisions.items()
        for name, pod in one.pods.items()
    }
    profiles = dict.fromkeys(REVISIONS, wide)
    after = advance(memory.windows, everything, profiles=profiles, now=NOON + timedelta(hours=2))
    added = sum(after.revisions[one].season.cells.rows - windows.revisions[one].season.cells.rows for one in REVISIONS)
    assert added == 500_000 * len(kept)


def test_votes_and_bets_survive() -> None:
    random = np.random.default_rng(2)
    reference = reference_of(mixed(random, 4000))
    rows = [mixed(random, 500, shift=shift) for shift in (0.0, 0.9, 0.9)]
    votes = [one for one, _ in rulings(reference, [reference.window(one) for one in rows])]
    labelled, entries = predictions(random, 2000, wrong=0.06)
    profile = reference_of(labelled).profile
    question = question_of(profile, Metric.BALANCED_ACCURACY, DEFAULTS)
    assert question is not None
    progress = observed(begun(question, Course.WATCH), question, tallied(entries[:700], profile))
    memory = Memory(votes={str(place): one for place, one in enumerate(votes)}, performance={"r1": progress})
    again = Memory.from_text(memory.to_text())
    assert again == memory
    further = observed(progress, question, tallied(entries[700:], profile))
    assert again is not None
    assert observed(again.performance["r1"], question, tallied(entries[700:], profile)) == further


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_counts_survive_packing(numbers: list[int]) -> None:
    assert unpack(pack(np.array(numbers, np.int64))).tolist() == numbers


def test_packed_counts_of_another_shape_are_refused(wide: Profile) -> None:
    cells = counted(wide, 1000, 1)
    values = packed(cells)
    assert unpacked(values, cells.shape) == cells
    for broken in ([*values[:2], "x"], [*values[:2], pack(np.zeros(3, np.int64))], [1, *values[1:]]):
        with pytest.raises(ValueError, match=r"."):
            unpacked(broken, cells.shape)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema":2}', '{"schema":1}', '{"schema":1,"windows":{"revisions":{"r":{}}}}']
)
def test_what_cannot_be_read_is_nothing_remembered(text: str) -> None:
    assert Memory.from_text(text) is None


def test_votes_without_their_windows_cannot_be_read() -> None:
    votes = Votes(np.zeros((1, 3), np.int8), np.zeros(3, np.int8), (NOON,))
    document = json.loads(Memory(votes={"r1": votes}).to_text())
    document["votes"]["r1"]["opened"] = []
    assert Memory.from_text(json.dumps(document)) is None
