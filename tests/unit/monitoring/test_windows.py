"""Windows lose and invent nothing, whatever happens to pods, polls and the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from leeboard.monitoring.cells import Cells, PodCells
from leeboard.monitoring.drift import DEFAULTS
from leeboard.monitoring.memory import Memory
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.windows import (
    GONE,
    ClosedWindow,
    Span,
    Windows,
    advance,
    close_due,
    must_write,
    restarted,
    until_close,
)
from tests.support.profiles import Rows, reference_of
from tests.support.verdicts import NOON

PROFILE = reference_of(Rows({"x": np.arange(1000.0) % 97, "b": np.arange(1000) % 2 == 0})).profile
OTHER = replace(PROFILE, digest="sha256:other")
SHAPE = PROFILE.reference.shape
QUICK = replace(DEFAULTS, period=timedelta(hours=24), min_samples=10)


def cells(rows: int, cell: int = 0) -> Cells:
    """All rows in one cell of each channel."""
    empty = PROFILE.empty
    counts, quality = empty.counts.copy(), empty.quality.copy()
    counts[:, cell], quality[0, 1] = rows, rows // 10
    return Cells(rows, counts, quality, skipped=rows // 5)


def pod(name: str, counted: Cells, *, started: str = "1", revision: str = "r1", profile: Profile = PROFILE) -> PodCells:
    return PodCells(name, revision, started, profile.digest, counted)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def poll(windows: Windows, *pods: PodCells | str, minutes: float = 1.0,
         profiles: Mapping[str, Profile] | None = None) -> Windows:  # fmt: skip
    """Names alone are pods that do not answer."""
    found = {one if isinstance(one, str) else one.pod: None if isinstance(one, str) else one for one in pods}
    return advance(windows, found, profiles={"r1": PROFILE} if profiles is None else profiles, now=at(minutes))


def filled(windows: Windows, revision: str = "r1") -> Cells:
    return windows.revisions[revision].season.cells


def test_the_first_poll_gives_baselines_and_differences_count_after_it() -> None:
    windows = poll(Windows(), pod("a", cells(100)))
    assert filled(windows) == PROFILE.empty
    assert filled(poll(windows, pod("a", cells(130)))) == cells(130) - cells(100)


def test_a_pod_that_is_born_later_counts_from_its_start() -> None:
    windows = poll(Windows(), pod("a", cells(100)))
    windows = poll(windows, pod("a", cells(100)), pod("b", cells(30)))
    assert filled(windows) == cells(30)


def test_a_pod_that_was_silent_at_the_first_poll_gives_its_baseline_when_it_speaks() -> None:
    windows = poll(Windows(), "a")
    windows = poll(windows, pod("a", cells(5000)))
    assert filled(windows).rows == 0
    assert filled(poll(windows, pod("a", cells(5010)))).rows == 10
    unread = poll(Windows(), pod("a", cells(5000)), profiles={})
    assert filled(poll(unread, pod("a", cells(5010)))).rows == 0


def test_a_restarted_process_counts_from_zero_and_is_lost_once() -> None:
    windows = poll(Windows(), pod("a", cells(100)))
    windows = poll(windows, pod("a", cells(20), started="2"))
    assert (filled(windows).rows, windows.revisions["r1"].lost) == (20, 1)


def test_a_pod_that_does_not_answer_adds_nothing_and_loses_nothing() -> None:
    windows = poll(poll(Windows(), pod("a", cells(100))), "a")
    windows = poll(windows, pod("a", cells(150)))
    assert (filled(windows).rows, windows.revisions["r1"].lost) == (50, 0)


def test_a_pod_that_went_and_comes_back_is_not_counted_twice() -> None:
    windows = poll(Windows())
    windows = poll(windows, pod("a", cells(100)))
    gone = poll(windows)
    assert must_write(windows, gone)
    back = poll(gone, pod("a", cells(120)))
    assert filled(back).rows == 100
    assert filled(poll(back, pod("a", cells(121)))).rows == 101


@pytest.mark.parametrize(
    "odd",
    [
        pod("a", cells(90)),
        pod("a", cells(190), profile=OTHER),
        pod("a", cells(190), revision="r9"),
        pod("a", replace(cells(190), counts=cells(190).counts[:1])),
        pod("a", replace(cells(190), rows=5)),
        pod("a", replace(cells(190), counts=-cells(190).counts)),
    ],
    ids=["went back", "of another profile", "of another revision", "of another shape", "more than rows", "negative"],
)
def test_counters_that_cannot_be_add_nothing(odd: PodCells) -> None:
    windows = poll(Windows(), pod("a", cells(100)))
    after = poll(windows, odd)
    assert filled(after).rows == 0
    assert filled(poll(after, pod("a", cells(200)))).rows in {100, 110}


def test_versions_are_counted_apart_and_a_new_profile_begins_anew() -> None:
    both = {"r1": PROFILE, "r2": PROFILE}
    windows = poll(Windows(), profiles=both)
    windows = poll(windows, pod("a", cells(10)), pod("b", cells(20), revision="r2"), profiles=both)
    assert [filled(windows, name).rows for name in both] == [10, 20]
    renewed = poll(
        windows, pod("a", cells(10)), pod("b", cells(20), revision="r2"), profiles={"r1": OTHER, "r2": PROFILE}
    )
    assert [filled(renewed, name).rows for name in both] == [0, 20]


def test_a_version_that_no_longer_serves_is_remembered_as_long_as_there_is_room() -> None:
    windows = Windows()
    for number in range(6):
        windows = poll(windows, profiles={f"r{number}": PROFILE, f"r{number + 1}": PROFILE})
    assert list(windows.revisions) == ["r3", "r4", "r5", "r6"]


def closing(rows: int, hours: float, *, seasons: timedelta = QUICK.period) -> tuple[Windows, tuple[ClosedWindow, ...]]:
    windows = poll(Windows(), minutes=0)
    windows = poll(windows, pod("a", cells(rows)), minutes=hours * 60)
    return close_due(windows, replace(QUICK, period=seasons))


@pytest.mark.parametrize(
    ("rows", "hours", "closes", "is_full"),
    [
        (10, 23.9, False, None),
        (10, 24.1, True, True),
        (9, 24.1, False, None),
        (10, 30.0, False, None),
        (10, 48.5, True, True),
        (9, 167.9, False, None),
        (9, 168.0, True, False),
        (0, 168.0, True, False),
    ],
)
def test_a_window_closes_after_whole_seasons_with_enough_rows_or_at_its_longest(
    *, rows: int, hours: float, closes: bool, is_full: bool | None
) -> None:
    windows, closed = closing(rows, hours)
    season = [one for one in closed if one.span is Span.SEASON]
    assert bool(season) is closes
    if closes:
        assert season == [ClosedWindow("r1", Span.SEASON, at(0), at(hours * 60), cells(rows), bool(is_full))]
        assert windows.revisions["r1"].season.opened == at(hours * 60)
        assert filled(windows).rows == 0
    else:
        assert filled(windows).rows == rows


@pytest.mark.parametrize("seconds", [60, 75, 119])
def test_a_short_season_does_not_wait_for_a_poll_that_comes_at_its_end(seconds: float) -> None:
    assert len(closing(10, seconds / 3600, seasons=timedelta(minutes=1))[1]) == 1


def test_the_short_window_closes_by_the_hour() -> None:
    windows, closed = closing(200, 1.0)
    assert closed == (ClosedWindow("r1", Span.SHORT, at(0), at(60), cells(200), is_full=True),)
    assert windows.revisions["r1"].short.cells.rows == 0
    assert close_due(windows, QUICK) == (windows, ())
    assert close_due(Windows(), QUICK) == (Windows(), ())


@pytest.mark.parametrize(("rows", "hours", "closes"), [(99, 1.0, False), (100, 0.9, False), (99, 24.0, True)])
def test_the_short_window_of_a_quiet_service_waits_for_rows_a_day_at_most(
    *, rows: int, hours: float, closes: bool
) -> None:
    windows, closed = closing(rows, hours, seasons=timedelta(hours=24))
    short = [one for one in closed if one.span is Span.SHORT]
    assert bool(short) is closes
    assert windows.revisions["r1"].short.cells.rows == (0 if closes else rows)


def test_a_promotion_begins_the_windows_of_a_version_anew() -> None:
    windows = poll(poll(Windows()), pod("a", cells(50)), minutes=30)
    fresh = restarted(windows, "r1")
    assert (filled(fresh).rows, fresh.revisions["r1"].season.opened) == (0, at(30))
    assert filled(poll(fresh, pod("a", cells(60)))).rows == 10
    assert restarted(windows, "r7") == windows


def test_time_only_goes_on() -> None:
    windows = poll(poll(Windows(), minutes=10), minutes=5)
    assert windows.polled == at(10)


@pytest.mark.parametrize(("minutes", "left"), [(0, 24.0), (60 * 23, 1.0), (60 * 25, 23.0), (60 * 167.5, 0.5)])
def test_people_are_told_when_the_window_can_close(minutes: float, left: float) -> None:
    windows = poll(Windows(), minutes=0)
    assert until_close(windows.revisions["r1"].season, QUICK, at(minutes)) == timedelta(hours=left)


@dataclass
class Process:
    """One process of a pod, and what it truly counted."""

    pod: str
    started: str
    counted: Cells = field(default_factory=lambda: PROFILE.empty)
    polled: int = 0


class Life(RuleBasedStateMachine):
    """Pods serve, restart, die and are born; polls fail; windows close; the operator restarts from what it wrote.

    What is known to be lost is counted on the side: rows between a process' last poll and its end, rows of the first
    baselines, and, where the operator restarted in between, rows since the last write.
    """

    processes = Bundle("processes")

    def __init__(self) -> None:
        super().__init__()
        self.windows = advance(Windows(), {}, profiles={"r1": PROFILE}, now=NOON)
        self.alive: dict[str, Process] = {}
        self.ended: list[Process] = []
        self.minutes = 0.0
        self.births = 0
        self.served = 0
        self.lost = 0
        self.in_closed = 0
        self.write()

    def write(self) -> None:
        self.memory = Memory(self.windows).to_text()
        self.closed_when_written = self.in_closed
        self.known_when_written = {id(one): one.polled for one in (*self.alive.values(), *self.ended)}

    @rule(target=processes)
    def born(self) -> str:
        self.births += 1
        name = f"p{self.births}"
        self.alive[name] = Process(name, f"s{self.births}")
        return name

    @rule(name=processes, rows=st.integers(1, 50), cell=st.integers(0, 1))
    def serves(self, name: str, rows: int, cell: int) -> None:
        if name in self.alive:
            self.alive[name].counted += cells(rows, cell)
            self.served += rows

    @rule(name=processes)
    def restarts(self, name: str) -> None:
        if name in self.alive:
            self.ends(self.alive[name])
            self.births += 1
            self.alive[name] = Process(name, f"s{self.births}")

    @rule(name=consumes(processes))
    def dies(self, name: str) -> None:
        if name in self.alive:
            self.ends(self.alive.pop(name))

    def ends(self, process: Process) -> None:
        self.lost += process.counted.rows - process.polled
        self.ended.append(process)

    @rule(silent=st.sets(st.integers(1, 12)), minutes=st.sampled_from([0.25, 20.0, 24 * 60.0]))
    def polls(self, silent: set[int], minutes: float) -> None:
        self.minutes += minutes
        found: dict[str, PodCells | None] = {}
        for name, one in self.alive.items():
            is_silent = int(name[1:]) in silent
            found[name] = None if is_silent else pod(name, one.counted, started=one.started)
            one.polled = one.polled if is_silent else one.counted.rows
        before = self.windows
        after = advance(before, found, profiles={"r1": PROFILE}, now=at(self.minutes))
        after, closed = close_due(after, QUICK)
        self.in_closed += sum(one.cells.rows for one in closed if one.span is Span.SEASON)
        self.windows = after
        if must_write(before, after):
            self.write()

    @rule()
    def operator_restarts(self) -> None:
        """Windows that closed were written at once, so none is judged twice."""
        memory = Memory.from_text(self.memory)
        assert memory is not None
        self.windows = memory.windows
        assert self.in_closed == self.closed_when_written
        for one in self.alive.values():
            one.polled = self.known_when_written.get(id(one), 0)
        for one in self.ended:
            known = self.known_when_written.get(id(one), 0)
            self.lost += one.polled - known
            one.polled = known

    @invariant()
    def what_is_counted_and_what_is_lost_is_what_was_served(self) -> None:
        unread = sum(one.counted.rows - one.polled for one in self.alive.values())
        assert filled(self.windows).rows + self.in_closed + unread + self.lost == self.served
        assert len(self.windows.gone) <= GONE


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=20), st.integers(1, 6))
def test_the_sum_of_the_windows_is_the_sum_of_the_counts_however_often_one_polls(
    steps: list[tuple[int, int]], every: int
) -> None:
    """The same pods polled after each step, or only now and then: the same sum."""
    sums = []
    for often in (1, every):
        totals = [PROFILE.empty] * 3
        windows = poll(Windows())
        for number, (place, rows) in enumerate(steps):
            totals[place] += cells(rows, place)
            if number % often == 0 or number == len(steps) - 1:
                windows = poll(windows, *(pod(f"p{one}", total) for one, total in enumerate(totals)))
        sums.append(filled(windows) if windows.revisions else PROFILE.empty)
        assert not steps or sums[-1] == totals[0] + totals[1] + totals[2]
    assert sums[0] == sums[1]
