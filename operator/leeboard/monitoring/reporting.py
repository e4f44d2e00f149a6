"""Verdicts as they are reported: names and numbers for people, at most twenty of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from leeboard.api import monitoring_status as told
from leeboard.api.conditions import timestamp
from leeboard.monitoring.cells import QUALITY
from leeboard.monitoring.drift.quality import Quality
from leeboard.monitoring.drift.trail import Trail, figures
from leeboard.monitoring.drift.verdict import Judged, Standing
from leeboard.monitoring.performance import Standing as PerformanceStanding
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.reporting_slices import groups_of, segments_of
from leeboard.monitoring.watching import DriftConclusion, LabelConclusion, QualityConclusion
from leeboard.monitoring.windows import ClosedWindow

STANDINGS = {
    Standing.STABLE: told.Standing.STABLE,
    Standing.WARNED: told.Standing.WARNED,
    Standing.DRIFTED: told.Standing.DRIFTED,
    Standing.TOO_FEW_ROWS: told.Standing.TOO_FEW_ROWS,
    Standing.REFERENCE_TOO_SMALL: told.Standing.REFERENCE_TOO_SMALL,
    Standing.ONE_CELL: told.Standing.ONE_CELL,
    Standing.NOT_MONITORED: told.Standing.NOT_MONITORED,
}


def drift_of(conclusion: DriftConclusion, profile: Profile) -> told.ServedDriftStatus:
    """The verdict on one season's window."""
    window, judged, ruling = conclusion.window, conclusion.judged, conclusion.ruling
    return told.ServedDriftStatus(
        **_window(window, profile),
        verdict=ruling.verdict,
        drifted=ruling.drifted,
        mismatched=ruling.mismatched,
        drift_since=None if ruling.since is None else timestamp(ruling.since),
        prediction=STANDINGS[judged.prediction],
        share=None if judged.share is None else f"{judged.share:.3f}",
        features=tuple(_features(profile, judged, conclusion.trail)),
        segments=tuple(segments_of(conclusion.segments, profile)),
        groups=tuple(groups_of(conclusion.groups, profile)),
    )


def quality_of(conclusion: QualityConclusion, profile: Profile) -> told.QualityStatus:
    """The verdict on one short window."""
    quality = conclusion.quality
    return told.QualityStatus(
        **_window(conclusion.window, profile),
        verdict=quality.verdict,
        faults=tuple(_faults(profile, quality)),
    )


def performance_of(
    conclusion: LabelConclusion, profile: Profile, *, revision: str, now: datetime
) -> told.PerformanceStatus | None:
    """What the labels say; None when the reference has none to compare with. A proof of either bet stands; else the bet
    since drift was suspected is told, where there is one.
    """
    known = [one for one in (conclusion.since, conclusion.watch) if one is not None]
    worse = (one for one in known if one.standing is PerformanceStanding.WORSE)
    finding = next(worse, known[0] if known else None)
    if finding is None:
        return None
    return told.PerformanceStatus(
        revision=revision,
        version=profile.version,
        until=timestamp(now),
        verdict=told.PerformanceVerdict(finding.standing.value),
        metric=finding.metric.value,
        value=None if finding.value is None else _figure(finding.value),
        reference=f"{finding.reference:.4f}",
        labels=finding.labels,
        needed=finding.needed,
        groups=tuple(groups_of(conclusion.groups, profile)),
    )


def _window(window: ClosedWindow, profile: Profile) -> dict[str, str | int]:
    return {
        "revision": window.revision,
        "version": profile.version,
        "profile": profile.digest,
        "since": timestamp(window.opened),
        "until": timestamp(window.closed),
        "rows": window.cells.rows,
    }


def _features(profile: Profile, judged: Judged, trail: Trail | None) -> Iterator[told.FeatureStatus]:
    """The largest change first; those without a number last, in their own order."""
    sizes = np.where(np.isfinite(judged.feature_size), judged.feature_size, -np.inf)
    for place in np.argsort(-sizes, kind="stable")[: told.MAX_NAMED]:
        yield told.FeatureStatus(
            name=profile.features[place],
            standing=STANDINGS[Standing(int(judged.features[place]))],
            psi=_figure(float(judged.feature_size[place])),
            last=figures(trail, int(place)),
        )


def _faults(profile: Profile, quality: Quality) -> Iterator[told.QualityFault]:
    for feature, fault in quality.faults(profile)[: told.MAX_NAMED]:
        if fault not in QUALITY:
            yield told.QualityFault(feature=feature, fault=fault)
            continue
        place = profile.features.index(feature), QUALITY.index(fault)
        share, usual = float(quality.share[place]), float(quality.usual[place])
        yield told.QualityFault(feature=feature, fault=fault, share=_figure(share), usual=_figure(usual))


def _figure(value: float) -> str | None:
    return f"{value:.4f}" if math.isfinite(value) else None
