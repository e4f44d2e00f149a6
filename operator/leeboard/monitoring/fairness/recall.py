"""Equal opportunity, by late labels: of the rows of each group whose label is the favourable class, how many were given
it (the true positive rate; Hardt, Price and Srebro 2016, arXiv 1610.02413).

Only cohorts whose labels came for all predicted classes count: where rejected loans never get labels, nobody knows how
many of them deserved another answer, and the rate of the others would be 1. Tokens carry the first declared group only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from leeboard.monitoring.analysis.arrays import Arrays
from leeboard.monitoring.cells import Counts, PodLabels
from leeboard.monitoring.cohorts import NONE, Cohort, Cohorts, Matured
from leeboard.monitoring.drift.settings import Settings
from leeboard.monitoring.fairness.outcomes import GroupFinding, GroupStanding, compared, favourable_of
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.slices import SliceKey, SliceKind

MOST = 10_000
"""Beyond that many labels the counts are halved, so that what is told is of late ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Recall(Arrays):
    """``counts`` [values, 2] of one column: labels that are the favourable class, and those of them predicted so.

    The indexes of groups in labels are places in ``values``. ``phi`` is how much rows depended on each other in the
    last window that was judged.
    """

    column: str
    values: tuple[str, ...]
    favourable: str | None
    counts: Counts
    phi: float = 1.0


def declared(
    recalls_: Mapping[str, Recall], cohorts: Mapping[str, Cohorts], *, revisions: Iterable[str], settings: Settings
) -> tuple[dict[str, Recall], dict[str, Cohorts]]:
    """By revision, with the groups that are declared now; where they are others than before, nobody knows any more what
    the groups of open labels were, and what labels said is forgotten.
    """
    asked, found, labels = _wanted(settings), {}, dict(cohorts)
    for name in revisions:
        known = recalls_.get(name)
        if asked is not None:
            found[name] = known if known is not None and _is_about(known, asked) else asked
        if name in labels and found.get(name) is not known:
            labels[name] = _without_groups(labels[name])
    return found, labels


def translated(labels: PodLabels, recall: Recall | None) -> PodLabels:
    """The same labels with groups as places in the recall's values, None where it has none of that name."""
    column, values = labels.group or ("", ())
    known = recall.values if recall is not None and recall.column == column else ()
    place = {index: known.index(value) for index, value in enumerate(values) if value in known}
    entries = (replace(one, group=None if one.group is None else place.get(one.group)) for one in labels.entries)
    return replace(labels, entries=tuple(entries))


def renewed(recall: Recall) -> Recall:
    """The same groups, of which nothing is known yet."""
    return replace(recall, counts=np.zeros_like(recall.counts))


def known_scatter(recalls_: Mapping[str, Recall], revision: str, phi: float) -> dict[str, Recall]:
    """With what a window showed of how much the revision's rows depend on each other."""
    single = float(np.float32(phi))
    return {name: replace(one, phi=single) if name == revision else one for name, one in recalls_.items()}


def learnt(recall: Recall, cohorts: Sequence[Matured], *, profile: Profile, settings: Settings) -> Recall:
    """With the labels of cohorts that matured; those that are labelled in part are left out."""
    place, counts = favourable_of(profile, settings), recall.counts
    if place is None:
        return recall
    for cohort in cohorts:
        known = cohort.coverage[np.isfinite(cohort.coverage)]
        if not len(known) or bool((known < settings.coverage).any()):
            continue
        entries, groups = cohort.entries, len(recall.values)
        ours = entries[(entries["label"] == place) & (entries["group"] >= 0) & (entries["group"] < groups)]
        deserved = np.bincount(ours["group"], minlength=groups)
        given = np.bincount(ours["group"][ours["predicted"] == place], minlength=groups)
        counts = counts + np.stack((deserved, given), axis=1)
        counts = counts // 2 if counts[:, 0].sum() > MOST else counts
    return replace(recall, counts=counts)


def recalls(recall: Recall, profile: Profile, settings: Settings) -> tuple[GroupFinding, ...]:
    """One finding a group of the column; ``rows`` are labels."""
    keys = [SliceKey(SliceKind.GROUP, recall.column, value) for value in recall.values]
    counts = {key: (int(row[0]), int(row[1])) for key, row in zip(keys, recall.counts, strict=True)}
    if favourable_of(profile, settings) is None:
        return tuple(GroupFinding(key, counts[key][0], GroupStanding.NO_FAVOURABLE_CLASS) for key in keys)
    return compared(keys, counts, phi=recall.phi)


def _wanted(settings: Settings) -> Recall | None:
    """With no labels yet, of the column that tokens carry; None where no group is declared."""
    keys = [key for key in settings.slices if key.kind is SliceKind.GROUP]
    ours = tuple(key.value for key in keys if key.column == keys[0].column)
    return Recall(keys[0].column, ours, settings.favourable, np.zeros((len(ours), 2), np.int64)) if keys else None


def _is_about(recall: Recall, other: Recall) -> bool:
    """Whether both count the same groups by the same class."""
    return (recall.column, recall.values, recall.favourable) == (other.column, other.values, other.favourable)


def _without_groups(cohorts: Cohorts) -> Cohorts:
    return replace(cohorts, open={start: _groupless(one) for start, one in cohorts.open.items()})


def _groupless(cohort: Cohort) -> Cohort:
    entries = cohort.sample.entries.copy()
    entries["group"] = NONE
    return replace(cohort, sample=replace(cohort.sample, entries=entries))
