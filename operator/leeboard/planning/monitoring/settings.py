"""The numbers of ``spec.monitoring`` as the judges want them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from leeboard.api.monitoring import Monitoring
from leeboard.monitoring.drift.settings import DEFAULTS, Settings
from leeboard.planning.serving.duration import seconds_of


def settings_of(spec: Monitoring | None) -> Settings:
    """The settings; what the spec does not name stays as the judges have it."""
    if spec is None:
        return DEFAULTS
    window, drift = spec.window, spec.drift
    return replace(
        DEFAULTS,
        period=timedelta(seconds=seconds_of(window.period)),
        longest=timedelta(seconds=seconds_of(window.longest)),
        min_samples=window.min_samples,
        quality_period=timedelta(seconds=seconds_of(window.quality_period)),
        drift_size=float(drift.size),
        warn_size=float(drift.warn),
    )
