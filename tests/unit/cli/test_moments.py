"""Times in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leeboard.cli.moments import ago, span, until

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (59.9, "59s"), (60, "1m"), (440, "7m20s"), (11400, "3h10m"), (90000, "25h"), (12 * 86400, "12d")],
)
def test_spans_have_two_units_at_most(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_moments_lie_before_or_after_and_nonsense_is_unknown() -> None:
    assert (ago("2026-03-01T11:59:00Z", NOW), until("2026-03-01T12:01:00Z", NOW)) == ("1m ago", "in 1m")
    assert (until("2026-03-01T11:58:00Z", NOW), ago("", NOW), until("soon", NOW)) == ("since 2m", "unknown", "unknown")
