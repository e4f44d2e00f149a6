"""The intervals of the stories' figures."""

import numpy as np
import pytest

from tests.stories.intervals import gain, share


def test_a_share_lies_in_its_score_interval() -> None:
    found = share({"right": 81, "rows": 263})
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.308, 0.2553, 0.3662)


def test_a_share_of_all_rows_has_an_interval_all_the_same() -> None:
    found = share({"right": 50, "rows": 50})
    assert (found.value, round(found.low, 3), round(found.high, 6)) == (1.0, 0.929, 1.0)


@pytest.mark.parametrize(
    ("pairs", "excludes_zero"),
    [
        pytest.param({"both": 900, "onlyNew": 60, "onlyOld": 20, "neither": 20}, True, id="three times as many"),
        pytest.param({"both": 900, "onlyNew": 45, "onlyOld": 35, "neither": 20}, False, id="hardly more"),
        pytest.param({"both": 1000}, False, id="the same answers"),
    ],
)
def test_a_gain_is_of_the_rows_on_which_two_versions_differ(pairs: dict[str, int], *, excludes_zero: bool) -> None:
    found = gain(pairs)
    assert found.value == pytest.approx((pairs.get("onlyNew", 0) - pairs.get("onlyOld", 0)) / 1000)
    assert (found.low > 0) is excludes_zero


def test_the_interval_of_a_gain_holds_what_it_promises() -> None:
    random = np.random.default_rng(3)
    names, chances = ("both", "onlyNew", "onlyOld", "neither"), (0.88, 0.05, 0.03, 0.04)
    runs = [dict(zip(names, map(int, random.multinomial(1500, chances)), strict=True)) for _ in range(2000)]
    held = [(found := gain(pairs)).low <= 0.02 <= found.high for pairs in runs]
    assert 0.935 < float(np.mean(held)) < 0.965
