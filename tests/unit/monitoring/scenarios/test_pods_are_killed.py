"""Pods are killed every minute while they count: what is lost is bounded, and the sample count shows the rest."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from leeboard.monitoring.cells import Cells, PodCells
from leeboard.monitoring.watch import Watch
from tests.unit.monitoring.watched import PROFILE, REFERENCE, Service, rows

PODS, A_SECOND = 3, 10
LONGEST_POLL = 17.5
"""Seconds between two polls at most: 15 and a tenth, and the second in which it comes."""
HOUR = 3600


@dataclass
class Killing:
    """Pods that answer ten rows a second each, one of which is killed each minute; polls come when they are due."""

    seed: int
    service: Service = field(default_factory=Service)
    served: int = 0
    unpolled: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    kills: int = 0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        self.names = itertools.count()
        self.starts = itertools.count(2)
        self.rows: dict[int, Cells] = {
            number: REFERENCE.window(rows(number + 50, count=number)) for number in range(1, 2 * A_SECOND + 1)
        }
        self.service.poll()
        for _ in range(PODS):
            self.born()

    def born(self) -> None:
        self._count(f"r1-{next(self.names)}", PROFILE.empty, started="1")

    def _count(self, name: str, cells: Cells, *, started: str) -> None:
        self.service.counted[name] = PodCells(name, "r1", started, PROFILE.digest, cells)
        self.unpolled.setdefault(name, 0)

    def second(self) -> None:
        """Every pod answers some rows."""
        for name in list(self.service.counted):
            number = int(min(max(self.random.poisson(A_SECOND), 1), 2 * A_SECOND))
            self.service.count(name, self.rows[number])
            self.served += number
            self.unpolled[name] += number

    def poll(self) -> None:
        self.service.poll()
        self.unpolled = dict.fromkeys(self.service.counted, 0)

    def kill(self) -> None:
        """One goes: its container is started again in the same pod, or another pod takes its place."""
        name = str(self.random.choice(sorted(self.service.counted)))
        self.lost += self.unpolled.pop(name)
        self.kills += 1
        del self.service.counted[name]
        if self.random.random() < 0.5:
            self._count(name, PROFILE.empty, started=str(next(self.starts)))
        else:
            self.born()

    def hour(self, *, operator_restarts: bool = False) -> None:
        due = 0.0
        for second in range(HOUR):
            self.service.now += timedelta(seconds=1)
            self.second()
            if second >= due:
                self.poll()
                due = second + 15 * (0.9 + 0.2 * self.random.random())
            if second % 60 == 30:
                self.kill()
            if operator_restarts and second % 600 == 599:
                self.poll()
                again = Watch.from_data(self.service.watch.to_data())
                assert again is not None
                self.service.watch = again
        self.poll()


def known(service: Service) -> int:
    """Rows of the open season's window."""
    return service.watch.memory.windows.revisions["r1"].season.cells.rows


def test_with_a_pod_killed_every_minute_what_is_lost_is_what_each_counted_since_its_last_poll() -> None:
    for seed in (1, 2):
        killing = Killing(seed)
        killing.hour()
        revision = killing.service.watch.memory.windows.revisions["r1"]
        assert killing.kills == revision.lost == 60
        assert known(killing.service) == killing.served - killing.lost
        assert 0 < killing.lost <= killing.kills * LONGEST_POLL * 2 * A_SECOND
        assert killing.lost / killing.served < LONGEST_POLL / (60 * PODS)


def test_an_operator_that_restarts_after_it_wrote_loses_nothing_more() -> None:
    killing = Killing(3)
    killing.hour(operator_restarts=True)
    assert known(killing.service) == killing.served - killing.lost


def test_the_verdict_of_the_day_tells_how_many_rows_it_rests_on() -> None:
    service = Service()
    service.poll()
    service.serve("r1-a", rows(3))
    service.serve("r1-b", rows(4))
    service.poll(hours=1)
    service.serve("r1-a", rows(5, count=700))
    del service.counted["r1-a"]
    service.serve("r1-b", rows(6))
    drift = service.poll(hours=23).reports["r1"].drift
    assert drift is not None
    assert (drift.rows, drift.verdict) == (6000, "Stable")
