"""One poll: what each pod counted since the last one, and what that adds to the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from leeboard.api.rollout import Analysis
from leeboard.monitoring.analysis.checks import CheckState, PodPoll, Poll, advanced, fresh
from leeboard.monitoring.analysis.disagreement import joined
from leeboard.monitoring.analysis.dispersion import GROUPS
from leeboard.monitoring.analysis.evidence import NOTHING, Baseline, Evidence, Side
from leeboard.monitoring.analysis.latency import is_warm
from leeboard.monitoring.analysis.questions import digest_of
from leeboard.monitoring.counts import PodCounts, RequestCounts

MAX_PODS = 100
MAX_COUNT = 2**53  # beyond that, numbers are no longer exact, and no server has counted so many
NO_ANSWERS: Mapping[str, float | None] = {}


def advance(
    evidence: Evidence,
    counts: Mapping[str, PodCounts | None],
    *,
    analysis: Analysis | None,
    now: datetime,
    answers: Mapping[str, float | None] = NO_ANSWERS,
) -> Evidence:
    """What is known after one poll of the pods (``counts``, by name) and of the queries (``answers``, by check).

    None is unknown and adds nothing. A pod seen for the first time gives its baseline only; one with another
    ``started`` counts from zero; one whose counters went back without that starts again where it is. So a request
    counts once at most, whatever is lost. Time only ever goes on: ``now`` before the last poll is the last poll's.
    """
    ours = {
        name: pod
        for name, pod in sorted(counts.items())
        if pod is not None and pod.revision in (evidence.canary, evidence.stable)
    }
    now = now if evidence.polled is None else max(now, evidence.polled)
    before = evidence.pods
    pods = _baselines(evidence, ours)
    counted = {name: since(before[name], pod) for name, pod in ours.items() if name in before and name in pods}
    further = replace(
        evidence,
        polled=now,
        pods=pods,
        uncounted=sum(name not in pods for name in ours),
        lost=evidence.lost + sum(name in before and before[name].started != pod.started for name, pod in ours.items()),
        of_canary=_side(evidence.of_canary, evidence.canary, ours=ours, counted=counted, now=now),
        of_stable=_side(evidence.of_stable, evidence.stable, ours=ours, counted=counted, now=now),
    )
    return (
        further
        if analysis is None
        else _checked(further, evidence, analysis=analysis, ours=ours, counted=counted, answers=answers)
    )


def since(baseline: Baseline, pod: PodCounts) -> RequestCounts:
    """What ``pod`` counted since its baseline."""
    if baseline.revision != pod.revision:
        return NOTHING
    added = pod.counts if baseline.started != pod.started else pod.counts - baseline.counts
    numbers = (added.requests, added.client_errors, added.errors, *added.durations)
    is_sound = min(numbers) >= 0 and max(numbers) <= MAX_COUNT and added.client_errors + added.errors <= added.requests
    return added if is_sound else NOTHING


def _baselines(evidence: Evidence, ours: Mapping[str, PodCounts]) -> Mapping[str, Baseline]:
    """The pods that are there now or were there, at most ``MAX_PODS``: who is gone makes room first."""
    pods = dict(evidence.pods)
    for gone in [name for name in pods if name not in ours][: max(len(pods.keys() | ours.keys()) - MAX_PODS, 0)]:
        del pods[gone]
    for name, pod in ours.items():
        if name in pods or len(pods) < MAX_PODS:
            group = pods[name].group if name in pods else _next_group(pods, pod.revision)
            pods[name] = Baseline(pod.revision, pod.started, pod.counts, group)
    return pods


def _next_group(pods: Mapping[str, Baseline], revision: str) -> int:
    return sum(pod.revision == revision for pod in pods.values()) % GROUPS


def _side(
    side: Side, revision: str, *, ours: Mapping[str, PodCounts], counted: Mapping[str, RequestCounts], now: datetime
) -> Side:
    more = sum((counts for name, counts in counted.items() if ours[name].revision == revision), NOTHING)
    return Side(
        step=side.step + more,
        rollout=side.rollout + more,
        seen=now if any(pod.revision == revision for pod in ours.values()) else side.seen,
        busy=now if more.requests else side.busy,
    )


def _checked(
    further: Evidence,
    before: Evidence,
    *,
    analysis: Analysis,
    ours: Mapping[str, PodCounts],
    counted: Mapping[str, RequestCounts],
    answers: Mapping[str, float | None],
) -> Evidence:
    pairs, new = joined(before.pairs, ours.values(), canary=further.canary, stable=further.stable)
    now = further.polled or further.began
    poll = Poll(
        pods=tuple(
            PodPoll(
                is_canary=ours[name].revision == further.canary,
                group=before.pods[name].group,
                added=added,
                is_warm=before.pods[name].started == ours[name].started and is_warm(before.pods[name].counts),
            )
            for name, added in counted.items()
        ),
        seconds=0.0 if before.polled is None else (now - before.polled).total_seconds(),
        now=now,
        stable_durations=before.of_stable.rollout.durations,
        pairs=tuple(new),
    )
    checks = {
        check.name: advanced(
            _state(before, check.name, digest_of(check)) or fresh(check),
            check,
            poll=poll,
            answer=answers.get(check.name),
        )
        for check in analysis.checks
    }
    return replace(further, checks=checks, pairs=pairs)


def _state(evidence: Evidence, name: str, spec: str) -> CheckState | None:
    """The check's state, unless something else was asked before."""
    state = evidence.checks.get(name)
    return state if state is not None and state.spec == spec else None
