"""Of the rows of each protected group, how many got the favourable answer in a window.

Each group is compared with the first one that is declared: it is chosen before anybody looks, whereas comparing with
whichever has the highest rate makes a difference out of chance. All comparisons of a window hold together (Bonferroni).
Whether a difference is just, or lawful, is not for a program to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from leeboard.monitoring.cells import Cells
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.fairness.estimates import Estimate, Share, of_difference, of_ratio, of_share, quantile
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.slices import ROWS, SliceKey, SliceKind, Slices

LEAST_ROWS = 100
"""Of a smaller group no rate is told: it would say little about the group, and much about its members."""
ERROR = 0.05
_TWO = 2


class GroupStanding(StrEnum):
    """``NOT_SHOWN`` is not "the same": no difference is shown by so many rows."""

    BASIS = "Basis"
    DIFFERS = "Differs"
    NOT_SHOWN = "NotShown"
    TOO_FEW_ROWS = "TooFewRows"
    NO_FAVOURABLE_CLASS = "NoFavourableClass"


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """``rate`` of the favourable answer, ``difference`` and ``ratio`` beside the first group; None is unknown.
    ``usual`` is the rate among the reference's rows of the group.
    """

    key: SliceKey
    rows: int
    standing: GroupStanding
    rate: Estimate | None = None
    usual: float | None = None
    difference: Estimate | None = None
    ratio: Estimate | None = None


def favourable_of(profile: Profile, settings: Settings) -> int | None:
    """The index of the favourable class: the one that is named, of two the second; None where there is none."""
    if settings.favourable is not None:
        return profile.classes.index(settings.favourable) if settings.favourable in profile.classes else None
    return 1 if len(profile.classes) == _TWO else None


def outcomes(profile: Profile, window: Cells, *, phi: float, settings: Settings) -> tuple[GroupFinding, ...]:
    """One finding a declared group, in their order. ``phi`` says how much rows depend on each other: they count as so
    many times fewer.
    """
    keys = tuple(key for key in settings.slices if key.kind is SliceKind.GROUP)
    place = favourable_of(profile, settings)
    if place is None or not profile.answers[1]:
        return tuple(
            GroupFinding(key, _counted(window.slices, key, None)[0], GroupStanding.NO_FAVOURABLE_CLASS) for key in keys
        )
    column = 1 + profile.answers[0] + place
    counts = {key: _counted(window.slices, key, column) for key in keys}
    found = compared(keys, counts, phi=phi)
    return tuple(_with_usual(one, profile, column) for one in found)


def compared(
    keys: Sequence[SliceKey], counts: Mapping[SliceKey, tuple[int, int]], *, phi: float
) -> tuple[GroupFinding, ...]:
    """Rows and hits of each group beside those of its column's first one."""
    columns = [list(group) for _, group in groupby(keys, key=lambda key: key.column)]
    comparisons = sum(len(column) - 1 for column in columns)
    alone, together = quantile(ERROR), quantile(ERROR / max(comparisons, 1))
    found: list[GroupFinding] = []
    for column in columns:
        shares = {key: _share(counts[key], phi) for key in column}
        basis = shares[column[0]]
        for key in column:
            rows, own = counts[key][0], shares[key]
            if own is None:
                found.append(GroupFinding(key, rows, GroupStanding.TOO_FEW_ROWS))
            elif key == column[0]:
                found.append(GroupFinding(key, rows, GroupStanding.BASIS, of_share(own, alone)))
            elif basis is None:
                found.append(GroupFinding(key, rows, GroupStanding.TOO_FEW_ROWS, of_share(own, alone)))
            else:
                found.append(_beside(key, rows, (own, basis), z=(alone, together)))
    return tuple(found)


def _beside(key: SliceKey, rows: int, shares: tuple[Share, Share], *, z: tuple[float, float]) -> GroupFinding:
    alone, together = z
    difference = of_difference(*shares, together)
    differs = difference.low > 0 or difference.high < 0
    standing = GroupStanding.DIFFERS if differs else GroupStanding.NOT_SHOWN
    return GroupFinding(
        key, rows, standing, of_share(shares[0], alone), difference=difference, ratio=of_ratio(*shares, together)
    )


def _with_usual(finding: GroupFinding, profile: Profile, column: int) -> GroupFinding:
    """With the rate among the reference's rows, which are told by the same column and value."""
    rows, hits = _counted(profile.slices, SliceKey(SliceKind.SEGMENT, finding.key.column, finding.key.value), column)
    if rows < LEAST_ROWS:
        return finding
    return GroupFinding(
        finding.key, finding.rows, finding.standing, finding.rate, hits / rows, finding.difference, finding.ratio
    )


def _counted(slices: Slices, key: SliceKey, column: int | None) -> tuple[int, int]:
    row = slices.row(key)
    return (0, 0) if not len(row) else (int(row[ROWS]), 0 if column is None else int(row[column]))


def _share(counts: tuple[int, int], phi: float) -> Share | None:
    rows, hits = counts
    return None if rows < LEAST_ROWS else Share(hits / phi, rows / phi)
