"""What a server does for monitoring beside each answer: tokens before it, counting after it, documents on demand.

A fault in here is logged, and its rows are told as skipped; it never becomes a client's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from leeboard_runtime.channels import Profile, Role
from leeboard_runtime.counting import CellCounts, Read
from leeboard_runtime.feedback import Feedback
from leeboard_runtime.outcomes import Task
from leeboard_runtime.packed import Packed
from leeboard_runtime.protocol import OutputTensor
from leeboard_runtime.signature import Description
from leeboard_runtime.slices import Sealer, Slices
from leeboard_runtime.tokens import NOTHING, Keyring
from leeboard_runtime.watched import Watched

log = logging.getLogger("leeboard.monitoring")

TOKEN_ROWS = 256
COHORTS = 24 * 35
NO_MODEL = Description((), (), (), (), platform="", lean=False)


@dataclass(frozen=True, slots=True)
class Declared:
    """What is counted: a profile, and the columns whose values are told apart."""

    profile: Profile
    segments: tuple[Slices, ...] = ()
    groups: tuple[Slices, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """How answers are sealed, and who takes the labels; ``version`` is the mark of what this server serves."""

    keys: Watched[Keyring]
    version: bytes
    feedback: Feedback


Later = Callable[[Callable[[], None]], object]
"""Runs a call soon, as an event loop's `call_soon` does."""


def at_once(call: Callable[[], None]) -> None:
    """Run a call now."""
    call()


class Told(NamedTuple):
    """An answered request between its reply and its counting; the tokens of its rows, comma separated, or None."""

    read: Read
    at: float
    tokens: str | None


class Monitor:
    """Lives on the event loop; ``clock`` is Unix time. Counts from the moment that the worker describes the model.

    Answers of one batch are sent in one turn of the loop. What is counted waits for the next turn (``later``), so that
    none of them waits for the counting of another; whoever reads the counts has everything counted before.
    """

    def __init__(
        self, declared: Declared, *, tokens: Tokens | None, clock: Callable[[], float], later: Later = at_once
    ) -> None:
        self.declared = declared
        self.tokens = tokens
        self._clock = clock
        self._later = later
        self._waiting: list[Told] = []
        self._description: Description | None = None
        self.cells: CellCounts | None = None
        self._tells_outcomes = declared.profile.task is not Task.UNKNOWN
        self._is_wide = any(
            channel.cells > NOTHING for channel in declared.profile.channels if channel.role is not Role.FEATURE
        )
        self._nothing_yet = _cells(declared, NO_MODEL)
        self._segment, self._group = Sealer(declared.segments), Sealer(declared.groups)
        self.faults = 0
        self._served: dict[int, list[int]] = {}

    @property
    def counted(self) -> CellCounts:
        """The cells of this moment; zeros until the model is described."""
        self.settle()
        return self.cells or self._nothing_yet

    def describe(self, description: Description) -> None:
        """The model that answers from now on; the same one again, in a process started anew, changes nothing."""
        if description == self._description:
            return
        self._description = description
        self.cells = _cells(self.declared, description)
        for column in self.cells.unknown_columns:
            log.warning("the model has no column of that name, it is counted nowhere column=%s", column)

    def tell(self, packed: Packed, tensors: Sequence[OutputTensor]) -> Told | None:
        """Look at an answer before it is sent; None where it cannot be counted."""
        if self.cells is None:
            return None
        at = self._clock()
        try:
            read = self.cells.read(packed, tensors)
            return Told(read, at, self._sealed(read, int(at)) if self.tokens is not None else None)
        except Exception as error:  # noqa: BLE001 - a fault of counting is never a client's
            self._failed(packed.rows, error)
            return None

    def count(self, told: Told) -> None:
        """Count an answer that has been sent, soon."""
        self._waiting.append(told)
        if len(self._waiting) == 1:
            self._later(self.settle)

    def settle(self) -> None:
        """Count whatever waits."""
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            self._count(told)

    def _count(self, told: Told) -> None:
        if self.cells is None:
            return
        try:
            self.cells.count(told.read, told.at)
            if told.tokens is not None and self.tokens is not None:
                self._count_served(told, self.tokens.feedback.sample.cohort_of(int(told.at)))
        except Exception as error:  # noqa: BLE001
            self._failed(told.read.packed.rows, error)

    def _failed(self, rows: int, error: Exception) -> None:
        self.faults += 1
        if self.cells is not None:
            self.cells.skipped += rows
        if self.faults & (self.faults - 1) == 0:  # the first, second, fourth, ...: what stays does not fill the log
            log.error("an answer was not counted faults=%d", self.faults, exc_info=error)

    def _sealed(self, read: Read, at: int) -> str | None:
        """The tokens of an answer's rows; None where it has more than TOKEN_ROWS, or there are no keys."""
        tokens, rows = self.tokens, read.limit
        if tokens is None or not self._tells_outcomes or read.packed.rows > min(TOKEN_ROWS, rows):
            return None
        keyring, version = tokens.keys.value, tokens.version
        if not keyring:
            return None
        values, cells, classes = read.predictions
        if self._is_wide:
            cells, classes = ([index if index < NOTHING else -1 for index in of] for of in (cells, classes))
        if rows == 1:
            segment = self._segment.seal(read.segments[0][0]) if read.segments else -1
            group = self._group.seal(read.groups[0][0]) if read.groups else -1
            return keyring.seal(version, (at, cells[0], classes[0], values[0], segment, group))
        nowhere = (-1,) * rows
        segments = map(self._segment.seal, read.segments[0]) if read.segments else nowhere
        groups = map(self._group.seal, read.groups[0]) if read.groups else nowhere
        told = zip((at,) * rows, cells, classes, values, segments, groups, strict=True)
        return ",".join([keyring.seal(version, row) for row in told])

    def _count_served(self, told: Told, start: int) -> None:
        served = self._served.get(start)
        if served is None:
            if len(self._served) >= COHORTS:
                del self._served[min(self._served)]
            served = self._served[start] = [0] * (1 + len(self.declared.profile.classes))
        served[0] += told.read.limit
        for label in told.read.predictions.classes:
            if label >= 0:
                served[1 + label] += 1

    def cells_document(self) -> dict[str, Any]:
        """Member `cells` of `/monitoring/counts`."""
        cells = self.counted
        return {
            "profile": self.declared.profile.digest,
            "rows": cells.rows,
            "counts": cells.counts(),
            "quality": cells.quality(),
            "skipped": cells.skipped,
            "segments": [one.document(with_scores=True) for one in cells.segments],
            "groups": [one.document(with_scores=False) for one in cells.groups],
        }

    def labels_document(self, cursor: int) -> dict[str, Any] | None:
        """Member `labels` of `/monitoring/counts`, None where no tokens are given."""
        if self.tokens is None:
            return None
        self.settle()
        feedback = self.tokens.feedback
        cursor, entries = feedback.sample.after(cursor)
        return {
            "cursor": cursor,
            **{name: feedback.counted[name] for name in ("forged", "expired", "foreign", "conflict", "duplicate")},
            "lost": feedback.sample.lost,
            "cohortSeconds": feedback.sample.cohort_seconds,
            "served": [
                {"cohort": start, "rows": served[0], "classes": served[1:]}
                for start, served in sorted(self._served.items())
            ],
            "entries": [
                tuple(entry._replace(segment=self._segment.open(entry.segment), group=self._group.open(entry.group)))
                for entry in entries
            ],
        }


def _cells(declared: Declared, description: Description) -> CellCounts:
    return CellCounts(declared.profile, description, segments=declared.segments, groups=declared.groups)
