"""What is known of one service's rows: counters merged into windows, windows judged, judgements remembered.

    polled ──advanced──> windows ──closing──> whose profiles are needed in full ──judged──> reports

A version that becomes stable begins anew; one that is stable again, after a rollback, goes on with what was known of
it; new pods of the same version keep its votes. The canary's windows are judged like stable's, and reported apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

from pydantic import ValidationError

from leeboard.api.monitoring_status import DriftVerdict, PerformanceStatus, QualityStatus, ServedDriftStatus
from leeboard.monitoring.cells import Cursor, PodReport
from leeboard.monitoring.cohorts import Cohorts
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.memory import Memory
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.reporting import drift_of, performance_of, quality_of
from leeboard.monitoring.watching import concluded, labelled, polled, promoted
from leeboard.monitoring.windows import REVISIONS, Span, close_due, restarted

SCHEMA = 1
MEMORY, REPORTS, MARK = "memory.json", "reports.json", "mark"
"""Keys of the ConfigMap."""
_Known = TypeVar("_Known")


@dataclass(frozen=True, slots=True)
class Report:
    """The last verdicts on one revision; ``healthy_at`` is the end of the last window that was judged Stable."""

    drift: ServedDriftStatus | None = None
    quality: QualityStatus | None = None
    performance: PerformanceStatus | None = None
    healthy_at: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched: the profiles of the revisions that have pods, and which of them is stable."""

    profiles: Mapping[str, Profile]
    settings: Settings
    stable: str | None


@dataclass(frozen=True, slots=True)
class Watch:
    """``was_stable`` are the revisions that have been stable, the present one last. ``blind`` says by revision why its
    profile can never be read; it is not written, whoever looks finds it again.
    """

    memory: Memory = field(default_factory=Memory)
    reports: Mapping[str, Report] = field(default_factory=dict)
    was_stable: tuple[str, ...] = ()
    blind: Mapping[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Another one when this has to be written: a window closed, labels ripened, a process went, roles changed."""
        windows = self.memory.windows
        ripened = sorted((name, one.performance.until) for name, one in self.reports.items() if one.performance)
        said = [windows.closed, windows.gone, sorted(windows.revisions), self.was_stable, ripened]
        return blake2b(json.dumps(said).encode(), digest_size=12).hexdigest()

    def to_data(self) -> dict[str, str]:
        """The ConfigMap's data: 256 KiB at most for the memory, and 100 KiB for the reports."""
        reports = {name: _report_json(one) for name, one in self.reports.items()}
        rest = {"schema": SCHEMA, "wasStable": self.was_stable, "reports": reports}
        text = json.dumps(rest, separators=(",", ":"))
        return {MARK: self.mark, REPORTS: text, MEMORY: self.memory.to_text()}

    @staticmethod
    def from_data(data: Mapping[str, str]) -> Watch | None:
        """What was written; None when it cannot be read or was written by another schema."""
        memory = Memory.from_text(data.get(MEMORY, ""))
        try:
            document = json.loads(data.get(REPORTS, ""))
            if memory is None or document["schema"] != SCHEMA:
                return None
            reports = {str(name): _report_of(one) for name, one in document["reports"].items()}
            return Watch(memory, reports, tuple(map(str, document["wasStable"])))
        except (ValueError, TypeError, KeyError, AttributeError, ValidationError):
            return None


def cursors(watch: Watch) -> dict[str, Cursor]:
    """How far the labels of the pods that were seen before have been read."""
    return {
        name: Cursor(pod.started, watch.memory.cohorts.get(revision, Cohorts()).cursor(name, pod.started))
        for revision, one in watch.memory.windows.revisions.items()
        for name, pod in one.pods.items()
    }


def advanced(watch: Watch, pods: Mapping[str, PodReport | None], subject: Subject, *, now: datetime) -> Watch:
    """With one poll of the pods that exist; None did not answer and adds nothing."""
    counted = {name: None if one is None else one.cells for name, one in pods.items()}
    memory = polled(watch.memory, counted, profiles=subject.profiles, now=now)
    labels = [one.labels for one in pods.values() if one is not None and one.labels is not None]
    memory = labelled(memory, labels, now=now, settings=subject.settings)
    reports = {name: one for name, one in watch.reports.items() if name in memory.windows.revisions}
    return _in_roles(replace(watch, memory=memory, reports=reports), subject)


def closing(watch: Watch, subject: Subject) -> frozenset[str]:
    """Revisions with a season's window that ends now: their profiles are needed with the reference's blocks."""
    _, closed = close_due(watch.memory.windows, subject.settings)
    return frozenset(one.revision for one in closed if one.span is Span.SEASON and one.revision in subject.profiles)


def judged(watch: Watch, subject: Subject, full: Mapping[str, Profile], *, now: datetime) -> Watch:
    """What ends is judged; nothing ends while a profile that ``closing`` names is not in ``full``: a window of seasons
    then waits for the next one.
    """
    if not closing(watch, subject) <= full.keys():
        return watch
    profiles = {**subject.profiles, **full}
    memory, said = concluded(watch.memory, profiles=profiles, now=now, settings=subject.settings)
    reports = dict(watch.reports)
    for name, drift in said.drift.items():
        found = drift_of(drift, profiles[name])
        healthy_at = found.until if found.verdict is DriftVerdict.STABLE else _of(reports, name).healthy_at
        reports[name] = replace(_of(reports, name), drift=found, healthy_at=healthy_at)
    for name, quality in said.quality.items():
        reports[name] = replace(_of(reports, name), quality=quality_of(quality, profiles[name]))
    for name, labels in said.labels.items():
        performance = performance_of(labels, profiles[name], revision=name, now=now)
        if performance is not None:
            reports[name] = replace(_of(reports, name), performance=performance)
    return replace(watch, memory=memory, reports=reports)


def _of(reports: Mapping[str, Report], revision: str) -> Report:
    return reports.get(revision, Report())


def _in_roles(watch: Watch, subject: Subject) -> Watch:
    """Which revision is stable now, and what that means for what is known of it."""
    stable, before = subject.stable, watch.was_stable[-1] if watch.was_stable else None
    if stable is None or stable == before:
        return watch
    was_stable = (*(name for name in watch.was_stable if name != stable), stable)[-REVISIONS:]
    if before is None:
        return replace(watch, was_stable=was_stable)
    if stable in watch.was_stable:
        memory = replace(watch.memory, windows=restarted(watch.memory.windows, stable))
        return replace(watch, memory=memory, was_stable=was_stable)
    memory, reports = (
        promoted(watch.memory, stable),
        {name: one for name, one in watch.reports.items() if name != stable},
    )
    if _is_same(watch, before, stable):
        memory = _handed(memory, before, to=stable)
        reports[stable] = _of(watch.reports, before)
    return replace(watch, memory=memory, reports=reports, was_stable=was_stable)


def _is_same(watch: Watch, one: str, other: str) -> bool:
    """Whether two revisions are the same version on other pods: a profile is of one version only."""
    revisions = watch.memory.windows.revisions
    return one in revisions and other in revisions and revisions[one].profile == revisions[other].profile


def _handed(memory: Memory, revision: str, *, to: str) -> Memory:
    """What was concluded of a version, for its new pods."""
    return replace(
        memory,
        votes=_copied(memory.votes, revision, to),
        cohorts=_copied(memory.cohorts, revision, to),
        performance=_copied(memory.performance, revision, to),
        suspicions=_copied(memory.suspicions, revision, to),
        recalls=_copied(memory.recalls, revision, to),
        trails=_copied(memory.trails, revision, to),
    )


def _copied(known: Mapping[str, _Known], one: str, other: str) -> dict[str, _Known]:
    return {**known, other: known[one]} if one in known else dict(known)


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "drift": None if report.drift is None else report.drift.to_json(),
        "quality": None if report.quality is None else report.quality.to_json(),
        "performance": None if report.performance is None else report.performance.to_json(),
        "healthyAt": report.healthy_at,
    }


def _report_of(document: dict[str, Any]) -> Report:
    drift, quality, healthy_at = document["drift"], document["quality"], document["healthyAt"]
    performance = document["performance"]
    return Report(
        None if drift is None else ServedDriftStatus.model_validate(drift),
        None if quality is None else QualityStatus.model_validate(quality),
        None if performance is None else PerformanceStatus.model_validate(performance),
        None if healthy_at is None else str(healthy_at),
    )
