"""Kinds of inputs and the channels that each kind has; blocks that add up to the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leeboard_runtime import measures
from leeboard_runtime.profiling.blocks import blocks_of
from leeboard_runtime.profiling.cells import counted
from leeboard_runtime.profiling.channels import channels_of, numeric
from leeboard_runtime.profiling.kinds import Input, inputs_of
from leeboard_runtime.profiling.quality import limits_of, quality_of
from leeboard_runtime.profiling.reference import Reference
from leeboard_runtime.signature import Column, Description, Tensor

ROWS = 400


def reference(inputs: object, rows: int = ROWS, times: Any = None) -> Reference:  # noqa: ANN401 - an array or None
    return Reference("artifact:reference.csv", "sha256:0", rows, inputs, times, None)


def judged(type_: str, values: Any, *, redact: tuple[str, ...] = ()) -> Input:  # noqa: ANN401 - values of any kind
    description = Description((Column("x", type_, required=True),), (), (), (), "", lean=False)
    (found,) = inputs_of(reference(pd.DataFrame({"x": values}), len(values)), description, redact)
    return found


SENTENCES = [f"order {number} came late, and was broken" for number in range(ROWS)]
KINDS = {
    "floats, also when all differ": ("double", np.arange(ROWS) * 1.5, "Numeric", ""),
    "integers that repeat": ("long", np.arange(ROWS) % 9, "Numeric", ""),
    "integers that do not": ("long", np.arange(ROWS), "NotMonitored", "Identifier"),
    "booleans": ("boolean", [True, False] * (ROWS // 2), "Boolean", ""),
    "texts that repeat": ("string", ["20K - 40K a year", "less"] * (ROWS // 2), "Category", ""),
    "words that do not": ("string", [f"id-{number}" for number in range(ROWS)], "NotMonitored", "Identifier"),
    "sentences": ("string", SENTENCES, "Text", ""),
    "bytes": ("binary", [b"a"] * ROWS, "NotMonitored", "Binary"),
    "moments": ("datetime", np.full(ROWS, "2026-01-01", dtype="datetime64[ns]"), "Datetime", ""),
    "nothing but nulls": ("string", [None] * ROWS, "NotMonitored", "Empty"),
    "nothing but NaN": ("double", [np.nan] * ROWS, "NotMonitored", "Empty"),
}


@pytest.mark.parametrize(("type_", "values", "kind", "reason"), KINDS.values(), ids=KINDS)
def test_the_kind_of(type_: str, values: Any, *, kind: str, reason: str) -> None:  # noqa: ANN401 - values of any kind
    found = judged(type_, values)

    assert (found.kind, found.reason) == (kind, reason)
    assert bool(list(channels_of(0, found, None))) is (kind != "NotMonitored")


def test_an_input_that_the_reference_lacks_is_not_monitored_and_missing_in_every_row() -> None:
    description = Description((Column("x", "double", required=False),), (), (), (), "", lean=False)

    (found,) = inputs_of(reference(pd.DataFrame({"y": [1.0] * ROWS})), description, ())

    assert (found.kind, found.reason, quality_of(found, ROWS)) == (
        "NotMonitored",
        "NotInReference",
        [ROWS, 0, 0, 0, 0, 0],
    )


def test_a_redacted_input_shows_neither_name_nor_values() -> None:
    found = judged("string", ["Bergen", "Oslo"] * 200, redact=("x",))

    (measured,) = channels_of(0, found, None)

    assert found.name == measured.channel.name == measures.redacted_name("x")
    assert (measured.channel.values, measured.channel.known, measured.channel.hashed) == ((), None, 16)
    assert sorted(count for count in counted(measured.cells, measured.channel) if count) == [200, 200]


def test_null_and_infinity_are_quality_and_in_no_cell() -> None:
    found = judged("double", [1.0, 2.0, np.nan, np.inf] * 100)

    (measured,) = channels_of(0, found, None)

    assert quality_of(found, 400) == [0, 100, 0, 100, 0, 0]
    assert sum(counted(measured.cells, measured.channel)) == 200
    assert limits_of(found) == [0.0, 3.0]
    assert limits_of(judged("double", [5.0] * ROWS)) is None


def test_a_moment_is_counted_by_age_and_hour_of_week_and_never_by_itself() -> None:
    monday = np.datetime64("2026-03-02T00:00", "us")
    found = judged("datetime", (monday + np.arange(ROWS) * np.timedelta64(1, "h")).astype("datetime64[ns]"))
    times = (monday + np.arange(ROWS) * np.timedelta64(2, "h")).astype(np.int64)

    age, week = channels_of(3, found, times)

    assert (age.channel.measure, age.channel.edges and age.channel.edges[0]) == ("Age", 40 * 3600.0)
    assert (week.channel.measure, week.channel.cells, week.cells[:7].tolist()) == ("HourOfWeek", 28, [0] * 6 + [1])
    assert [item.channel.measure for item in channels_of(3, found, None)] == ["HourOfWeek"]
    own = found.values.astype(np.int64) if found.values is not None else None
    assert [item.channel.measure for item in channels_of(3, found, own)] == ["HourOfWeek"]


def test_a_text_is_counted_by_length_emptiness_and_script() -> None:
    length, empty, script = channels_of(0, judged("string", [*SENTENCES[:-2], "", None]), None)

    assert [item.channel.measure for item in (length, empty, script)] == ["Length", "Empty", "NonAscii"]
    assert counted(empty.cells, empty.channel) == [ROWS - 2, 1]
    assert [int(item.cells[-1]) for item in (length, empty, script)] == [-1, -1, -1]


def test_an_array_is_counted_by_norm_and_projections_as_the_server_measures_them() -> None:
    rows = np.random.default_rng(3).normal(size=(ROWS, 2, 3)).astype(np.float32)
    rows[7, 0, 0] = np.nan
    description = Description((), (Tensor("input-0", "float32", (2, 3), named=False),), (), (), "", lean=False)
    (found,) = inputs_of(reference(rows), description, ())

    measured = list(channels_of(0, found, None))

    assert [item.channel.measure for item in measured] == ["Norm", *(f"Projection{number}" for number in range(8))]
    project = measures.projection(2, 6)
    channel = measured[3].channel
    expected = channel.of_numbers(np.asarray([project(row.ravel().astype(float).tolist()) for row in rows[:5]]))
    assert measured[3].cells[:5].tolist() == expected.tolist()
    assert (int(measured[0].cells[7]), quality_of(found, ROWS)) == (-1, [0, 1, 0, 0, 0, 0])


@given(st.integers(1, 3000))
def test_blocks_are_equal_but_for_one_row_and_add_up_to_the_whole(rows: int) -> None:
    measured = numeric("x", "Feature", np.arange(rows) % 17.0)

    found = blocks_of([measured], rows)

    if rows < 600:
        assert found == {"rows": [], "counts": []}
        return
    assert (sum(found["rows"]), max(found["rows"]) - min(found["rows"]) <= 1, min(found["rows"]) >= 20) == (
        rows,
        True,
        True,
    )
    assert len(found["rows"]) == min(120, rows // 20)
    whole = np.asarray([block[0] for block in found["counts"]]).sum(axis=0)
    assert whole.tolist() == counted(measured.cells, measured.channel)
