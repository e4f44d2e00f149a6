"""One service whose pods count simulated rows: polled, judged, written and read back as the operator does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.cells import Cells, PodCells, PodLabels, PodReport
from leeboard.monitoring.drift import DEFAULTS, Settings
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Subject, Watch, advanced, closing, judged
from tests.support.profiles import Reference, Rows, reference_of
from tests.support.verdicts import NOON

DAY = replace(DEFAULTS, min_samples=500)
ROWS = 2000


def rows(seed: int, *, shift: float = 0.0, nulls: float = 0.0, count: int = ROWS) -> Rows:
    """Three features; ``shift`` moves the first by so many standard deviations, ``nulls`` of it are none."""
    random = np.random.default_rng(seed)
    value: NDArray[np.float64] = random.normal(shift, 1, count)
    value[random.random(count) < nulls] = np.nan
    return Rows({"car_value": value, "income": random.normal(0, 1, count), "visits": random.normal(2, 1, count)})


REFERENCE = reference_of(rows(1, count=8000))
PROFILE = REFERENCE.profile
NEXT = reference_of(rows(2, shift=1.5, count=8000))
"""The profile of a version that learnt what came later."""


@dataclass
class Service:
    """``counted`` are the pods' counters by name; a pod belongs to the revision that its name begins with."""

    watch: Watch = field(default_factory=Watch)
    references: dict[str, Reference] = field(default_factory=lambda: {"r1": REFERENCE})
    stable: str | None = "r1"
    now: datetime = NOON
    counted: dict[str, PodCells] = field(default_factory=dict)
    labels: dict[str, PodLabels] = field(default_factory=dict)
    settings: Settings = DAY

    @property
    def subject(self) -> Subject:
        profiles = {name: one.profile.without_blocks for name, one in self.references.items()}
        return Subject(profiles, self.settings, self.stable)

    def serve(self, pod: str, served: Rows) -> None:
        """A pod answers these rows."""
        self.count(pod, self.counting(self.references[pod.partition("-")[0]], served))

    def count(self, pod: str, more: Cells) -> None:
        """A pod answers rows that fall into these cells."""
        revision, before = pod.partition("-")[0], self.counted.get(pod)
        cells, started = (more, "1") if before is None else (before.cells + more, before.started)
        self.counted[pod] = PodCells(pod, revision, started, self.references[revision].profile.digest, cells)

    def counting(self, reference: Reference, served: Rows) -> Cells:
        """What a pod counts of these rows."""
        return reference.window(served)

    def poll(self, *, full: Mapping[str, Profile] | None = None, hours: float = 0.0) -> Watch:
        """One poll, ``hours`` later, with whole profiles at hand unless only ``full`` are."""
        self.now += timedelta(hours=hours)
        whole = {name: one.profile for name, one in self.references.items()} if full is None else full
        pods = {name: PodReport(cells, self.labels.get(name)) for name, cells in self.counted.items()}
        watch = advanced(self.watch, dict(pods), self.subject, now=self.now)
        needed = closing(watch, self.subject)
        self.watch = judged(watch, self.subject, {name: whole[name] for name in needed if name in whole}, now=self.now)
        return self.watch

    def day(self, seed: int, *, pod: str = "r1-a", shift: float = 0.0) -> Watch:
        """A day's rows, then the poll that ends the day."""
        self.serve(pod, rows(seed, shift=shift))
        return self.poll(hours=24)
