"""The numbers that verdicts depend on, with their defaults; docs/monitoring.md says what each of them means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from leeboard.monitoring.metric import Metric
from leeboard.monitoring.slices import SliceKey


@dataclass(frozen=True, slots=True)
class Settings:
    """``period`` is one season: windows that can retrain span a whole number of them. Shares are of 1.

    ``drift_size`` and ``warn_size`` are corrected PSI; ``most_bias`` is the largest bias that a judged feature may
    have. ``most_loss`` is what a metric may lose before that counts (``most_ratio`` for MAE, as a part of the
    reference's), ``label_alpha`` the chance of a false proof once drift began, ``watch_alpha`` without drift. Cohorts
    that servers count by another length mature by age. ``slices`` are the segments and groups as they are declared,
    ``favourable`` the class that groups are compared by.
    """

    period: timedelta = timedelta(hours=24)
    longest: timedelta = timedelta(days=7)
    min_samples: int = 500
    quality_period: timedelta = timedelta(hours=1)
    quality_samples: int = 100
    false_discovery_rate: float = 0.01
    drift_size: float = 0.2
    warn_size: float = 0.1
    most_bias: float = 0.02
    drifted_share: float = 0.2
    quality_alert: float = 0.05
    quality_warn: float = 0.01
    metric: Metric | None = None
    most_loss: float = 0.02
    label_alpha: float = 0.05
    watch_alpha: float = 0.001
    min_labels: int = 200
    most_ratio: float = 0.1
    coverage: float = 0.8
    cohort: timedelta = timedelta(hours=1)
    label_age: timedelta = timedelta(days=7)
    slices: tuple[SliceKey, ...] = ()
    favourable: str | None = None


DEFAULTS = Settings()
