"""The sample of labels that a pod keeps until the operator has read them: of each cohort the k with the least hashes.

A cohort is one UTC hour of predictions, or as long as `serve --cohort` says.
Hashes of tokens are uniform, so the least of them are a random sample, and the
sample of all pods is the least of the samples' union (Cohen and Kaplan, Summarizing data using bottom-k sketches, PODC
2007): a token that comes twice, or to two pods, counts once.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from leeboard_runtime.tokens import Opened

COHORT_SECONDS = 3600
SAMPLE = 4096
ENTRIES = 32768
ANSWER_ENTRIES = 4096


class Taken(StrEnum):
    """What became of a label."""

    KEPT = "kept"
    NOT_SAMPLED = "notSampled"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class Entry(NamedTuple):
    """One label, in the order in which the operator reads it; -1 and None for what there is none of."""

    sequence: int
    token: str
    at: int
    cell: int
    label_index: int
    value: float | None
    segment: int
    group: int
    label: float | int


@dataclass(slots=True)
class _Cohort:
    """The negative hashes of what is kept, the greatest hash on top; some of them may have left the sample."""

    heap: list[int] = field(default_factory=list)
    size: int = 0


class LabelSample:
    """Entries by token hash in the order of their coming, at most ENTRIES; the oldest, read long ago, makes room."""

    def __init__(self, *, sample: int = SAMPLE, entries: int = ENTRIES, cohort_seconds: int = COHORT_SECONDS) -> None:
        self.cohort_seconds = cohort_seconds
        self._sample = sample
        self._limit = entries
        self._entries: dict[int, Entry] = {}
        self._cohorts: dict[int, _Cohort] = {}
        self._sequence = 0
        self._read = 0
        self.lost = 0
        """Entries that made room before anybody had read them."""

    def take(self, opened: Opened, label: float) -> Taken:
        """Offer a label. The first one of a token stays; another one later is a conflict."""
        known = self._entries.get(opened.hash)
        if known is not None:
            return Taken.DUPLICATE if known.label == label else Taken.CONFLICT
        start = self.cohort_of(opened.sealed.at)
        cohort = self._cohorts.setdefault(start, _Cohort())
        if cohort.size >= self._sample:
            greatest = self._greatest(cohort)
            if opened.hash > greatest:
                return Taken.NOT_SAMPLED
            heapq.heappop(cohort.heap)
            self._forget(greatest)
            self._cohorts[start] = cohort
        self._sequence += 1
        at, cell, label_index, value, segment, group = opened.sealed
        self._entries[opened.hash] = Entry(
            self._sequence, f"{opened.hash:016x}", at,
            cell=cell, label_index=label_index, value=value, segment=segment, group=group, label=label,
        )  # fmt: skip
        cohort.size += 1
        heapq.heappush(cohort.heap, -opened.hash)
        if len(self._entries) > self._limit:
            self._make_room()
        return Taken.KEPT

    def after(self, cursor: int) -> tuple[int, list[Entry]]:
        """The cursor to go on with, and the entries beyond ``cursor``: oldest first, at most ANSWER_ENTRIES."""
        found: list[Entry] = []
        for entry in reversed(self._entries.values()):
            if entry.sequence <= cursor:
                break
            found.append(entry)
        found.reverse()
        told = list(islice(found, ANSWER_ENTRIES))
        cursor = told[-1].sequence if told else cursor
        self._read = max(self._read, cursor)
        return cursor, told

    def _greatest(self, cohort: _Cohort) -> int:
        """The greatest hash of a cohort that is still kept."""
        while -cohort.heap[0] not in self._entries:
            heapq.heappop(cohort.heap)
        return -cohort.heap[0]

    def _make_room(self) -> None:
        oldest = next(iter(self._entries))
        if self._entries[oldest].sequence > self._read:
            self.lost += 1
        self._forget(oldest)

    def _forget(self, token_hash: int) -> None:
        start = self.cohort_of(self._entries.pop(token_hash).at)
        cohort = self._cohorts[start]
        cohort.size -= 1
        if not cohort.size:
            del self._cohorts[start]
        elif len(cohort.heap) > 2 * self._sample:
            cohort.heap = list({one for one in cohort.heap if -one in self._entries})
            heapq.heapify(cohort.heap)

    def cohort_of(self, at: int) -> int:
        """The start of the cohort that a prediction belongs to, in Unix seconds."""
        return at - at % self.cohort_seconds
