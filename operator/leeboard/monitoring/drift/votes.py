"""From windows to a verdict: the same feature, or the model as a whole, in three of the last four windows.

Votes for any feature would, on 1,000 driftless windows of 20 slow (AR(1), 0.9) features, have retrained 57 times;
votes for the same feature did not once.

A target that already differed in its first window never changed, the reference is just not about this traffic: that is
a mismatch until it has been clean in three of four windows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leeboard.api.monitoring_status import DriftVerdict as Verdict
from leeboard.monitoring.analysis.arrays import Arrays
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.drift.verdict import CLEAN, DIFFERS, UNKNOWN, Judged, Outcome, Standing, drifted_share
from leeboard.monitoring.profile import Profile

WINDOWS, NEEDED = 4, 3
MODEL_TARGETS = ("prediction", "importance")
"""Targets behind the features: drift of score or classes, and the importance of all that drifted."""
Ballots = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Votes(Arrays):
    """The last windows that were judged, oldest first.

    ``ballots`` is [windows, targets] of UNKNOWN, CLEAN, DIFFERS; targets are the features and MODEL_TARGETS. ``first``
    [targets] is what a target's first known window said, CLEAN once a mismatch has gone. ``opened`` says when each
    of the windows began.
    """

    ballots: Ballots
    first: Ballots
    opened: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """``drifted`` and ``mismatched`` name features and MODEL_TARGETS; ``since`` is when the first of the windows began
    that speak for the drift.
    """

    verdict: Verdict
    drifted: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    since: datetime | None = None


def no_votes(profile: Profile) -> Votes:
    """No window yet."""
    targets = len(profile.features) + len(MODEL_TARGETS)
    return Votes(np.zeros((0, targets), np.int8), np.full(targets, UNKNOWN, np.int8))


def voted(votes: Votes, judged: Judged, profile: Profile, *, opened: datetime, settings: Settings) -> Votes:
    """With one window more; one that was not judged has no vote."""
    if judged.outcome is not Outcome.JUDGED:
        return votes
    ballot = _ballot(votes, judged, profile, settings=settings)
    ballots = np.vstack((votes.ballots, ballot[None]))[-WINDOWS:]
    first = np.where(votes.first == UNKNOWN, ballot, votes.first)
    first = np.where((ballots == CLEAN).sum(axis=0) >= NEEDED, CLEAN, first).astype(np.int8)
    return replace(votes, ballots=ballots, first=first, opened=(*votes.opened, opened)[-WINDOWS:])


def ruled(votes: Votes, judged: Judged, profile: Profile) -> Ruling:
    """The verdict after ``judged``, whose vote is in ``votes`` already."""
    agreed = (votes.ballots == DIFFERS).sum(axis=0) >= NEEDED
    mismatched, drifted = agreed & (votes.first == DIFFERS), agreed & (votes.first != DIFFERS)
    names = (*profile.features, *MODEL_TARGETS)
    differing, drifting = _named(names, mismatched), _named(names, drifted)
    if mismatched[len(profile.features) :].any() or (mismatched.any() and not drifted.any()):
        return Ruling(Verdict.REFERENCE_MISMATCH, drifting, differing)
    if drifted.any():
        return Ruling(Verdict.DRIFT, drifting, differing, since=_since(votes, drifted))
    return Ruling(_undrifted(votes, judged))


def _undrifted(votes: Votes, judged: Judged) -> Verdict:
    match judged.outcome:
        case Outcome.NO_DATA:
            return Verdict.NO_DATA
        case Outcome.INSUFFICIENT_DATA:
            return Verdict.INSUFFICIENT_DATA
        case Outcome.JUDGED:
            return _of_judged(votes, judged)


def _of_judged(votes: Votes, judged: Judged) -> Verdict:
    known = judged.features[judged.features != Standing.NOT_MONITORED]
    standings = {*map(int, known), int(judged.prediction)} - {int(Standing.NOT_MONITORED), int(Standing.ONE_CELL)}
    if standings & {Standing.STABLE, Standing.WARNED, Standing.DRIFTED}:
        is_odd = bool(standings & {Standing.WARNED, Standing.DRIFTED}) or bool((votes.ballots[-1] == DIFFERS).any())
        return Verdict.SUSPECTED if is_odd else Verdict.STABLE
    return Verdict.REFERENCE_TOO_SMALL if Standing.REFERENCE_TOO_SMALL in standings else Verdict.INSUFFICIENT_DATA


def _ballot(votes: Votes, judged: Judged, profile: Profile, *, settings: Settings) -> Ballots:
    """One vote a target. Features that never matched the reference add nothing to the importance of what drifted."""
    features = len(judged.features)
    never_matched = (votes.first[:features] == DIFFERS) & (judged.features == Standing.DRIFTED)
    importance = drifted_share(profile.importance, np.where(never_matched, Standing.STABLE, judged.features))
    of_features = np.full(features, UNKNOWN, np.int8)
    of_features[judged.features <= Standing.WARNED] = CLEAN
    of_features[judged.features == Standing.DRIFTED] = DIFFERS
    prediction = UNKNOWN if judged.prediction > Standing.DRIFTED else int(judged.prediction is Standing.DRIFTED)
    share = UNKNOWN if importance is None else int(importance >= settings.drifted_share)
    return np.array([*of_features, prediction, share], np.int8)


def _since(votes: Votes, drifted: NDArray[np.bool_]) -> datetime:
    spoke = (votes.ballots[:, drifted] == DIFFERS).any(axis=1)
    return votes.opened[int(np.argmax(spoke))]


def _named(names: tuple[str, ...], which: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(names[place] for place in np.flatnonzero(which))
