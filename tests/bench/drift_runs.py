"""What verdicts say along a stream, beside a detector that never fires and one that always does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np

from leeboard.monitoring.cohorts import ENTRY, Entries
from leeboard.monitoring.drift import DEFAULTS, Verdict
from leeboard.monitoring.metric import Metric
from leeboard.monitoring.performance import Course, Standing, begun, found, observed, question_of, tallied
from leeboard.monitoring.profile import Profile
from tests.bench.drift_streams import Make, Stream
from tests.support.profiles import Reference, Rows, reference_of
from tests.support.verdicts import judged, rulings

SEEDS = 20
COHORT = 100
"""Labels that mature together."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One stream's windows, ``before`` of them up to the change. ``onsets`` are the windows (from 0) at which a drift
    verdict began, ``false`` of them before the change; ``delay`` is in windows after it, inf: never.
    """

    windows: int
    before: int
    judged: int
    drifted: int
    onsets: tuple[int, ...]
    false: int
    delay: float
    named: tuple[str, ...]
    largest: float


def follow(stream: Stream) -> Followed:
    """Judge all windows one after another."""
    reference = reference_of(stream.reference)
    windows = reference.windows(stream.live, of=stream.window)
    one_by_one = judged(reference, windows)
    ruled = [ruling for _, ruling in rulings(reference, windows)]
    said = [False, *(ruling.verdict is Verdict.DRIFT for ruling in ruled)]
    onsets = tuple(place for place, (before, now) in enumerate(pairwise(said)) if now and not before)
    ends = [(place + 1) * stream.window for place in onsets]
    change = inf if stream.change is None else stream.change
    first = next((place for place, end in zip(onsets, ends, strict=True) if end > change), None)
    whole = len(windows) if stream.change is None else -(-stream.change // stream.window)
    return Followed(
        windows=len(windows),
        before=whole,
        judged=sum(ruling.verdict is not Verdict.INSUFFICIENT_DATA for ruling in ruled),
        drifted=sum(bool(one.is_drifted().any()) for one in one_by_one[:whole]),
        onsets=onsets,
        false=sum(end <= change for end in ends),
        delay=inf if first is None else first + 1 - change / stream.window,
        named=() if first is None else ruled[first].drifted,
        largest=float(np.nanmax([np.nanmax(one.feature_size, initial=-inf) for one in one_by_one])),
    )


def follow_all(make: Make, seeds: int = SEEDS) -> list[Followed]:
    """Each seed's stream."""
    return [follow(make(seed)) for seed in range(seeds)]


def entries_of(rows: Rows) -> Entries:
    """Labels as a cohort holds them."""
    assert rows.predicted is not None
    assert rows.labels is not None
    entries = np.zeros(len(rows), ENTRY)
    entries["token"], entries["score"] = np.arange(len(rows)), -1
    entries["predicted"], entries["label"] = rows.predicted, rows.labels
    return entries


@dataclass(frozen=True, slots=True)
class Labelled:
    """``until`` labels after the change the version was proven worse, inf: never. ``false`` proofs came before."""

    until: float
    false: int
    needed: float


def label(stream: Stream, course: Course, *, begin: int = 0, metric: Metric = Metric.BALANCED_ACCURACY) -> Labelled:
    """Labels from row ``begin`` on, in cohorts of COHORT; a proof before the change is false, and begins anew."""
    reference: Reference = reference_of(stream.reference)
    profile: Profile = reference.profile
    question = question_of(profile, metric, DEFAULTS)
    assert question is not None
    change = inf if stream.change is None else stream.change
    progress, false, needed = begun(question, course), 0, inf
    for start in range(begin, len(stream.live) - COHORT + 1, COHORT):
        cohort = entries_of(stream.live.part(slice(start, start + COHORT)))
        progress = observed(progress, question, tallied(cohort, profile))
        finding = found(progress, question, DEFAULTS)
        needed = inf if finding.needed is None else finding.needed
        if finding.standing is not Standing.WORSE:
            continue
        if start + COHORT > change:
            return Labelled(start + COHORT - max(change, begin), false, needed)
        false, progress = false + 1, begun(question, course)
    return Labelled(inf, false, needed)
