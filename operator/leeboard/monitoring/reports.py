"""What a model server tells in `/monitoring/counts` of cells and labels, as the values that everything here works on.

The members' format is the server's (schema 1 of the document around them). Whoever reads a document asks for a profile
by ``profile_of`` first, since counts mean nothing without the cells that they are of.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from leeboard.monitoring.cells import MAX_COUNT, QUALITY, Cells, Counts, LabelEntry, PodLabels, Served
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.slices import NO_SLICES, SliceKind, Slices
from leeboard.monitoring.slices_json import SlicesInvalidError, parsed
from leeboard.monitoring.tables import TableInvalidError, table_of

MOST_ENTRIES = 4096
_ENTRY, _HASH = 9, 16
_COLUMNS, _VALUES = 4, 8
HOUR = 3600
"""The cohorts of a server that does not say how long they are."""


class ReportInvalidError(ValueError):
    """A report cannot be read; the message begins with the member that is wrong."""


def profile_of(member: object) -> str | None:
    """The digest of the profile that ``cells`` counts in; None when the server has none. Raises ReportInvalidError."""
    if member is None:
        return None
    digest = _object(member, "cells").get("profile")
    if not isinstance(digest, str):
        raise ReportInvalidError("cells.profile: not a text")
    return digest


def cells_of(member: object, profile: Profile) -> Cells:
    """Member ``cells`` of a server that counts in the cells of ``profile``. Raises ReportInvalidError."""
    members = _object(member, "cells")
    counts = _table(members.get("counts"), [int(width) for width in profile.widths], "cells.counts")
    quality = _table(members.get("quality"), [len(QUALITY)] * len(profile.features), "cells.quality")
    quality = quality.reshape(-1, len(QUALITY))
    rows, skipped = (_count(members.get(name), f"cells.{name}") for name in ("rows", "skipped"))
    found = Cells(rows, counts, quality, skipped, _slices(members, profile))
    if not found.is_sound:
        raise ReportInvalidError("cells: a cell holds more than all rows")
    return found


def labels_of(member: object, cells: object, *, pod: str, revision: str, started: str) -> PodLabels:
    """Member ``labels`` of one process, whose member ``cells`` names its groups. Raises ReportInvalidError."""
    members = _object(member, "labels")
    entries = _list(members.get("entries"), "labels.entries")
    if len(entries) > MOST_ENTRIES:
        raise ReportInvalidError(f"labels.entries: {len(entries)}, {MOST_ENTRIES} at most are read")
    served = _list(members.get("served"), "labels.served")
    return PodLabels(
        pod=pod,
        revision=revision,
        started=started,
        cursor=_count(members.get("cursor"), "labels.cursor"),
        entries=tuple(_entry(one, f"labels.entries[{place}]") for place, one in enumerate(entries)),
        served=dict(_served(one, f"labels.served[{place}]") for place, one in enumerate(served)),
        cohort_seconds=_count(members.get("cohortSeconds", HOUR), "labels.cohortSeconds"),
        forged=_count(members.get("forged"), "labels.forged"),
        expired=_count(members.get("expired"), "labels.expired"),
        group=_group(_list(_object(cells, "cells").get("groups", []), "cells.groups")),
    )


def _group(groups: list[Any]) -> tuple[str, tuple[str, ...]] | None:
    """Column and values of the first one, which tokens carry; ``cells_of`` has checked all of them."""
    if not groups:
        return None
    return str(groups[0]["column"]), tuple(str(one["value"]) for one in groups[0]["values"])


def _slices(members: Mapping[str, Any], profile: Profile) -> Slices:
    """Segments and groups, where the server is told of any."""
    found = NO_SLICES
    for name, kind in (("segments", SliceKind.SEGMENT), ("groups", SliceKind.GROUP)):
        try:
            found += parsed(
                members.get(name, []), kind, widths=profile.answers, path=f"cells.{name}", most=(_COLUMNS, _VALUES)
            )
        except SlicesInvalidError as error:
            raise ReportInvalidError(str(error)) from None
    return found


def _entry(value: object, path: str) -> LabelEntry:
    """Sequence, token, moment, score cell, class, value, segment, group, label; -1 is none."""
    one = _list(value, path)
    if len(one) != _ENTRY:
        raise ReportInvalidError(f"{path}: not a list of {_ENTRY}")
    sequence, token, moment, cell, predicted, number, segment, group, label = one
    if not isinstance(token, str) or len(token) != _HASH or not set(token) <= set("0123456789abcdef"):
        raise ReportInvalidError(f"{path}[1]: not {_HASH} hexadecimal digits")
    return LabelEntry(
        sequence=_count(sequence, f"{path}[0]"),
        token=token,
        at=_count(moment, f"{path}[2]"),
        score_cell=_place(cell, f"{path}[3]"),
        predicted=_place(predicted, f"{path}[4]"),
        value=None if number is None else _number(number, f"{path}[5]"),
        segment=_place(segment, f"{path}[6]"),
        group=_place(group, f"{path}[7]"),
        label=_number(label, f"{path}[8]"),
    )


def _served(value: object, path: str) -> tuple[int, Served]:
    members = _object(value, path)
    classes = _list(members.get("classes"), f"{path}.classes")
    return _count(members.get("cohort"), f"{path}.cohort"), Served(
        _count(members.get("rows"), f"{path}.rows"),
        tuple(_count(one, f"{path}.classes[{place}]") for place, one in enumerate(classes)),
    )


def _table(value: object, widths: list[int], path: str) -> Counts:
    try:
        return table_of(value, widths, path)
    except TableInvalidError as error:
        raise ReportInvalidError(str(error)) from None


def _object(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ReportInvalidError(f"{path}: not an object")
    return value


def _list(value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise ReportInvalidError(f"{path}: not a list")
    return value


def _count(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise ReportInvalidError(f"{path}: {value!r} is not a count")
    return value


def _place(value: object, path: str) -> int | None:
    return None if value == -1 and isinstance(value, int) else _count(value, path)


def _number(value: object, path: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise ReportInvalidError(f"{path}: {value!r} is not a finite number")
    return float(value)
