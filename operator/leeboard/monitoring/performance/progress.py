"""A version's loss on labels that keep coming: a bet that it is higher than on the reference, looked at any time.

For the rows of one cohort, n_s of them in stratum s, a bet L multiplies a wealth by ``1 + (L / n_s)(loss - p_s)`` for
each row. Since ``1 + x <= exp(x)`` its expectation is at most ``exp(L sum_s (mean loss_s - p_s))``: at most 1 while the
mean over the strata is at most that of the p_s, however labels are spread over the strata, which p_s and L may
depend on. The p_s come from earlier cohorts, shifted so that their mean is the limit. So the wealth exceeds 1/alpha
with chance alpha at most, at any number of looks (Ville 1939; Waudby-Smith and Ramdas, arXiv 2010.09686): the same bets
as those of a rollout's analysis, with strata instead of two versions.

``Course.WATCH`` begins anew whenever nothing speaks against the version any more, so that a change after years of good
labels is seen as soon as one at the start; then alpha holds for each new beginning, so a false proof comes once in
1 / alpha cohorts at most on average, in fact far less often, since the loss must also be as large as the margin.

Of precision a cohort may tell of some predicted classes only (rejected loans get no labels): its bet is then on the
mean of those, and what is bet against is that no set of classes loses more than its own limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, log

import numpy as np

from leeboard.monitoring.analysis.arrays import Array, Arrays, kept
from leeboard.monitoring.analysis.betting import MOST, STAKE
from leeboard.monitoring.cells import divided
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.performance.question import Question, shown
from leeboard.monitoring.performance.tally import Tally

EXCESSES: Array = np.array([1.0, 2.0, 4.0])
"""What is bet on, as differences of mean losses in margins: a mixture, since the true one is not known."""
PRIOR_LABELS = 50.0
TOTAL = 100_000
"""Beyond so many labels half of each count is forgotten; a rare class may need tens of thousands to be enough."""
REACH = 1.5
"""The loss that ``needed`` labels are for, in margins: three points by default."""
SLOWER = 2.2
"""What the mixture and the part of the wealth at stake cost in labels, beside the best bet (measured)."""
_CAP, _TINY = 0.9, 1e-6


class Course(StrEnum):
    """``SINCE``: all labels since the beginning count, the beginning being when drift began. ``WATCH``: see above."""

    SINCE = "Since"
    WATCH = "Watch"


class Standing(StrEnum):
    """``UNPROVEN`` is not "as good as ever"."""

    WORSE = "Worse"
    UNPROVEN = "Unproven"
    TOO_FEW_LABELS = "TooFewLabels"


@dataclass(frozen=True, slots=True, eq=False)
class Progress(Arrays):
    """``wealth`` [excesses] as logarithms; ``counts`` [strata, values] of the labels bet on since it began anew;
    ``waiting`` are those that came before every stratum had one; ``total`` are all, halved beyond TOTAL of them.
    """

    metric: Metric
    course: Course
    wealth: Array
    counts: Array
    waiting: Array
    total: Array


@dataclass(frozen=True, slots=True)
class Finding:
    """``value`` (None: no labels) and ``reference`` are the metric as people know it. ``labels`` and ``value`` are of
    those since the bet began anew if they prove a loss or would suffice to, else of all: a version that does well must
    not lack labels whenever a bet begins anew. ``needed`` labels show a loss of ``REACH`` margins with a chance of
    about 0.8 (None: no number of labels would, the reference has too few).
    """

    metric: Metric
    standing: Standing
    labels: int
    value: float | None
    reference: float
    evidence: float
    needed: int | None


def begun(question: Question, course: Course) -> Progress:
    """Nothing known yet."""
    nothing = np.zeros(question.losses.shape)
    return Progress(question.metric, course, np.zeros(len(EXCESSES)), nothing, nothing, nothing)


def observed(progress: Progress, question: Question, tally: Tally) -> Progress:
    """With one matured cohort more."""
    counts = progress.waiting + question.counts(tally)
    judged = question.judged(counts)
    if not judged.any():
        return replace(progress, waiting=counts)
    growth = _growth(progress.counts[judged], question.of(judged), counts[judged])
    wealth = kept(progress.wealth + growth)
    total = progress.total + counts
    total = total if total.sum() <= TOTAL else np.floor(total / 2)
    nothing = np.zeros(question.losses.shape)
    further = replace(progress, wealth=wealth, counts=progress.counts + counts, waiting=nothing, total=total)
    if progress.course is Course.WATCH and _evidence(wealth) <= 0:
        return replace(begun(question, Course.WATCH), total=total)
    return further


def found(progress: Progress, question: Question, settings: Settings) -> Finding:
    """What the labels say now."""
    proof, loss = _evidence(progress.wealth), _loss(progress.counts, question)
    enough, fresh = needed(progress, question, settings), int(progress.counts.sum())
    is_large = loss is not None and loss[0] - loss[1] >= question.margin
    is_worse = fresh >= settings.min_labels and is_large and proof > log(1 / _alpha(progress, settings))
    basis = progress.counts if is_worse or (enough is not None and fresh >= enough) else progress.total
    labels, usual = int(basis.sum()), _loss(basis, question)
    standing = Standing.WORSE if is_worse else Standing.UNPROVEN
    return Finding(
        metric=question.metric,
        standing=standing if labels >= settings.min_labels else Standing.TOO_FEW_LABELS,
        labels=labels,
        value=None if usual is None else shown(question, usual[0]),
        reference=shown(question, question.reference if usual is None else usual[1]),
        evidence=proof,
        needed=enough,
    )


def needed(progress: Progress, question: Question, settings: Settings) -> int | None:
    """Labels that show a loss of ``REACH`` margins: 2 log(1/alpha) variance / excess^2, and what the bets cost."""
    judged, total = question.judged(progress.total), progress.total
    if judged.any():
        question, total = question.of(judged), total[judged]
    excess = question.reference + REACH * question.margin - question.limit
    if excess <= 0:
        return None
    rows = total.sum(axis=1)
    share = (rows + PRIOR_LABELS * question.share) / (rows.sum() + PRIOR_LABELS)
    variance = _variance(question, question.usual + REACH * question.margin)
    spread = float((variance / share).sum()) / len(share) ** 2
    labels = SLOWER * 2 * log(1 / _alpha(progress, settings)) * spread / excess**2
    return max(ceil(labels), settings.min_labels)


def _evidence(wealth: Array) -> float:
    """Logarithm of the mean over the excesses."""
    return float(np.logaddexp.reduce(wealth) - np.log(len(wealth)))


def _alpha(progress: Progress, settings: Settings) -> float:
    match progress.course:
        case Course.SINCE:
            return settings.label_alpha
        case Course.WATCH:
            return settings.watch_alpha


def _loss(counts: Array, question: Question) -> tuple[float, float] | None:
    """Mean over the strata that are judged, and the reference's over the same ones; None before there are any."""
    judged = question.judged(counts)
    if not judged.any():
        return None
    asked = question.of(judged)
    return float(_means(counts[judged], asked).mean()), asked.reference


def _means(counts: Array, question: Question) -> Array:
    return divided((counts * question.losses).sum(axis=1), counts.sum(axis=1))


def _variance(question: Question, mean: Array) -> Array:
    """Of one row's loss: at most that of a loss of 0 or 1 (Bhatia and Davis 2000); of errors, about their square."""
    mean = np.clip(mean, _TINY, 1 - _TINY)
    bound: Array = mean * (1 - mean)
    return np.minimum(bound, mean**2) if question.metric is Metric.MAE_RATIO else bound


def _levels(before: Array, question: Question) -> Array:
    """p_s: what the strata lost ``before`` [strata, values], shifted so that their mean is the limit, or more."""
    rows = before.sum(axis=1)
    lost = (before * question.losses).sum(axis=1)
    level = (lost + PRIOR_LABELS * question.usual) / (rows + PRIOR_LABELS)
    level = np.clip(level + question.limit - level.mean(), _TINY, 1 - _TINY)
    raised: Array = np.clip(level + max(question.limit - float(level.mean()), 0.0), _TINY, 1 - _TINY)
    return raised


def _growth(before: Array, question: Question, counts: Array) -> Array:
    """Logarithms of the growth in one cohort of ``counts`` after those ``before``; [excesses]."""
    level, rows = _levels(before, question), counts.sum(axis=1)
    best = len(rows) * EXCESSES * question.margin / float((_variance(question, level) / rows).sum())
    most = float((_CAP * rows / level).min())
    stakes = np.minimum(best, most)[:, None, None] / rows[None, :, None]
    growth = (counts[None] * np.log1p(stakes * (question.losses - level[:, None])[None])).sum(axis=(1, 2))
    staked: Array = np.logaddexp(np.log(1 - STAKE), np.log(STAKE) + np.minimum(growth, MOST))
    return staked
