"""The terms of a profile: features, and the channels that count one measure of them each, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from leeboard_runtime.outcomes import Task


class Kind(StrEnum):
    """What a feature is."""

    NUMERIC = "Numeric"
    BOOLEAN = "Boolean"
    CATEGORY = "Category"
    DATETIME = "Datetime"
    TEXT = "Text"
    ARRAY = "Array"
    NOT_MONITORED = "NotMonitored"


class Role(StrEnum):
    """What a channel tells of."""

    FEATURE = "Feature"
    SCORE = "Score"
    CLASS = "Class"


class Measure(StrEnum):
    """What of a value is counted."""

    VALUE = "Value"
    CATEGORY = "Category"
    AGE = "Age"
    HOUR_OF_WEEK = "HourOfWeek"
    LENGTH = "Length"
    EMPTY = "Empty"
    NON_ASCII = "NonAscii"
    NORM = "Norm"
    PROJECTION_0 = "Projection0"
    PROJECTION_1 = "Projection1"
    PROJECTION_2 = "Projection2"
    PROJECTION_3 = "Projection3"
    PROJECTION_4 = "Projection4"
    PROJECTION_5 = "Projection5"
    PROJECTION_6 = "Projection6"
    PROJECTION_7 = "Projection7"


TEXTUAL = frozenset({Measure.CATEGORY, Measure.EMPTY})
"""Measures whose cells are texts; those of the others are ranges of numbers."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One monitored input; finite numbers outside ``limits`` (inclusive) are not of the reference's unit."""

    name: str
    kind: Kind
    importance: float | None
    limits: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of cells: `bisect_right(edges, x)`, or one for each of ``values`` and ``hashed`` more for other texts.

    Where it is ``closed``, a text that is neither in ``values`` nor, as a hash, in ``known`` has not been seen before.
    """

    name: str
    role: Role
    feature: int | None
    measure: Measure
    edges: tuple[float, ...] | None
    values: tuple[str, ...]
    hashed: int
    closed: bool
    known: frozenset[str] = field(default=frozenset())

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return len(self.values) + self.hashed if self.edges is None else len(self.edges) + 1


@dataclass(frozen=True, slots=True)
class Profile:
    """What a server counts by; ``digest`` is that of the file."""

    digest: str
    task: Task
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    channels: tuple[Channel, ...]

    def index_of(self, role: Role) -> int | None:
        """The channel of the score or of the class, None where the model tells none."""
        return next((index for index, channel in enumerate(self.channels) if channel.role is role), None)
