"""A version's reference as the operator reads it: cells, how they were filled, and how that scattered over time.

The bytes are the artifact ``leeboard/profile.json`` that the version's profile pod wrote (schema 1). Values of a
feature never get here, only edges, counts and hashes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Cells, Counts, no_cells
from leeboard.monitoring.slices import Slices

SCHEMA = 1
NONE = -1
"""The feature of a channel that has none."""


class Task(StrEnum):
    """What the model puts out."""

    BINARY = "Binary"
    MULTICLASS = "Multiclass"
    REGRESSION = "Regression"
    UNKNOWN = "Unknown"


class Kind(StrEnum):
    """What the values of a feature are."""

    NUMERIC = "Numeric"
    BOOLEAN = "Boolean"
    CATEGORY = "Category"
    DATETIME = "Datetime"
    TEXT = "Text"
    ARRAY = "Array"
    NOT_MONITORED = "NotMonitored"


class Role(StrEnum):
    """Whose cells a channel holds."""

    FEATURE = "Feature"
    SCORE = "Score"
    CLASS = "Class"


@dataclass(frozen=True, slots=True, eq=False)
class Blocks(Arrays):
    """Consecutive parts of the reference in time order: rows [blocks], counts [blocks, channels, cells]."""

    rows: Counts
    counts: Counts


@dataclass(frozen=True, slots=True)
class Errors:
    """A regression's errors on the reference: how many, the sum of their absolute values, that of their squares."""

    count: int
    absolute: float
    squared: float


@dataclass(frozen=True, slots=True, eq=False)
class Performance(Arrays):
    """How the version did on its reference: confusion [predicted class, label class], deciles [score cell, label
    class]; both have no rows for a regression, ``errors`` is None for anything else.
    """

    target: str
    confusion: Counts
    deciles: Counts
    errors: Errors | None


@dataclass(frozen=True, slots=True, eq=False)
class Profile(Arrays):
    """One version's reference.

    ``reference.counts`` is [channels, cells], ``widths`` [channels] says how many of the cells a channel has;
    ``importance`` [features] sums to one, NaN where it is unknown; ``owner`` [channels] is a channel's feature or NONE.
    ``digest`` is the sha256 of the bytes that it was read from. ``slices`` are the reference's rows by frequent values
    of its inputs, all of kind Segment.
    """

    digest: str
    version: str
    task: Task
    classes: tuple[str, ...]
    features: tuple[str, ...]
    kinds: tuple[Kind, ...]
    importance: Array
    channels: tuple[str, ...]
    roles: tuple[Role, ...]
    measures: tuple[str, ...]
    owner: Counts
    widths: Counts
    reference: Cells
    blocks: Blocks
    performance: Performance | None
    slices: Slices = field(default_factory=Slices)

    @staticmethod
    def from_json(data: bytes) -> Profile:
        """The profile; raises ProfileInvalidError naming the member that is wrong."""
        from leeboard.monitoring.profile_json import profile_of  # noqa: PLC0415 - it knows Profile

        return profile_of(data)

    @property
    def empty(self) -> Cells:
        """Nothing counted yet, in this profile's cells."""
        return no_cells(*self.reference.shape)

    @property
    def without_blocks(self) -> Profile:
        """The same without blocks and slices, which are most of its size: enough to read counters, not to judge a
        season.
        """
        shape = (0, *self.reference.counts.shape)
        return replace(self, blocks=Blocks(np.zeros(0, np.int64), np.zeros(shape, np.int64)), slices=Slices())

    def of_role(self, *roles: Role) -> NDArray[np.bool_]:
        """Which channels have one of the roles; [channels]."""
        return np.array([role in roles for role in self.roles], bool)

    @property
    def answers(self) -> tuple[int, int]:
        """Cells of the score, and classes, that parts of the traffic are counted in; 0 without such a channel."""
        score, classes = self.place_of(Role.SCORE), self.place_of(Role.CLASS)
        return 0 if score is None else int(self.widths[score]), 0 if classes is None else len(self.classes)

    def place_of(self, role: Role) -> int | None:
        """The channel with that role, of which there is one at most."""
        return self.roles.index(role) if role in self.roles else None
