"""What the server writes, the operator reads: the same cells, the same labels, and clear words for anything else."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from leeboard.monitoring.cells import QUALITY, LabelEntry, Served
from leeboard.monitoring.profile import SCHEMA, Profile
from leeboard.monitoring.reports import ReportInvalidError, cells_of, labels_of, profile_of
from leeboard_runtime import cells as server_cells
from leeboard_runtime import labels as server_labels
from leeboard_runtime import profile_reading
from leeboard_runtime.tokens import Opened, Sealed
from tests.support.profile_document import encoded, profile
from tests.unit.runtime import counted

ROWS: list[counted.Row] = [
    {"amount": 5.0, "ratio": 0.7, "visits": 1, "member": True, "city": "Oslo", "note": "å", "since": "2001-01-01",
     "probability": 0.9},
    {"amount": 150.0, "ratio": None, "visits": 3, "member": False, "city": "Paris", "note": "", "since": "1970-01-01",
     "probability": None},
]  # fmt: skip


def document() -> dict[str, Any]:
    """The server's profile with the members that only the operator reads."""
    widths = [one.cells for one in counted.PROFILE.channels]
    return {
        **profile(counted.FEATURES, counted.CHANNELS),
        "model": {"name": "loan", "version": "3", "digest": "sha256:1"},
        "reference": {"rows": 0},
        "counts": [[0] * width for width in widths],
        "quality": [[0] * 6 for _ in counted.FEATURES],
        "blocks": {"rows": [], "counts": []},
        "performance": None,
    }


PROFILE = Profile.from_json(encoded(document()))


def told() -> dict[str, Any]:
    """Member ``cells`` after two rows, through JSON as on the wire."""
    cells = counted.fresh()
    counted.count(cells, ROWS, absent=("city",))
    counted.count(cells, ROWS)
    member = {"profile": PROFILE.digest, "rows": cells.rows, "counts": cells.counts(), "quality": cells.quality()}
    found: dict[str, Any] = orjson.loads(orjson.dumps({**member, "skipped": cells.skipped}))
    return found


def labels() -> dict[str, Any]:
    """Member ``labels`` with two labels, one of a regression."""
    sample = server_labels.LabelSample()
    sample.take(Opened(2**63, b"", Sealed(7200, 3, 1, float("nan"), -1, 2)), 1)
    sample.take(Opened(5, b"", Sealed(7300, -1, -1, 2.5, 0, -1)), 2.25)
    cursor, entries = sample.after(0)
    member = {"cursor": cursor, "forged": 3, "expired": 1, "entries": [tuple(one) for one in entries]}
    served = [{"cohort": 7200, "rows": 9, "classes": [4, 5]}]
    found: dict[str, Any] = orjson.loads(orjson.dumps({**member, "served": served}))
    return found


def test_the_two_sides_agree_on_the_formats_numbers_and_names() -> None:
    assert SCHEMA == profile_reading.SCHEMA_VERSION
    assert server_cells.QUALITY == QUALITY
    assert list(PROFILE.widths) == [one.cells for one in counted.PROFILE.channels]
    assert PROFILE.features == tuple(one.name for one in counted.PROFILE.features)
    assert [role.value for role in PROFILE.roles] == [one.role.value for one in counted.PROFILE.channels]
    assert [one if one >= 0 else None for one in PROFILE.owner] == [one.feature for one in counted.PROFILE.channels]


def test_every_row_that_the_server_counted_is_read() -> None:
    cells = cells_of(told(), PROFILE)
    assert (cells.rows, cells.skipped, profile_of(told())) == (4, 0, PROFILE.digest)
    for place, row in enumerate(ROWS):
        of_row, faults = counted.cells_of(row)
        assert all(cells.counts[channel, cell] >= 2 - place // 2 for channel, cell in of_row.items() if channel != 4)
        assert all(cells.quality[feature, QUALITY.index(fault)] >= 1 for feature, fault in faults.items())
    assert cells.quality[4].tolist() == [2, 0, 0, 0, 1, 0]
    assert int(cells.counts[3].sum()) == 4


def test_labels_are_read_as_they_were_sealed() -> None:
    found = labels_of(labels(), told(), pod="a", revision="r1", started="s")
    assert found.entries == (
        LabelEntry(1, f"{2**63:016x}", 7200, 3, 1, None, 1.0, None, 2),
        LabelEntry(2, f"{5:016x}", 7300, None, None, 2.5, 2.25, 0, None),
    )
    assert (found.cursor, found.forged, found.expired) == (2, 3, 1)
    assert found.served == {7200: Served(9, (4, 5))}


def test_a_server_without_a_profile_counts_in_none() -> None:
    assert profile_of(None) is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("profile",), 7, "cells.profile: not a text"),
        (("rows",), -1, "cells.rows: -1 is not a count"),
        (("rows",), 1, "cells: a cell holds more than all rows"),
        (("skipped",), None, "cells.skipped: None is not a count"),
        (("counts",), [], "cells.counts: not a list of 12"),
        (("counts", 1), [1], "cells.counts[1]: not a list of 2"),
        (("counts", 1, 0), 1.0, "cells.counts[1][0]: 1.0 is not a count"),
        (("quality", 6, 5), True, "cells.quality[6][5]: True is not a count"),
    ],
)
def test_cells_that_cannot_be_read_are_named(path: tuple[str | int, ...], value: object, message: str) -> None:
    member = changed(told(), path, value)
    with pytest.raises(ReportInvalidError) as error:
        (profile_of(member), cells_of(member, PROFILE))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("cursor",), "1", "labels.cursor: '1' is not a count"),
        (("entries",), {}, "labels.entries: not a list"),
        (("entries",), [[]] * 4097, "labels.entries: 4097, 4096 at most are read"),
        (("entries", 0), [1], "labels.entries[0]: not a list of 9"),
        (("entries", 1, 1), "xyz", "labels.entries[1][1]: not 16 hexadecimal digits"),
        (("entries", 1, 4), -2, "labels.entries[1][4]: -2 is not a count"),
        (("entries", 1, 8), None, "labels.entries[1][8]: None is not a finite number"),
        (("served", 0, "classes"), None, "labels.served[0].classes: not a list"),
    ],
)
def test_labels_that_cannot_be_read_are_named(path: tuple[str | int, ...], value: object, message: str) -> None:
    with pytest.raises(ReportInvalidError) as error:
        labels_of(changed(labels(), path, value), told(), pod="a", revision="r1", started="s")
    assert str(error.value) == message


@pytest.mark.parametrize("member", [[], "x", 3])
def test_what_is_no_member_at_all_is_refused(member: object) -> None:
    for read in (profile_of, lambda one: cells_of(one, PROFILE)):
        with pytest.raises(ReportInvalidError, match=r"^cells: not an object"):
            read(member)


def changed(member: dict[str, Any], path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    found: Any = copy.deepcopy(member)
    place = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    result: dict[str, Any] = found
    return result
