"""How the requests of one service are split between two revisions."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.traffic import HeaderMatch

ALL = 100
"""Percent."""


@dataclass(frozen=True, slots=True)
class Split:
    """Revisions by name; whoever writes one sees to it that the canary has the pods for it.

    ``weight`` is the percent of ordinary requests that the canary gets, ``mirror`` the percent that is copied to it;
    requests that match all headers of ``match`` go to it whatever the weight. Without a canary all three are nothing; a
    canary with nothing is prepared for, and gets nothing.
    """

    stable: str
    canary: str | None = None
    weight: int = 0
    mirror: int = 0
    match: tuple[HeaderMatch, ...] = ()

    def __post_init__(self) -> None:
        if not (0 <= self.weight <= ALL and 0 <= self.mirror <= ALL):
            raise ValueError(f"a share is from 0 to 100 percent: {self}")
        if self.canary == self.stable or (self.canary is None and (self.weight or self.mirror or self.match)):
            raise ValueError(f"a share of the requests needs a canary of its own: {self}")

    @property
    def shares(self) -> tuple[tuple[str, int], ...]:
        """Who gets ordinary requests, with the percent, the canary last; a revision that gets none is left out."""
        both = ((self.stable, ALL - self.weight), (self.canary or "", self.weight))
        return tuple((revision, share) for revision, share in both if share)

    def reaches(self, revision: str) -> bool:
        """Whether any request, or a copy of one, goes to ``revision``."""
        ordinary = any(revision == name for name, _ in self.shares)
        return ordinary or (revision == self.canary and bool(self.mirror or self.match))

    def without_canary(self) -> Split:
        """All requests to stable."""
        return Split(self.stable)
