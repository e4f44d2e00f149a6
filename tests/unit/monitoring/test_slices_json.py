"""Parts as servers and profiles tell them: read whole, or refused with the member that is wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from leeboard.errors import ProfileInvalidError
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.reports import ReportInvalidError, cells_of
from leeboard.monitoring.slices import SliceKey, SliceKind
from leeboard.monitoring.slices_json import SlicesInvalidError, parsed
from leeboard_runtime.predictions import Predictions
from leeboard_runtime.slices import SliceCounter, Slices
from tests.support.profile_document import encoded
from tests.unit.monitoring.sliced import people, reference

REGION: list[Any] = [
    {
        "column": "region",
        "values": [
            {"value": "south", "rows": 5, "score": [1, 2], "class": [3, 1]},
            {"value": "north", "rows": 4, "score": None, "class": [0, 4]},
            {"value": "west", "rows": 0, "score": [0, 0], "class": [0, 0]},
        ],
    }
]


def read(value: object) -> Any:  # noqa: ANN401 - what it is, the tests say
    return parsed(value, SliceKind.SEGMENT, widths=(2, 2), path="cells.segments", most=(4, 8))


def test_parts_are_read_in_order_and_those_without_rows_left_out() -> None:
    found = read(REGION)
    assert found.keys == tuple(SliceKey(SliceKind.SEGMENT, "region", value) for value in ("north", "south"))
    assert found.counts.tolist() == [[4, 0, 0, 0, 4], [5, 1, 2, 3, 1]]


def test_what_a_servers_counter_tells_is_read() -> None:
    counter = SliceCounter(Slices("region", ("south", "north")), scores=2, classes=2)
    counter.count([0, 1, -1, 0], Predictions([0.0] * 4, [0, 1, 1, 1], [1, 1, 0, -1]))
    found = read([counter.document(with_scores=True)])
    assert dict(zip([key.value for key in found.keys], found.counts.tolist(), strict=True)) == {
        "north": [1, 0, 1, 0, 1],
        "south": [2, 1, 1, 0, 1],
    }
    assert read([counter.document(with_scores=False)]).counts[:, 1:3].sum() == 0


CHANGES: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "no list": ((), {}, "cells.segments: not a list of at most 4"),
    "five columns": (
        (),
        [{"column": str(n), "values": []} for n in range(5)],
        "cells.segments: not a list of at most 4",
    ),
    "a column that is no object": ((0,), "region", "cells.segments[0]: not an object"),
    "a column without a name": ((0, "column"), None, "cells.segments[0].column: not a text"),
    "nine values": ((0, "values"), [{}] * 9, "cells.segments[0].values: not a list of at most 8"),
    "a value that is no text": ((0, "values", 0, "value"), 1, "cells.segments[0].values[0].value: not a text"),
    "a value twice": ((0, "values", 0, "value"), "north", "cells.segments: a value is told twice"),
    "rows below zero": ((0, "values", 1, "rows"), -1, "cells.segments[0].values[1].rows: -1 is not a count"),
    "true for rows": ((0, "values", 1, "rows"), True, "cells.segments[0].values[1].rows: True is not a count"),
    "another number of cells": ((0, "values", 0, "score"), [1], "cells.segments[0].values[0].score: not a list of 2"),
    "half a row": ((0, "values", 0, "class", 1), 0.5, "cells.segments[0].values[0].class[1]: 0.5 is not a count"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_the_member_that_is_wrong_is_named(case: str) -> None:
    path, value, message = CHANGES[case]
    changed: Any = copy.deepcopy({"": REGION})
    at, last = changed, ""
    for step in path:
        at, last = at[last], step
    at[last] = value
    with pytest.raises(SlicesInvalidError) as fault:
        read(changed[""])
    assert str(fault.value) == message


def test_profiles_and_reports_name_the_member_too() -> None:
    made = reference(people(1, 500))
    with pytest.raises(ProfileInvalidError, match=r"slices\[0\]: not an object"):
        Profile.from_json(encoded({**made.document, "slices": ["region"]}))
    member = {
        "rows": 0, "skipped": 0, "quality": [[0] * 6] * 3, "counts": [[0] * int(n) for n in made.profile.widths],
    }  # fmt: skip
    assert not cells_of(member, made.profile).slices.keys
    with pytest.raises(ReportInvalidError, match=r"cells\.groups\[0\]: not an object"):
        cells_of({**member, "groups": [1]}, made.profile)
    with pytest.raises(ReportInvalidError, match="a cell holds more than all rows"):
        cells_of({**member, "groups": [{"column": "sex", "values": [{"value": "f", "rows": 1}]}]}, made.profile)


def test_a_profile_of_an_earlier_runtime_has_no_parts() -> None:
    document = {name: value for name, value in reference(people(1, 500)).document.items() if name != "slices"}
    assert Profile.from_json(encoded(document)).slices.keys == ()
