"""One verdict for each window, all services at once: every step is an operation on stacked arrays.

A channel drifts when its distance is significant (Benjamini and Hochberg over the service's features, and over its
predictions) AND large: corrected PSI of ``drift_size``, about half a standard deviation, or what parts of the reference
itself show, whichever is more. Significance alone flags every busy service, size alone every quiet one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.cells import Cells, Counts
from leeboard.monitoring.drift.calibration import Calibration
from leeboard.monitoring.drift.comparison import Comparison, compared
from leeboard.monitoring.drift.discoveries import discovered
from leeboard.monitoring.drift.samples import needed
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.drift.verdict import Judged, Outcome, Standing, drifted_share
from leeboard.monitoring.profile import Profile, Role

_OF_WORST = np.array([4, 5, 6, 3, 2, 1, 0])
"""Rank of each Standing among a feature's channels: what drifted first, then what was judged, then why not."""


@dataclass(frozen=True, slots=True)
class Case:
    """One closed window of one version, in the cells of ``profile``."""

    profile: Profile
    calibration: Calibration
    window: Cells
    settings: Settings


def judge_all(cases: Sequence[Case]) -> list[Judged]:
    """One verdict a case, in their order; a case is judged as if it were alone."""
    if not cases:
        return []
    sizes = np.array([len(case.profile.channels) for case in cases])
    owner = np.repeat(np.arange(len(cases)), sizes)
    phi = np.concatenate([case.calibration.phi for case in cases])
    limit = np.concatenate([case.calibration.limit for case in cases])
    comparison = compared(
        _stacked([case.profile.reference.counts for case in cases]),
        _stacked([case.window.counts for case in cases]),
        phi,
    )
    most_bias, drift, warn, rate = _settings(cases, sizes)
    rows = needed(comparison.cells.astype(np.float64), comparison.reference, phi, most_bias=most_bias)
    standing = _unjudged(comparison, rows, owner=owner, cases=cases)
    is_prediction = np.concatenate([case.profile.of_role(Role.SCORE, Role.CLASS) for case in cases])
    p = np.where(standing == Standing.STABLE, comparison.p, np.nan)
    differs = discovered(p, 2 * owner + is_prediction, rate=rate)
    standing[differs & (comparison.size >= np.maximum(warn, limit))] = Standing.WARNED
    standing[differs & (comparison.size >= np.maximum(drift, limit))] = Standing.DRIFTED
    ends = np.cumsum(sizes)
    return [
        _judged(case, comparison, standing=standing, needed_rows=rows, part=slice(end - size, end))
        for case, size, end in zip(cases, sizes, ends, strict=True)
    ]


def judge(case: Case) -> Judged:
    """One window's verdict."""
    return judge_all([case])[0]


def _stacked(tables: Sequence[Counts]) -> Counts:
    """Tables of any width below each other."""
    width = max(table.shape[1] for table in tables)
    stacked = np.zeros((sum(len(table) for table in tables), width), np.int64)
    end = 0
    for table in tables:
        stacked[end : end + len(table), : table.shape[1]] = table
        end += len(table)
    return stacked


def _settings(cases: Sequence[Case], sizes: NDArray[np.int64]) -> tuple[Array, Array, Array, Array]:
    """most_bias, drift_size, warn_size and the rate of false discoveries; [channels]."""
    rows = [
        (one.settings.most_bias, one.settings.drift_size, one.settings.warn_size, one.settings.false_discovery_rate)
        for one in cases
    ]
    bias, drift, warn, rate = np.repeat(np.array(rows, np.float64), sizes, axis=0).T
    return bias, drift, warn, rate


def _unjudged(comparison: Comparison, rows: Array, *, owner: Counts, cases: Sequence[Case]) -> Counts:
    """STABLE for what can be judged, else why it cannot; [channels]."""
    standing = np.full(len(owner), int(Standing.STABLE), np.int64)
    standing[comparison.window < rows] = Standing.TOO_FEW_ROWS
    standing[np.isinf(rows)] = Standing.REFERENCE_TOO_SMALL
    standing[(comparison.cells < 2) & (comparison.window > 0)] = Standing.ONE_CELL  # noqa: PLR2004 - a distance needs two
    standing[comparison.window == 0] = Standing.TOO_FEW_ROWS
    too_few = np.array([case.window.rows < case.settings.min_samples for case in cases], bool)
    standing[too_few[owner]] = Standing.TOO_FEW_ROWS
    return standing


def _judged(case: Case, comparison: Comparison, *, standing: Counts, needed_rows: Array, part: slice) -> Judged:
    profile, own = case.profile, standing[part]
    features, sizes = _by_feature(profile, own, comparison.size[part])
    predictions = own[profile.of_role(Role.SCORE, Role.CLASS)]
    return Judged(
        outcome=_outcome(case),
        rows=case.window.rows,
        standing=own,
        size=comparison.size[part],
        p=comparison.p[part],
        limit=case.calibration.limit,
        needed=needed_rows[part],
        features=features,
        feature_size=sizes,
        share=drifted_share(profile.importance, features),
        prediction=_worst(predictions),
    )


def _outcome(case: Case) -> Outcome:
    if case.window.rows == 0:
        return Outcome.NO_DATA
    return Outcome.INSUFFICIENT_DATA if case.window.rows < case.settings.min_samples else Outcome.JUDGED


def _worst(standings: Counts) -> Standing:
    if not len(standings):
        return Standing.NOT_MONITORED
    return Standing(int(standings[np.argmax(_OF_WORST[standings])]))


def _by_feature(profile: Profile, standing: Counts, size: Array) -> tuple[Counts, Array]:
    """Worst standing and largest size of each feature's channels; [features]."""
    features = len(profile.features)
    of_feature = profile.owner >= 0
    owner = profile.owner[of_feature]
    best = np.zeros(features, np.int64)
    np.maximum.at(best, owner, _OF_WORST[standing[of_feature]])
    names = np.argsort(_OF_WORST, kind="stable")
    worst = names[np.searchsorted(_OF_WORST[names], best)]
    sizes = np.full(features, -np.inf)
    np.fmax.at(sizes, owner, size[of_feature])
    return worst, np.where(np.isfinite(sizes), sizes, np.nan)
