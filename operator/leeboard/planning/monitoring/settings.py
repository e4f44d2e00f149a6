"""The numbers of ``spec.monitoring`` as the judges want them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from leeboard.api.monitoring import Labels, Monitoring
from leeboard.monitoring.drift.settings import DEFAULTS, Settings
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.slices import SliceKey, SliceKind
from leeboard.planning.duration import seconds_of


def settings_of(spec: Monitoring | None) -> Settings:
    """The settings; what the spec does not name stays as the judges have it."""
    if spec is None:
        return DEFAULTS
    window, drift = spec.window, spec.drift
    return replace(
        DEFAULTS if spec.labels is None else _with_labels(spec.labels),
        period=timedelta(seconds=seconds_of(window.period)),
        longest=timedelta(seconds=seconds_of(window.longest)),
        min_samples=window.min_samples,
        quality_period=timedelta(seconds=seconds_of(window.quality_period)),
        drift_size=float(drift.size),
        warn_size=float(drift.warn),
        slices=tuple(
            SliceKey(kind, one.column, value)
            for kind, columns in ((SliceKind.SEGMENT, spec.segments), (SliceKind.GROUP, spec.groups))
            for one in columns
            for value in one.values
        ),
        favourable=spec.favourable,
    )


def _with_labels(labels: Labels) -> Settings:
    return replace(
        DEFAULTS,
        label_age=timedelta(seconds=seconds_of(labels.max_age)),
        coverage=float(labels.coverage),
        cohort=timedelta(seconds=seconds_of(labels.cohort)),
        metric=None if labels.metric is None else Metric(labels.metric),
        most_loss=float(labels.max_loss),
        most_ratio=float(labels.max_ratio),
    )
