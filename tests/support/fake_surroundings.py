"""A clock that stands still and an MLflow that counts: what whole lives in memory are run among."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

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
