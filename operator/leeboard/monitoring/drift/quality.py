"""Is the data itself broken? A verdict of its own: it alerts within one short window and forbids retraining."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leeboard.api.monitoring_status import QualityVerdict
from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import QUALITY, Cells
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.profile import Kind, Profile

SURPRISE = 4.0
"""Standard errors above the reference's share: a chance of 3e-5 in each window for each feature."""
USUAL_SHARE = 0.9
"""A reference with more than this in one cell may well show only that cell for a while."""
_WITH_VALUES = (Kind.NUMERIC, Kind.BOOLEAN, Kind.CATEGORY)


@dataclass(frozen=True, slots=True, eq=False)
class Quality(Arrays):
    """``share`` and ``usual`` are of the rows, [features, 6] as in QUALITY; ``broken`` and ``suspicious`` likewise say
    what is above its usual share. ``constant`` [features]: all values fell into one cell, as they never did before.
    """

    verdict: QualityVerdict
    rows: int
    share: Array
    usual: Array
    broken: NDArray[np.bool_]
    suspicious: NDArray[np.bool_]
    constant: NDArray[np.bool_]

    def faults(self, profile: Profile) -> tuple[tuple[str, str], ...]:
        """What is broken: names of features with one of QUALITY or "constant"; the largest share first."""
        features, faults = np.nonzero(self.broken)
        order = np.argsort(-self.share[features, faults], kind="stable")
        found = [(profile.features[features[place]], QUALITY[faults[place]]) for place in order]
        return (*found, *((profile.features[place], "constant") for place in np.flatnonzero(self.constant)))


def judge_quality(profile: Profile, window: Cells, settings: Settings) -> Quality:
    """Shares of missing, null, mistyped, non-finite, unseen and outside values beside the reference's own.

    An excess counts when it is large (``quality_alert`` or ``quality_warn`` of the rows) and cannot be chance (the
    difference of two shares in its standard errors, pooled; Fleiss, Levin and Paik 2003, 3.1).
    """
    n, m = float(profile.reference.rows), float(window.rows)
    usual = profile.reference.quality / max(n, 1.0)
    share = window.quality / m if m else np.full(window.quality.shape, np.nan)
    both = (profile.reference.quality + window.quality) / max(n + m, 1.0)
    error = np.sqrt(both * (1 - both) * (1 / max(n, 1.0) + 1 / max(m, 1.0)))
    is_enough = m >= settings.quality_samples
    surprising = is_enough & (share - usual > SURPRISE * error)
    broken = surprising & (share - usual >= settings.quality_alert)
    suspicious = surprising & (share - usual >= settings.quality_warn)
    constant = _constant(profile, window, settings) if is_enough else np.zeros(len(profile.features), bool)
    return Quality(
        verdict=_verdict(window.rows, settings, broken=bool(broken.any() | constant.any()), odd=bool(suspicious.any())),
        rows=window.rows,
        share=share,
        usual=usual,
        broken=broken,
        suspicious=suspicious,
        constant=constant,
    )


def _verdict(rows: int, settings: Settings, *, broken: bool, odd: bool) -> QualityVerdict:
    if rows == 0:
        return QualityVerdict.NO_DATA
    if rows < settings.quality_samples:
        return QualityVerdict.INSUFFICIENT_DATA
    if broken:
        return QualityVerdict.BROKEN
    return QualityVerdict.SUSPICIOUS if odd else QualityVerdict.GOOD


def _constant(profile: Profile, window: Cells, settings: Settings) -> NDArray[np.bool_]:
    """Features whose values all fell into one cell, though on the reference no cell held nearly all; [features]."""
    rows, usual = window.counts.sum(axis=1), profile.reference.counts
    fullest = usual.max(axis=1, initial=0) / np.maximum(usual.sum(axis=1), 1)
    single = (rows >= settings.quality_samples) & (window.counts.max(axis=1, initial=0) == rows)
    has_values = np.array([kind in _WITH_VALUES for kind in profile.kinds], bool)
    constant = np.zeros(len(profile.features), bool)
    places = np.flatnonzero((profile.owner >= 0) & single & (fullest <= USUAL_SHARE))
    constant[profile.owner[places]] = True
    found: NDArray[np.bool_] = constant & has_values
    return found
