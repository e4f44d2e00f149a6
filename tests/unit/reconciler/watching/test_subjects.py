"""How often a service is polled."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.reconciler.watching.subjects import interval_of

LABELS = {"tokenKeysSecret": "keys", "feedbackSecret": "feedback"}


@pytest.mark.parametrize(
    ("monitoring", "seconds"),
    [
        pytest.param(None, 15.0, id="as usual without a spec"),
        pytest.param({"window": {"period": "24h"}}, 15.0, id="as usual for a day"),
        pytest.param({"window": {"period": "20s"}}, 5.0, id="four times in a short window"),
        pytest.param({"window": {"qualityPeriod": "12s"}}, 3.0, id="four times in a short window for quality"),
        pytest.param({"labels": LABELS | {"cohort": "40s"}}, 10.0, id="four times in a short cohort"),
        pytest.param({"window": {"period": "1s"}}, 2.0, id="every two seconds at most"),
        pytest.param({"window": {"period": "soon"}}, 15.0, id="as usual while the spec cannot be read"),
    ],
)
def test_pods_are_asked_more_often_where_windows_are_short(monitoring: dict[str, Any] | None, seconds: float) -> None:
    assert interval_of({"spec": {"monitoring": monitoring}}, 15.0) == seconds


def test_an_interval_shorter_than_usual_stays() -> None:
    assert interval_of({"spec": {"monitoring": {"window": {"period": "1s"}}}}, 0.2) == 0.2
