"""Rows whose labels come to the pods by the hour, as many of them and as late as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from leeboard.monitoring.cells import LabelEntry, PodLabels, Served
from tests.support.profiles import Rows
from tests.unit.monitoring.scenarios.loop import Loop
from tests.unit.monitoring.test_cohorts import token

HOUR = 3600
Part = Callable[[LabelEntry], bool]


def everything(_: LabelEntry) -> bool:
    """No label is left out."""
    return True


@dataclass
class Labelling:
    """Drives a loop hour by hour; ``delay`` is in hours, ``part`` says which labels ever come, ``matured`` counts those
    of cohorts that were judged while the version's last report was made.
    """

    loop: Loop
    delay: int = 1
    part: Part = everything
    hour: int = 0
    answered: int = 0
    waiting: list[tuple[int, PodLabels]] = field(default_factory=list)
    served: dict[int, Served] = field(default_factory=dict)

    def hour_of(self, rows: Rows) -> None:
        """One hour of requests; what falls due by its end is labelled before the poll."""
        start = int(self.loop.service.now.timestamp()) // HOUR * HOUR
        self.waiting.append((self.hour + self.delay, self.labels_of(rows, start)))
        self.hour += 1
        self._deliver()
        self.loop.window(rows, hours=1)

    def quiet(self, hours: int) -> None:
        """No request, but labels go on coming."""
        for _ in range(hours):
            self.hour += 1
            self._deliver()
            self.loop.later(hours=1)

    def hours(self, rows: Rows, *, of: int) -> Iterator[int]:
        """All whole hours of so many rows, each after its poll: the number of rows that were served by then."""
        for start in range(0, len(rows) - of + 1, of):
            self.hour_of(rows.part(slice(start, start + of)))
            yield start + of

    def _deliver(self) -> None:
        due = [labels for hour, labels in self.waiting if hour <= self.hour]
        self.waiting = [one for one in self.waiting if one[0] > self.hour]
        cursor = max((labels.cursor for labels in due), default=0)
        before = self.loop.service.labels.get(self.pod)
        entries = tuple(entry for labels in due for entry in labels.entries)
        cursor = max(cursor, 0 if before is None else before.cursor)
        self.loop.tell(PodLabels(self.pod, self.revision, "1", cursor, entries, dict(self.served)))

    @property
    def revision(self) -> str:
        """The one that serves."""
        return str(self.loop.service.stable)

    @property
    def pod(self) -> str:
        """Its pod."""
        return f"{self.revision}-a"

    def labels_of(self, rows: Rows, start: int) -> PodLabels:
        """Labels of an hour that began then."""
        assert rows.labels is not None
        assert rows.predicted is not None
        pairs = enumerate(zip(rows.predicted, rows.labels, strict=True), start=self.answered)
        entries = (
            LabelEntry(place + 1, token(place), start + 5, None, int(predicted), None, float(label))
            for place, (predicted, label) in pairs
        )
        self.answered += len(rows)
        self.served[start] = Served(len(rows), tuple(np.bincount(rows.predicted, minlength=2).tolist()))
        kept = tuple(entry for entry in entries if self.part(entry))
        return replace(PodLabels(self.pod, self.revision, "1", self.answered), entries=kept)
