"""How other drift detectors are read beside ours."""

from math import inf

import numpy as np
import pytest

from tests.bench.drift_peers import Outcome, any_column, outcome, same_column
from tests.bench.drift_streams import Stream
from tests.support.profiles import Rows

SAID = [{"a": "a" in of, "b": "b" in of} for of in ("a", "", "ab", "a", "b", "", "b")]


def test_a_verdict_by_our_rule_takes_the_same_column_three_times_in_four_windows() -> None:
    assert same_column(SAID) == [False, False, False, True, False, False, False]
    assert any_column(SAID) == [True, False, True, True, True, False, True]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (None, Outcome(7, false=5, onsets=3, delay=None)),
        (20, Outcome(2, false=1, onsets=1, delay=1.0)),
        (25, Outcome(2, false=1, onsets=1, delay=0.5)),
        (50, Outcome(5, false=4, onsets=2, delay=2.0)),
        (70, Outcome(7, false=5, onsets=3, delay=inf)),
    ],
)
def test_verdicts_before_the_change_are_false_and_the_first_after_it_is_its_delay(
    change: int | None, expected: Outcome
) -> None:
    rows = Rows({"a": np.zeros(70)})
    assert outcome(any_column(SAID), Stream(rows, rows, window=10, change=change)) == expected
