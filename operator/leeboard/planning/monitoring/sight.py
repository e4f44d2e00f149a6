"""What is reported of the rows of a service: stable's verdicts, and the canary's apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

from leeboard.api.conditions import Judgement
from leeboard.api.inference_service import InferenceService
from leeboard.api.monitoring_status import DriftStatus, PerformanceStatus, QualityStatus, ServedDriftStatus
from leeboard.monitoring.watch import Report, Watch
from leeboard.planning.facts import Unknown
from leeboard.planning.monitoring.judgements import judgements, kept, unreadable
from leeboard.planning.monitoring.verdicts import verdicts_of
from leeboard.planning.retraining.signs import Verdicts


@dataclass(frozen=True, slots=True)
class Sight:
    """The parts of the status, and the conditions."""

    drift: ServedDriftStatus | None = None
    canary_drift: DriftStatus | None = None
    quality: QualityStatus | None = None
    performance: PerformanceStatus | None = None
    said: tuple[Judgement, ...] = ()


def sight_of(watch: Watch | None, resource: InferenceService, *, stable: str | None, canary: str | None) -> Sight:
    """As it was before until somebody has looked; nothing where nothing is counted."""
    before = resource.status
    unseen = Sight(
        before.drift, before.canary_drift, before.quality, before.performance, tuple(kept(before.conditions))
    )
    if watch is None:
        return unseen
    ahead = None if canary is None else watch.reports.get(canary, Report()).drift
    canary_drift = None if ahead is None else ahead.brief
    if stable is not None and stable in watch.blind:
        said = unreadable(watch.blind[stable], takes_labels=takes_labels(resource))
        return replace(unseen, canary_drift=canary_drift, said=said)
    if stable is None or stable not in watch.memory.windows.revisions:
        return Sight(canary_drift=canary_drift)
    if not _knows(watch, stable):
        return replace(unseen, canary_drift=canary_drift)
    report = watch.reports.get(stable, Report())
    said = judgements(report, takes_labels=takes_labels(resource))
    return Sight(report.drift, canary_drift, report.quality, report.performance, said)


def takes_labels(resource: InferenceService) -> bool:
    """Whether performance can be judged."""
    return resource.spec.monitoring is not None and resource.spec.monitoring.labels is not None


def verdicts_on(watch: Watch | None, resource: InferenceService, *, stable: str | None) -> Verdicts | Unknown:
    """What retraining is told: never what was counted while the version was a canary."""
    if stable is None:
        return Unknown("nothing serves yet")
    if watch is None:
        return Unknown("the pods were not asked yet")
    if stable in watch.blind:
        return Unknown(f"the profile of the version cannot be read: {watch.blind[stable]}")
    if stable not in watch.memory.windows.revisions:
        return Unknown("rows are not counted: the condition Monitored says why")
    if not _knows(watch, stable):
        return Unknown("the version has just become stable")
    return verdicts_of(watch.reports.get(stable, Report()), takes_labels=takes_labels(resource))


def _knows(watch: Watch, stable: str) -> bool:
    """Whether what is known was counted with this revision as stable."""
    return watch.was_stable[-1:] == (stable,)
