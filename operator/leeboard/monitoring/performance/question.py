"""What is asked of labelled predictions: is the mean loss, balanced over strata, higher than on the reference?

Every metric is such a mean of losses between 0 and 1, so that one test serves all of them:

    metric            a stratum is      the loss of a row in it
    BalancedAccuracy  a label class     1 when another class was predicted
    Precision         a predicted class 1 when the label is another class
    AUC               a label class     part of the reference's other class that has the better score, half of ties
                                        (placement values: Hanley and Hajian-Tilaki 1997, doi
                                        10.1016/S1076-6332(97)80161-4); the mean moves by half of what AUC moves
    MAERatio          all rows          the absolute error in units of the reference's mean, cut at eight of them
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from leeboard.monitoring.analysis.arrays import Array, Arrays
from leeboard.monitoring.cells import Counts, divided
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.performance.tally import ERROR_CELLS, ERROR_STEP, Tally, mean_error
from leeboard.monitoring.profile import Profile, Task

LEAST_LABELS = 20
"""Labels that a stratum has on the reference at least."""
DOUBT = 1.0
"""Standard errors by which the reference itself may have been lucky."""
HALF = 0.5
MOST_RATIO = ERROR_STEP * (ERROR_CELLS - 1)
_TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Question(Arrays):
    """``losses`` [strata, values] of a row; ``usual`` [strata] is the reference's mean loss and ``doubt`` [strata] the
    variance of that mean, ``share`` [strata] which part of its rows. ``margin`` is the least loss beside it that
    counts. ``strata`` are the rows of the metric.
    """

    metric: Metric
    losses: Array
    usual: Array
    doubt: Array
    share: Array
    margin: float
    strata: Counts

    @property
    def reference(self) -> float:
        """The reference's mean loss."""
        return float(self.usual.mean())

    @property
    def limit(self) -> float:
        """The mean over the strata that has to be exceeded: the reference's, and what that may have been lucky by."""
        return self.reference + DOUBT * sqrt(float(self.doubt.sum())) / len(self.doubt)

    def judged(self, counts: Array) -> NDArray[np.bool_]:
        """Which strata these labels [strata, values] tell of; [strata]. All or none of them, except for precision.

        Where labels come for some predicted classes only, the others are never heard of: precision is then that of the
        classes that are.
        """
        labelled: NDArray[np.bool_] = counts.sum(axis=1) > 0
        if self.metric is Metric.PRECISION or labelled.all():
            return labelled
        return np.zeros(len(labelled), bool)

    def of(self, strata: NDArray[np.bool_]) -> Question:
        """The same question of some of the strata."""
        return replace(
            self,
            losses=self.losses[strata],
            usual=self.usual[strata],
            doubt=self.doubt[strata],
            share=self.share[strata] / self.share[strata].sum(),
            strata=self.strata[strata],
        )

    def counts(self, tally: Tally) -> Array:
        """Labelled rows by stratum and value; [strata, values]."""
        table = _table(self.metric, tally.confusion, deciles=tally.deciles, errors=tally.errors)
        return table[self.strata].astype(np.float64)


def metric_for(profile: Profile, coverage: Array, settings: Settings) -> Metric | None:
    """The metric that fits the task, or the one asked for; None where the reference has no labels for one.

    ``coverage`` is by predicted class, NaN where unknown: where labels come for some of the classes only, what can be
    judged is how right the predictions of those are.
    """
    performance = profile.performance
    if performance is None:
        return None
    if profile.task is Task.REGRESSION or not profile.classes:
        return Metric.MAE_RATIO if mean_error(profile) is not None else None
    if not performance.confusion.sum():
        return None
    known = coverage[np.isfinite(coverage)]
    if len(known) and bool((known <= 0).any()):
        return Metric.PRECISION
    return settings.metric or Metric.BALANCED_ACCURACY


def question_of(profile: Profile, metric: Metric, settings: Settings) -> Question | None:
    """The question; None when the reference has fewer than ``LEAST_LABELS`` labels in all strata but one."""
    performance = profile.performance
    if performance is None:
        return None
    if metric is Metric.MAE_RATIO:
        return _of_errors(profile, settings)
    table = _table(metric, performance.confusion, deciles=performance.deciles, errors=np.zeros(0, np.int64))
    losses = _placements(table) if metric is Metric.AUC else 1.0 - np.eye(*table.shape)
    rows = table.sum(axis=1)
    strata = np.flatnonzero(rows >= LEAST_LABELS)
    if len(strata) < (1 if metric is Metric.PRECISION else 2):
        return None
    usual = divided((table * losses).sum(axis=1), rows.astype(np.float64))[strata]
    spread = divided((table * losses**2).sum(axis=1), rows.astype(np.float64))[strata] - usual**2
    doubt = np.maximum(spread, 0) / rows[strata]
    share = rows[strata] / rows[strata].sum()
    margin = settings.most_loss * (HALF if metric is Metric.AUC else 1.0)
    return Question(metric, losses[strata], usual, doubt, share, margin, strata)


def shown(question: Question, loss: float) -> float:
    """The metric as people know it: accuracy, precision and AUC of 1, errors as a ratio to the reference's."""
    match question.metric:
        case Metric.MAE_RATIO:
            return loss * MOST_RATIO
        case Metric.AUC:
            return 1 - question.reference - (loss - question.reference) / HALF
        case Metric.BALANCED_ACCURACY | Metric.PRECISION:
            return 1 - loss


def _of_errors(profile: Profile, settings: Settings) -> Question | None:
    """Errors are cut at eight means, which only lowers what is measured beside the reference's uncut mean."""
    unit, performance = mean_error(profile), profile.performance
    errors = None if performance is None else performance.errors
    if unit is None or errors is None or errors.count < LEAST_LABELS:
        return None
    spread = sqrt(max(errors.squared / errors.count - unit**2, 0.0) / errors.count) / unit
    losses = np.minimum(np.arange(ERROR_CELLS) * ERROR_STEP, MOST_RATIO)[None] / MOST_RATIO
    one = 1 / MOST_RATIO
    return Question(
        Metric.MAE_RATIO,
        losses,
        np.array([one]),
        np.array([(one * spread) ** 2]),
        np.ones(1),
        settings.most_ratio * one,
        np.zeros(1, np.int64),
    )


def _table(metric: Metric, confusion: Counts, *, deciles: Counts, errors: Counts) -> NDArray[np.int64]:
    match metric:
        case Metric.BALANCED_ACCURACY:
            return confusion.T
        case Metric.PRECISION:
            return confusion
        case Metric.AUC:
            return deciles.T
        case Metric.MAE_RATIO:
            return errors[None]


def _placements(table: NDArray[np.int64]) -> Array:
    """Losses [label class, score cell] of a binary model whose score is that of the second class."""
    negative, positive = (row / max(row.sum(), 1) for row in table[:2])
    below = np.cumsum(negative) - negative / 2
    above = 1 - (np.cumsum(positive) - positive / 2)
    losses: Array = np.clip(np.stack((1 - above, 1 - below)), 0.0, 1.0)
    return losses
