"""Tumbling windows of one service's versions: pods are merged by addition, a window is a sum of differences.

    pods --advance--> open windows --close_due--> ClosedWindow, and the next one opens

What a pod counted is counted once or not at all, whatever is polled, restarted, born, lost or forgotten. What is lost
is only what a pod counted between its last poll and its end; if the operator goes at the same time, since the
state was last written. A state is written when ``must_write`` says so.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from leeboard.monitoring.cells import Cells, PodCells
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.profile import Profile

REVISIONS = 4
GONE = 200
"""Processes that are remembered after they went, so that none is counted twice when it comes back."""
PUNCTUAL, LATE = 24, timedelta(minutes=2)
"""A window closes in the first of so many parts of a season, or within the time that polls may be late; else it
waits for the end of the next season.
"""
_DIGEST_BYTES = 6


class Span(StrEnum):
    """Which of a version's two windows: whole seasons for drift, a short one for the data's quality."""

    SEASON = "Season"
    SHORT = "Short"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one pod had counted when it was last polled."""

    started: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Open:
    """A window that is being filled since ``opened``."""

    opened: datetime
    cells: Cells


@dataclass(frozen=True, slots=True)
class Revision:
    """One version's windows, in the cells of the profile with that digest.

    ``lost`` counts the processes that went: what they counted after their last poll is missing.
    """

    profile: str
    season: Open
    short: Open
    pods: Mapping[str, Baseline] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Windows:
    """All versions of one service, by revision. ``gone`` are digests of processes, oldest first; ``polled`` None is
    before the first poll. ``unseen`` are the pods that were there at the first poll and have not been read since.
    """

    revisions: Mapping[str, Revision] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    unseen: frozenset[str] = frozenset()
    polled: datetime | None = None
    closed: int = 0


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """A window that is to be judged; ``is_full`` when it has the rows that were asked for."""

    revision: str
    span: Span
    opened: datetime
    closed: datetime
    cells: Cells
    is_full: bool


def advance(
    windows: Windows, pods: Mapping[str, PodCells | None], *, profiles: Mapping[str, Profile], now: datetime
) -> Windows:
    """What is known after one poll of the pods that exist, by name; None did not answer and adds nothing.

    ``profiles`` are those of the service's revisions. A revision whose profile changed begins anew, since its cells
    mean something else; so the counters of another profile than the revision's are not looked at. Of pods that were
    there at the first poll nobody knows when they counted what they did: their first counters are baselines only. Any
    other process counts from its start. Time only goes on.
    """
    now = now if windows.polled is None else max(now, windows.polled)
    kept = _kept(windows, profiles, now)
    before = _processes(windows.revisions)
    unseen = frozenset(pods) if windows.polled is None else windows.unseen
    known = {*windows.gone, *(process_digest(*process) for process in before)}
    old = {
        name
        for name, pod in pods.items()
        if name in unseen or (pod is not None and process_digest(name, pod.started) in known)
    }
    revisions = {
        revision: _polled(one, _ours(pods, revision, one), exist=pods.keys(), old=old) for revision, one in kept.items()
    }
    after = _processes(revisions)
    went = sorted(process_digest(*process) for process in before - after)
    back = {process_digest(*process) for process in after}
    return replace(
        windows,
        revisions=revisions,
        gone=tuple(one for one in (*windows.gone, *went) if one not in back)[-GONE:],
        unseen=unseen & pods.keys() - {name for name, _ in after},
        polled=now,
    )


def close_due(windows: Windows, settings: Settings) -> tuple[Windows, tuple[ClosedWindow, ...]]:
    """Closes what is to be closed at the moment of the last poll, and opens the next windows.

    A season's window closes after whole seasons once it has ``min_samples``, at ``longest`` whatever it has. A short
    one closes after ``quality_period`` once it has ``quality_samples``, after a season whatever it has.
    """
    if windows.polled is None:
        return windows, ()
    now, closed, revisions = windows.polled, [], dict(windows.revisions)
    for name, revision in windows.revisions.items():
        season, short = revision.season, revision.short
        if _is_due(season, settings, now):
            closed.append(_closed(name, Span.SEASON, season, now=now, needs=settings.min_samples))
            season = Open(now, season.cells - season.cells)
        if _is_short_due(short, settings, now):
            closed.append(_closed(name, Span.SHORT, short, now=now, needs=settings.quality_samples))
            short = Open(now, short.cells - short.cells)
        revisions[name] = replace(revision, season=season, short=short)
    return replace(windows, revisions=revisions, closed=windows.closed + len(closed)), tuple(closed)


def restarted(windows: Windows, revision: str) -> Windows:
    """The revision's windows begin anew at the last poll: after a promotion or a rollback to it."""
    one = windows.revisions.get(revision)
    if one is None or windows.polled is None:
        return windows
    nothing = one.season.cells - one.season.cells
    fresh = replace(one, season=Open(windows.polled, nothing), short=Open(windows.polled, nothing))
    return replace(windows, revisions={**windows.revisions, revision: fresh})


def must_write(before: Windows, after: Windows) -> bool:
    """Whether a window closed, a process went, or a revision came or went since ``before``."""
    return (before.closed, before.gone, before.revisions.keys()) != (after.closed, after.gone, after.revisions.keys())


def process_digest(pod: str, started: str) -> str:
    """A name for one process of a pod, 12 hexadecimal digits."""
    return blake2b(f"{pod}/{started}".encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _kept(windows: Windows, profiles: Mapping[str, Profile], now: datetime) -> dict[str, Revision]:
    """Revisions with a profile, and as many others as there is room for: those that a rollback may bring back."""
    known = {name: one for name, one in windows.revisions.items() if name not in profiles}
    room = max(REVISIONS - len(profiles), 0)
    kept = dict(list(known.items())[-room:] if room else ())
    for name, profile in profiles.items():
        one = windows.revisions.get(name)
        if one is None or one.profile != profile.digest:
            one = Revision(profile.digest, Open(now, profile.empty), Open(now, profile.empty))
        kept[name] = one
    return kept


def _ours(pods: Mapping[str, PodCells | None], name: str, revision: Revision) -> dict[str, PodCells]:
    """Pods of the revision that count in the cells of its profile."""
    return {
        place: pod
        for place, pod in pods.items()
        if pod is not None
        and (pod.revision, pod.profile) == (name, revision.profile)
        and pod.cells.shape == revision.season.cells.shape
        and pod.cells.is_sound
    }


def _processes(revisions: Mapping[str, Revision]) -> set[tuple[str, str]]:
    """Pods with a baseline, and when each was started."""
    return {(name, pod.started) for one in revisions.values() for name, pod in one.pods.items()}


def _polled(
    revision: Revision, ours: Mapping[str, PodCells], *, exist: Container[str], old: Container[str]
) -> Revision:
    """With what the revision's pods counted since they were last polled; ``old`` ones do not count from their start."""
    pods = {name: pod for name, pod in revision.pods.items() if name in exist}
    lost, nothing = len(revision.pods) - len(pods), revision.season.cells - revision.season.cells
    more = nothing
    for name, pod in ours.items():
        before = pods.get(name)
        if before is not None and before.started == pod.started:
            added = pod.cells - before.cells
            more += added if added.is_sound else nothing
        else:
            more += nothing if name in old else pod.cells
            lost += before is not None
        pods[name] = Baseline(pod.started, pod.cells)
    return replace(
        revision,
        pods=pods,
        lost=revision.lost + lost,
        season=replace(revision.season, cells=revision.season.cells + more),
        short=replace(revision.short, cells=revision.short.cells + more),
    )


def _is_due(window: Open, settings: Settings, now: datetime) -> bool:
    age = now - window.opened
    if age >= settings.longest:
        return True
    is_punctual = age >= settings.period and age % settings.period <= max(settings.period / PUNCTUAL, LATE)
    return is_punctual and window.cells.rows >= settings.min_samples


def _is_short_due(window: Open, settings: Settings, now: datetime) -> bool:
    age = now - window.opened
    is_enough = window.cells.rows >= settings.quality_samples
    return age >= settings.quality_period and (is_enough or age >= settings.period)


def _closed(revision: str, span: Span, window: Open, *, now: datetime, needs: int) -> ClosedWindow:
    return ClosedWindow(revision, span, window.opened, now, window.cells, window.cells.rows >= needs)


def until_close(window: Open, settings: Settings, now: datetime) -> timedelta:
    """How long until the window can close at the earliest, for a sentence to people."""
    age = now - window.opened
    left = settings.period - age if age < settings.period else settings.period - age % settings.period
    return min(left, settings.longest - age)
