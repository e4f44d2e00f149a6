"""A clock that stands still, an MLflow that counts, sources in memory: what whole lives are run among."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from leeboard.ports import Cluster, Counters, DataMarks, Queries, Sources, Tracking, Watching
from tests.support.fake_measurements import FakeCounters, FakeMarks, FakeQueries, FakeWatching
from tests.support.fake_tracking import FakeTracking


@dataclass
class Clock:
    """A wall clock that moves only when it is set."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at


@dataclass
class CountedTracking(FakeTracking):
    """MLflow that counts its calls."""

    calls: int = 0

    def _answer(self) -> None:
        self.calls += 1
        super()._answer()


def sources(
    cluster: Cluster,
    tracking: Tracking | None = None,
    *,
    counters: Counters | None = None,
    queries: Queries | None = None,
    watching: Watching | None = None,
    marks: DataMarks | None = None,
) -> Sources:
    """Sources of which a test cares for some only; the others answer nothing."""
    return Sources(
        cluster,
        tracking or FakeTracking(),
        counters or FakeCounters(),
        queries or FakeQueries(),
        watching or FakeWatching(),
        marks or FakeMarks(),
    )
