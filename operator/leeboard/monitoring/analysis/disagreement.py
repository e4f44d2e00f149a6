"""Answers of two versions to the same requests: joined by the hash of the input, each pair looked at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from math import isnan

from leeboard.monitoring.counts import Answer, PodCounts

DIGEST_CHARACTERS = 8
MAX_REMEMBERED = 1000

Output = float | str | bool | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that were looked at (short digests, the last ``MAX_REMEMBERED``), all of them, and those that lack one.

    ``unpaired`` counts the canary's answers in the last rings for which the stable version has none.
    """

    digests: tuple[str, ...] = ()
    compared: int = 0
    unpaired: int = 0


def joined(
    pairs: Pairs, pods: Iterable[PodCounts], *, canary: str, stable: str
) -> tuple[Pairs, list[tuple[Answer, Answer]]]:
    """The pairs after one poll, and those (canary's answer, stable's answer) that are new."""
    ours, theirs = _by_digest(pods, canary), {}
    if ours:
        theirs = _by_digest(pods, stable)
    known = set(pairs.digests)
    new = [digest for digest in sorted(ours) if digest in theirs and digest not in known]
    remembered = (*pairs.digests, *new)[-MAX_REMEMBERED:]
    unpaired = sum(digest not in theirs and digest not in known for digest in ours) if ours else pairs.unpaired
    return (
        Pairs(remembered, pairs.compared + len(new), unpaired),
        [(ours[digest], theirs[digest]) for digest in new],
    )


def disagrees(one: Answer, other: Answer, tolerance: float) -> bool:
    """Whether two answers differ by more than ``tolerance``; another length or another kind of value does."""
    if len(one.outputs) != len(other.outputs):
        return True
    return not all(_equal(mine, yours, tolerance) for mine, yours in zip(one.outputs, other.outputs, strict=True))


def _equal(mine: Output, yours: Output, tolerance: float) -> bool:
    if isinstance(mine, bool | str | None) or isinstance(yours, bool | str | None):
        return type(mine) is type(yours) and mine == yours
    if isnan(mine) or isnan(yours):
        return isnan(mine) and isnan(yours)
    return mine == yours or abs(mine - yours) <= tolerance


def _by_digest(pods: Iterable[PodCounts], revision: str) -> dict[str, Answer]:
    return {
        blake2b(answer.input_hash.encode(), digest_size=DIGEST_CHARACTERS // 2).hexdigest(): answer
        for pod in pods
        if pod.revision == revision
        for answer in pod.answers
    }
