"""One service's monitoring, step by step: every function takes what is remembered and gives what is remembered next.

    (polled, labelled)* -> concluded -> Conclusions          promoted, when another version takes over

``concluded`` may be called after every poll: it says something only when a window closed or a cohort matured.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from leeboard.monitoring.cells import PodCells, PodLabels
from leeboard.monitoring.cohorts import Cohorts, Matured, mature, received
from leeboard.monitoring.drift.calibration import calibrated
from leeboard.monitoring.drift.judging import Case, judge
from leeboard.monitoring.drift.quality import Quality, judge_quality
from leeboard.monitoring.drift.segments import SegmentFinding, judge_segments
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.drift.trail import Trail, followed
from leeboard.monitoring.drift.verdict import DIFFERS, Judged
from leeboard.monitoring.drift.votes import Ruling, Votes, no_votes, ruled, voted
from leeboard.monitoring.fairness import (
    GroupFinding,
    declared,
    known_scatter,
    learnt,
    outcomes,
    recalls,
    renewed,
    translated,
)
from leeboard.monitoring.memory import Memory, Suspicion
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.performance import (
    Course,
    Finding,
    Progress,
    begun,
    found,
    metric_for,
    observed,
    question_of,
    tallied,
)
from leeboard.monitoring.profile import Profile, Role
from leeboard.monitoring.windows import ClosedWindow, Span, advance, close_due, restarted

Profiles = Mapping[str, Profile]
_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class DriftConclusion:
    """A season's window and what it says; ``ruling`` is the verdict after it."""

    window: ClosedWindow
    judged: Judged
    ruling: Ruling
    segments: tuple[SegmentFinding, ...] = ()
    groups: tuple[GroupFinding, ...] = ()
    trail: Trail | None = None


@dataclass(frozen=True, slots=True)
class QualityConclusion:
    """A short window and what it says."""

    window: ClosedWindow
    quality: Quality


@dataclass(frozen=True, slots=True)
class LabelConclusion:
    """Cohorts that matured, and what all labels say now: ``watch`` in any case, ``since`` only once drift is suspected.

    Both are None when the profile has no labels to compare with. ``groups`` are true positive rates.
    """

    cohorts: tuple[Matured, ...]
    watch: Finding | None
    since: Finding | None
    groups: tuple[GroupFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Conclusions:
    """What is new, by revision."""

    drift: Mapping[str, DriftConclusion] = field(default_factory=dict)
    quality: Mapping[str, QualityConclusion] = field(default_factory=dict)
    labels: Mapping[str, LabelConclusion] = field(default_factory=dict)


def polled(memory: Memory, pods: Mapping[str, PodCells | None], *, profiles: Profiles, now: datetime) -> Memory:
    """With the counters of all pods that exist; see ``windows.advance``."""
    windows = advance(memory.windows, pods, profiles=profiles, now=now)
    anew = {
        name
        for name, one in windows.revisions.items()
        if name in memory.windows.revisions and memory.windows.revisions[name].profile != one.profile
    }
    known = windows.revisions.keys() - anew
    return Memory(
        windows=windows,
        votes=_of(memory.votes, known),
        cohorts=_of(memory.cohorts, known),
        performance=_of(memory.performance, known),
        suspicions=_of(memory.suspicions, known),
        recalls=_of(memory.recalls, known),
        trails=_of(memory.trails, known),
    )


def labelled(memory: Memory, labels: Iterable[PodLabels], *, now: datetime, settings: Settings) -> Memory:
    """With labels that pods received; those of revisions without windows are not looked at."""
    recalls_, cohorts = declared(memory.recalls, memory.cohorts, revisions=memory.windows.revisions, settings=settings)
    for one in labels:
        if one.revision in memory.windows.revisions:
            before, ours = cohorts.get(one.revision, Cohorts()), translated(one, recalls_.get(one.revision))
            cohorts[one.revision] = received(before, ours, now=now, settings=settings)
    return replace(memory, cohorts=cohorts, recalls=recalls_)


def concluded(memory: Memory, *, profiles: Profiles, now: datetime, settings: Settings) -> tuple[Memory, Conclusions]:
    """Closes and judges what is due."""
    windows, closed = close_due(memory.windows, settings)
    memory = replace(memory, windows=windows)
    drift: dict[str, DriftConclusion] = {}
    quality: dict[str, QualityConclusion] = {}
    for window in closed:
        profile = profiles.get(window.revision)
        if profile is None:
            continue
        if window.span is Span.SHORT:
            quality[window.revision] = QualityConclusion(window, judge_quality(profile, window.cells, settings))
        else:
            memory, drift[window.revision] = _judged(memory, window, profile=profile, settings=settings)
    labels: dict[str, LabelConclusion] = {}
    for revision in sorted(memory.cohorts.keys() & profiles.keys()):
        rest, ripe = mature(memory.cohorts[revision], now=now, settings=settings)
        if ripe:
            memory = replace(memory, cohorts={**memory.cohorts, revision: rest})
            memory, labels[revision] = _learnt(memory, revision, ripe, profile=profiles[revision], settings=settings)
    return memory, Conclusions(drift, quality, labels)


def promoted(memory: Memory, revision: str) -> Memory:
    """Another version took over, or the one before came back: its windows, votes and bets begin anew."""
    others = memory.windows.revisions.keys() - {revision}
    return replace(
        memory,
        windows=restarted(memory.windows, revision),
        votes=_of(memory.votes, others),
        performance=_of(memory.performance, others),
        suspicions=_of(memory.suspicions, others),
        trails=_of(memory.trails, others),
        recalls={name: renewed(one) if name == revision else one for name, one in memory.recalls.items()},
    )


def _of(by_revision: Mapping[str, _Kept], revisions: Container[str]) -> dict[str, _Kept]:
    return {name: one for name, one in by_revision.items() if name in revisions}


def _judged(
    memory: Memory, window: ClosedWindow, *, profile: Profile, settings: Settings
) -> tuple[Memory, DriftConclusion]:
    """The window's vote and the verdict. Suspicion begins with the first window that differs."""
    revision = window.revision
    calibration = calibrated(profile, window.cells.rows)
    one = judge(Case(profile, calibration, window.cells, settings))
    before = memory.votes.get(revision) or no_votes(profile)
    votes = voted(before, one, profile, opened=window.opened, settings=settings)
    suspicions = dict(memory.suspicions)
    since = _since(votes)
    if since is None:
        suspicions.pop(revision, None)
    elif revision not in suspicions:
        suspicions[revision] = Suspicion(since, None)
    phi = 1.0 if (place := profile.place_of(Role.CLASS)) is None else float(calibration.phi[place])
    trail = followed(memory.trails.get(revision), one)
    memory = replace(
        memory,
        votes={**memory.votes, revision: votes},
        suspicions=suspicions,
        recalls=known_scatter(memory.recalls, revision, phi),
        trails=memory.trails if trail is None else {**memory.trails, revision: trail},
    )
    segments = judge_segments(profile, window.cells, calibration=calibration, settings=settings)
    groups = outcomes(profile, window.cells, phi=phi, settings=settings)
    return memory, DriftConclusion(window, one, ruled(votes, one, profile), segments, groups, trail)


def _since(votes: Votes) -> datetime | None:
    differs = (votes.ballots == DIFFERS).any(axis=1)
    return votes.opened[int(np.argmax(differs))] if differs.any() else None


def _learnt(
    memory: Memory, revision: str, ripe: tuple[Matured, ...], *, profile: Profile, settings: Settings
) -> tuple[Memory, LabelConclusion]:
    """Both bets with the matured cohorts; that since drift was suspected takes only cohorts from then on."""
    watch, suspicion = memory.performance.get(revision), memory.suspicions.get(revision)
    since = None if suspicion is None else suspicion.progress
    told: dict[Course, Finding | None] = {Course.WATCH: None, Course.SINCE: None}
    for cohort in ripe:
        watch, told[Course.WATCH] = _bet(watch, Course.WATCH, cohort, profile=profile, settings=settings)
        start = datetime.fromtimestamp(cohort.start, UTC)
        if suspicion is not None and start >= suspicion.since:
            since, told[Course.SINCE] = _bet(since, Course.SINCE, cohort, profile=profile, settings=settings)
    performance = dict(memory.performance) | ({} if watch is None else {revision: watch})
    suspicions = dict(memory.suspicions)
    if suspicion is not None:
        suspicions[revision] = replace(suspicion, progress=since)
    recalls_ = dict(memory.recalls)
    groups: tuple[GroupFinding, ...] = ()
    if revision in recalls_:
        recalls_[revision] = learnt(recalls_[revision], ripe, profile=profile, settings=settings)
        groups = recalls(recalls_[revision], profile, settings)
    conclusion = LabelConclusion(ripe, told[Course.WATCH], told[Course.SINCE], groups)
    return replace(memory, performance=performance, suspicions=suspicions, recalls=recalls_), conclusion


def _bet(
    progress: Progress | None, course: Course, cohort: Matured, *, profile: Profile, settings: Settings
) -> tuple[Progress | None, Finding | None]:
    """With one cohort more. Where labels came for some classes only, precision is judged from then on."""
    is_partial = progress is not None and progress.metric is Metric.PRECISION
    metric = Metric.PRECISION if is_partial else metric_for(profile, cohort.coverage, settings)
    question = None if metric is None else question_of(profile, metric, settings)
    if question is None:
        return progress, None
    fits = progress is not None and progress.metric is metric and progress.counts.shape == question.losses.shape
    before = progress if fits and progress is not None else begun(question, course)
    further = observed(before, question, tallied(cohort.entries, profile))
    return further, found(further, question, settings)
