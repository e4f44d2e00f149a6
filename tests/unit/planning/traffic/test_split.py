"""Splits that can be, and who gets anything by them."""

from __future__ import annotations

import pytest

from leeboard.planning.traffic import Split
from tests.unit.planning.traffic.builders import BETA, CANARY, STABLE, a_split


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"weight": 101}, id="more than everything"),
        pytest.param({"weight": -1}, id="less than nothing"),
        pytest.param({"mirror": 101}, id="more copies than requests"),
        pytest.param({"canary": None, "weight": 1}, id="a share for nobody"),
        pytest.param({"canary": None, "mirror": 1}, id="copies for nobody"),
        pytest.param({"canary": None, "match": BETA}, id="headers for nobody"),
        pytest.param({"canary": STABLE}, id="a canary that is stable"),
    ],
)
def test_there_is_no_split_with(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="share"):
        Split(**{"stable": STABLE, "canary": CANARY, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("split", "shares", "reached"),
    [
        pytest.param(Split(STABLE), ((STABLE, 100),), {STABLE}, id="alone"),
        pytest.param(a_split(), ((STABLE, 100),), {STABLE}, id="a canary that is prepared"),
        pytest.param(a_split(10), ((STABLE, 90), (CANARY, 10)), {STABLE, CANARY}, id="a share"),
        pytest.param(a_split(100), ((CANARY, 100),), {CANARY}, id="everything"),
        pytest.param(a_split(mirror=100), ((STABLE, 100),), {STABLE, CANARY}, id="copies"),
        pytest.param(a_split(match=BETA), ((STABLE, 100),), {STABLE, CANARY}, id="headers"),
    ],
)
def test_requests_go_by(split: Split, shares: tuple[tuple[str, int], ...], reached: set[str]) -> None:
    assert split.shares == shares
    assert {revision for revision in (STABLE, CANARY, "ccc", "") if split.reaches(revision)} == reached


def test_without_its_canary_a_split_is_stable_alone() -> None:
    assert a_split(40, mirror=100, match=BETA).without_canary() == Split(STABLE)
