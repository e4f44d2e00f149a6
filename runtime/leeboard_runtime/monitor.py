"""What a server does for monitoring beside its answers: tokens before them, counting after them, documents on demand.

A fault in here is logged, and its rows are told as skipped; it never becomes a client's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
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
HELD_ROWS = 256
HELD_BYTES = 1 << 20
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


class Held(NamedTuple):
    """Answered requests that are not counted yet; ``served`` are the classes of their rows that have tokens."""

    read: Read
    served: Sequence[int]


class Monitor:
    """Lives on the event loop; ``clock`` is Unix time. Counts from the moment that the worker describes the model.

    Rows wait until there are HELD_ROWS, or HELD_BYTES, of them, and are counted together a while after their answers
    (``later``), so that none of these waits for it. Whoever reads the counts has everything counted before.
    """

    def __init__(
        self, declared: Declared, *, tokens: Tokens | None, clock: Callable[[], float], later: Later = at_once
    ) -> None:
        self.declared = declared
        self.tokens = tokens
        self._clock = clock
        self._later = later
        self._held: list[Held] = []
        self._held_rows = self._held_bytes = 0
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
        self.settle()
        self._description = description
        self.cells = _cells(self.declared, description)
        for column in self.cells.unknown_columns:
            log.warning("the model has no column of that name, it is counted nowhere column=%s", column)

    def answered(self, requests: Sequence[Packed], tensors: Sequence[OutputTensor], size: int) -> Sequence[str | None]:
        """Requests that one call of the model has answered; ``size`` is about how many bytes they take.

        Each one's tokens, comma separated, None where it has none. All of them leave the same columns out.
        """
        if self.cells is None:
            return [None] * len(requests)
        try:
            read = self.cells.read(requests, tensors, self._clock())
            tokens, served = self._sealed(read)
        except Exception as error:  # noqa: BLE001 - a fault of counting is never a client's
            self._failed(sum(request.rows for request in requests), error)
            return [None] * len(requests)
        self._held.append(Held(read, served))
        was_full = self._is_full
        self._held_rows += read.rows
        self._held_bytes += size
        if self._is_full and not was_full:
            self._later(self.settle)
        return tokens

    @property
    def _is_full(self) -> bool:
        return self._held_rows >= HELD_ROWS or self._held_bytes >= HELD_BYTES

    def settle(self) -> None:
        """Count whatever waits."""
        held, self._held = self._held, []
        self._held_rows = self._held_bytes = 0
        if self.cells is None or not held:
            return
        try:
            self.cells.count([one.read for one in held])
            self._count_served(held)
        except Exception as error:  # noqa: BLE001
            self._failed(sum(one.read.rows + one.read.skipped for one in held), error)

    def _failed(self, rows: int, error: Exception) -> None:
        self.faults += 1
        if self.cells is not None:
            self.cells.skipped += rows
        if self.faults & (self.faults - 1) == 0:  # the first, second, fourth, ...: what stays does not fill the log
            log.error("an answer was not counted faults=%d", self.faults, exc_info=error)

    def _sealed(self, read: Read) -> tuple[Sequence[str | None], Sequence[int]]:
        """The tokens of each request, and the classes of all rows that have one."""
        tokens = self.tokens
        keyring = None if tokens is None or not self._tells_outcomes else tokens.keys.value
        if tokens is None or not keyring:
            return [None] * len(read.requests), ()
        values, cells, classes = read.predictions
        told = classes
        if self._is_wide:
            cells, told = ([index if index < NOTHING else -1 for index in of] for of in (cells, classes))
        segments = map(self._segment.seal, read.segments[0]) if read.segments else repeat(-1)
        groups = map(self._group.seal, read.groups[0]) if read.groups else repeat(-1)
        fields = zip(repeat(int(read.at)), cells, told, values, segments, groups)
        if read.rows == len(read.requests) and not read.skipped:
            return keyring.seal(tokens.version, fields), classes
        found, served, start = list[str | None](), list[int](), 0
        for request in read.requests:
            counted = min(request.rows, read.limit)
            rows = tuple(islice(fields, counted))
            if request.rows <= min(TOKEN_ROWS, counted):
                found.append(",".join(keyring.seal(tokens.version, rows)))
                served += classes[start : start + counted]
            else:
                found.append(None)
            start += counted
        return found, served

    def _count_served(self, held: Sequence[Held]) -> None:
        for one in held:
            if self.tokens is None or not one.served:
                continue
            start = self.tokens.feedback.sample.cohort_of(int(one.read.at))
            served = self._served.get(start)
            if served is None:
                if len(self._served) >= COHORTS:
                    del self._served[min(self._served)]
                served = self._served[start] = [0] * (1 + len(self.declared.profile.classes))
            served[0] += len(one.served)
            for label in one.served:
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
