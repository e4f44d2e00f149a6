"""Runs that this process opened a moment ago: the next pass reads them by id instead of searching again.

A search costs the server twenty times a read (measured with SQLite). What is remembered is used once and not for long,
and only ids are: the run itself is read from the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

MAX_SECONDS = 30.0
_Question = tuple[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class _Answer:
    ids: tuple[str, ...]
    at: float
    is_grown: bool = False


class RecentRuns:
    """Answers of searches, by experiment and tags, and what was opened since."""

    def __init__(self, *, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._answers: dict[_Question, _Answer] = {}

    def searched(self, experiment: str, tags: Mapping[str, str], *, ids: tuple[str, ...]) -> None:
        """A search found ``ids``."""
        self._drop_old()
        question = experiment, frozenset(tags.items())
        self._answers.pop(question, None)
        self._answers[question] = _Answer(ids, self._steady())

    def opened(self, experiment: str, tags: Mapping[str, str], *, id_: str) -> None:
        """A run with ``tags`` was opened: it belongs to every answer that its tags satisfy."""
        carried = frozenset(tags.items())
        for (where, asked), answer in self._answers.items():
            if where == experiment and asked <= carried:
                answer.ids += (id_,)
                answer.is_grown = True

    def take(self, experiment: str, tags: Mapping[str, str]) -> tuple[str, ...]:
        """Ids of all runs that a search would find, once after one was opened; none when it has to be asked."""
        answer = self._answers.pop((experiment, frozenset(tags.items())), None)
        if answer is None or not answer.is_grown or self._steady() - answer.at > MAX_SECONDS:
            return ()
        return answer.ids

    def _drop_old(self) -> None:
        """Answers stand in the order of their age."""
        while self._answers:
            question = next(iter(self._answers))
            if self._steady() - self._answers[question].at <= MAX_SECONDS:
                return
            del self._answers[question]
