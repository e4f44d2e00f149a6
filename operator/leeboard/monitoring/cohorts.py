"""Late labels: predictions of one hour are a cohort, its labels a sample that pods, restarts and repeats do not change.

Tokens are hashed; a cohort keeps the labels with the smallest hashes (bottom-k: Cohen and Kaplan 2007, doi
10.1145/1281100.1281133). Whether a hash is kept does not depend on its label, so the sample is a fair one, and the part
of all hashes that lies below its bound says how many labels there are (Bar-Yossef and others 2002, doi
10.1007/3-540-45726-7_1). Merging is union: in any order, any number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Counts, LabelEntry, PodLabels, divided
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.windows import process_digest

LEAST_SLACK, SLACK = timedelta(seconds=2), 1 / 12
"""For clocks that differ and polls that come late, before a cohort counts as over: five minutes of an hour."""
MOST = 4095
"""Labels of a cohort: one less than a pod keeps, so that the first hash that is not kept is known too."""
MOST_TOGETHER, MOST_NUMBERS = 6000, 2500
"""Labels of a service: of classes, and with numbers."""
PROCESSES = 200
ALL = 2**64
LEAST_SERVED = 20
"""Predicted classes with fewer predictions in a cohort need not be covered."""
NONE = -1
ENTRY = np.dtype([("token", "<u8"), ("score", "<i2"), ("predicted", "<i2"), ("value", "<f8"), ("label", "<f8"),
                  ("segment", "i1"), ("group", "i1")])  # fmt: skip
Entries = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Sample(Arrays):
    """All labels whose token's hash is less than ``below``, in the order of their hashes, each once."""

    entries: Entries
    below: int = ALL

    @property
    def part(self) -> float:
        """Which part of all labels that is."""
        return self.below / ALL

    def __or__(self, other: Sample) -> Sample:
        """Both together. Of two labels for one token the smaller one stays, whoever came first."""
        below = min(self.below, other.below)
        entries = np.concatenate((self.entries, other.entries))
        entries = entries[np.lexsort((entries["label"], entries["token"]))]
        entries = entries[np.unique(entries["token"], return_index=True)[1]]
        return Sample(entries[entries["token"] < np.uint64(below)] if below < ALL else entries, below)

    def bounded(self, most: int) -> Sample:
        """The ``most`` smallest hashes of it."""
        if len(self.entries) <= most:
            return self
        return Sample(self.entries[:most], int(self.entries["token"][most]))


def no_labels() -> Sample:
    """None yet."""
    return Sample(np.zeros(0, ENTRY))


@dataclass(frozen=True, slots=True)
class Cohort:
    """``total`` (rows, then rows by class) is what processes served whose hour is over, ``serving`` the last word of
    the others, by process.
    """

    sample: Sample = field(default_factory=no_labels)
    total: tuple[int, ...] = ()
    serving: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def served(self) -> Counts:
        """Rows, then rows by predicted class."""
        rows = [self.total, *self.serving.values()]
        width = max(len(row) for row in rows)
        summed: Counts = np.array([[*row, *(0,) * (width - len(row))] for row in rows], np.int64).sum(axis=0)
        return summed


@dataclass(frozen=True, slots=True)
class Process:
    """How far the labels of one process were read, and until which hour (inclusive) what it served is in totals."""

    cursor: int = 0
    through: int = NONE


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Open cohorts of one version by their start (Unix seconds), and the starts of those that matured."""

    open: Mapping[int, Cohort] = field(default_factory=dict)
    matured: frozenset[int] = frozenset()
    processes: Mapping[str, Process] = field(default_factory=dict)

    def cursor(self, pod: str, started: str) -> int:
        """From where on this process is to be asked."""
        return self.processes.get(process_digest(pod, started), Process()).cursor


class Maturity(StrEnum):
    """Why a cohort is judged."""

    COVERAGE = "Coverage"
    AGE = "Age"


@dataclass(frozen=True, slots=True, eq=False)
class Matured(Arrays):
    """A cohort whose labels are judged; ``coverage`` by predicted class, NaN where too little was served to say."""

    start: int
    by: Maturity
    entries: Entries
    part: float
    coverage: Array


def received(cohorts: Cohorts, labels: PodLabels, *, now: datetime, settings: Settings) -> Cohorts:
    """With what one pod told. Labels of cohorts that matured or are too old come too late."""
    process = process_digest(labels.pod, labels.started)
    before = cohorts.processes.get(process, Process())
    oldest = int((now - settings.label_age - settings.cohort).timestamp())
    found = dict(cohorts.open)
    for start, entries in _by_cohort(labels.entries, settings).items():
        if start > oldest and start not in cohorts.matured:
            cohort = found.get(start, Cohort())
            found[start] = replace(cohort, sample=(cohort.sample | Sample(entries)).bounded(MOST))
    through, seconds = before.through, int(settings.cohort.total_seconds())
    is_counted = labels.cohort_seconds == seconds
    for start, served in sorted(labels.served.items()):
        if start <= before.through or start in cohorts.matured or start <= oldest or not is_counted:
            continue
        row, cohort = (served.rows, *served.classes), found.get(start, Cohort())
        is_over = start + seconds + _slack(settings).total_seconds() <= now.timestamp()
        through = start if is_over else through
        found[start] = _served(cohort, process, row, is_over=is_over)
    processes = {**{name: one for name, one in cohorts.processes.items() if name != process},
                 process: Process(labels.cursor, through)}  # fmt: skip
    newest = dict(list(processes.items())[-PROCESSES:])
    return fitted({"": replace(cohorts, open=dict(sorted(found.items())), processes=newest)})[""]


def mature(cohorts: Cohorts, *, now: datetime, settings: Settings) -> tuple[Cohorts, tuple[Matured, ...]]:
    """Takes out the cohorts whose labels are judged now: every predicted class is covered, or they are old."""
    ripe: list[Matured] = []
    for start, cohort in cohorts.open.items():
        by = _maturity(start, cohort, now=now, settings=settings)
        if by is not None:
            sample = cohort.sample
            ripe.append(Matured(start, by, sample.entries, sample.part, coverage(cohort)))
    gone = {one.start for one in ripe}
    oldest = int((now - settings.label_age - 2 * settings.cohort).timestamp())
    matured = frozenset(start for start in cohorts.matured | gone if start > oldest)
    rest = {start: cohort for start, cohort in cohorts.open.items() if start not in gone}
    return replace(cohorts, open=rest, matured=matured), tuple(ripe)


def coverage(cohort: Cohort) -> Array:
    """Which share of the predictions has a label, by predicted class; one number where there are no classes."""
    served = cohort.served
    if len(served) <= 1:
        rows, labelled = served[:1], np.array([len(cohort.sample.entries)])[: len(served)]
    else:
        rows = served[1:]
        classes = cohort.sample.entries["predicted"]
        labelled = np.bincount(classes[(classes >= 0) & (classes < len(rows))], minlength=len(rows))
    enough = np.where(rows >= LEAST_SERVED, rows, 0).astype(np.float64)
    return np.minimum(divided(labelled / max(cohort.sample.part, 1e-12), enough), 1.0)


def _maturity(start: int, cohort: Cohort, *, now: datetime, settings: Settings) -> Maturity | None:
    age = timedelta(seconds=now.timestamp() - start) - settings.cohort
    if age >= settings.label_age:
        return Maturity.AGE
    covered = coverage(cohort)
    known = covered[np.isfinite(covered)]
    if age >= _slack(settings) and len(known) and bool((known >= settings.coverage).all()):
        return Maturity.COVERAGE
    return None


def _served(cohort: Cohort, process: str, row: tuple[int, ...], *, is_over: bool) -> Cohort:
    if not is_over:
        return replace(cohort, serving={**cohort.serving, process: row})
    serving = {name: one for name, one in cohort.serving.items() if name != process}
    both = Cohort(total=cohort.total, serving={process: row}).served
    return replace(cohort, total=tuple(int(number) for number in both), serving=serving)


def _by_cohort(entries: Iterable[LabelEntry], settings: Settings) -> dict[int, Entries]:
    seconds = int(settings.cohort.total_seconds())
    rows: dict[int, list[tuple[float, ...]]] = {}
    for one in entries:
        places = (NONE if place is None else place for place in (one.score_cell, one.predicted))
        parts = (NONE if place is None else place for place in (one.segment, one.group))
        rows.setdefault(one.at // seconds * seconds, []).append(
            (int(one.token, 16), *places, 0.0 if one.value is None else one.value, one.label, *parts)
        )
    return {start: np.array(found, ENTRY) for start, found in rows.items()}


def _slack(settings: Settings) -> timedelta:
    return max(settings.cohort * SLACK, LEAST_SLACK)


def fitted(by_revision: Mapping[str, Cohorts]) -> dict[str, Cohorts]:
    """The samples of a service's versions, small enough together: the more cohorts are open, the fewer each keeps.

    Labels of a regression, with a number each for prediction and label, take more bytes, so there are fewer.
    """
    samples = [cohort.sample for one in by_revision.values() for cohort in one.open.values()]
    has_numbers = any(bool(sample.entries["value"].any()) for sample in samples)
    together = MOST_NUMBERS if has_numbers else MOST_TOGETHER
    if sum(len(sample.entries) for sample in samples) <= together:
        return dict(by_revision)
    most = together // len(samples)
    return {
        name: replace(
            one, open={start: replace(cohort, sample=cohort.sample.bounded(most)) for start, cohort in one.open.items()}
        )
        for name, one in by_revision.items()
    }
