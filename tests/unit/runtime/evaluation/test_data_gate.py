"""A training set that is broken beside the one before: told by name with both shares; chance is none."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from leeboard_runtime.evaluation.data_gate import data_faults
from leeboard_runtime.frames import Array
from leeboard_runtime.profiling.cells import counted
from leeboard_runtime.profiling.channels import numeric

ROWS = 1000
Counts = list[int]


def profile(*inputs: tuple[str, str, Counts, Counts], rows: int = ROWS) -> dict[str, Any]:
    """Name, kind, cells and the six counts of quality of each input."""
    return {
        "reference": {"rows": rows},
        "features": [{"name": name, "kind": kind, "reason": f"{name} has no value"} for name, kind, _, _ in inputs],
        "channels": [
            {"feature": place, "measure": "Category" if kind == "Category" else "Value"}
            for place, (_, kind, _, _) in enumerate(inputs)
        ],
        "counts": [cells for _, _, cells, _ in inputs],
        "quality": [quality for *_, quality in inputs],
    }


def age(*, null: int = 0, infinite: int = 0, cells: Counts | None = None, kind: str = "Numeric") -> dict[str, Any]:
    return profile(("age", kind, cells or [400, 600], [0, null, 0, infinite, 0, 0]))


GOOD = age(null=20)


def of_values(values: Array) -> dict[str, Any]:
    """What the builder of profiles counts of such a column."""
    measured = numeric("age", "Feature", values, feature=0)
    made = profile(("age", "Numeric", counted(measured.cells, measured.channel), [0] * 6), rows=len(values))
    return {**made, "channels": [measured.channel.document()]}


def test_a_real_column_that_became_constant_is_told_and_one_that_moved_is_not() -> None:
    random = np.random.default_rng(0)
    before = of_values(random.normal(0, 1, ROWS))
    assert data_faults(of_values(np.full(ROWS, 3.0)), before) == ["age has the same value in all of 1000 rows"]
    assert data_faults(of_values(random.normal(5, 2, ROWS)), before) == []


def test_the_same_data_are_no_fault() -> None:
    assert data_faults(GOOD, GOOD) == []


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (age(null=300), "age is null in 30.0% of 1000 rows, before in 2.0%"),
        (age(infinite=90), "age is not finite in 9.0% of 1000 rows, before in 0.0%"),
        (age(cells=[0, 1000]), "age has the same value in all of 1000 rows"),
        (age(kind="NotMonitored"), "age is not counted any more: age has no value"),
    ],
    ids=["null", "infinite", "constant", "gone"],
)
def test_what_broke_is_told_with_both_shares(candidate: dict[str, Any], expected: str) -> None:
    assert data_faults(candidate, GOOD) == [expected]


@pytest.mark.parametrize(
    ("candidate", "champion"),
    [
        (age(null=60), GOOD),  # four points
        (profile(("age", "Numeric", [5, 5], [0, 1, 0, 0, 0, 0]), rows=11), GOOD),  # one of eleven rows
        (age(cells=[0, 1000]), age(cells=[30, 970])),  # it was nearly constant before
        (age(null=20), age(null=300)),  # better than before
        (profile(("income", "Numeric", [0, 1000], [0, 900, 0, 0, 0, 0])), GOOD),  # nobody knows how it was
        (age(kind="NotMonitored"), age(kind="NotMonitored")),
    ],
    ids=["little", "chance", "nearly constant before", "better", "a new input", "never counted"],
)
def test_what_is_no_fault(candidate: dict[str, Any], champion: dict[str, Any]) -> None:
    assert data_faults(candidate, champion) == []


def test_inputs_are_found_by_name_whatever_their_place() -> None:
    one, other = ("a", "Category", [1, 999], [0] * 6), ("b", "Category", [500, 500], [0] * 6)
    constant = ("b", "Category", [0, 1000], [0] * 6)
    assert data_faults(profile(constant, one), profile(one, other)) == ["b has the same value in all of 1000 rows"]


def test_the_worst_data_and_the_longest_names_fit_into_a_termination_message() -> None:
    names = [f"{number}{chr(0x1F600) * 300}" for number in range(30)]
    good = profile(*((name, "Numeric", [400, 600], [0] * 6) for name in names))
    bad = profile(*((name, "NotMonitored", [0, 0], [ROWS, *[0] * 5]) for name in names))
    found = data_faults(bad, good)
    assert len(found) == 5
    assert len(json.dumps(found)) < 2000
