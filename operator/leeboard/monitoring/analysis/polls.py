"""One poll: what each pod counted since the last one, and what that adds to the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from leeboard.api.rollout import Analysis
from leeboard.monitoring.analysis.evidence import NOTHING, Baseline, Evidence, Side
from leeboard.monitoring.counts import PodCounts, RequestCounts

GROUPS = 4
MAX_PODS = 128
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
    ``started`` counts from zero; one whose counters went back without that starts again where it is.
    """
    del analysis, answers
    ours = {
        name: pod
        for name, pod in sorted(counts.items())
        if pod is not None and pod.revision in (evidence.canary, evidence.stable)
    }
    added = {name: since(evidence.pods.get(name), pod) for name, pod in ours.items()}
    pods = dict(evidence.pods)
    for name, pod in ours.items():
        if name in pods or len(pods) < MAX_PODS:
            group = pods[name].group if name in pods else _next_group(pods, pod.revision)
            pods[name] = Baseline(pod.revision, pod.started, pod.counts, group)
    restarted = sum(name in evidence.pods and evidence.pods[name].started != pod.started for name, pod in ours.items())
    return replace(
        evidence,
        polled=now if evidence.polled is None else max(now, evidence.polled),
        pods=pods,
        lost=evidence.lost + restarted,
        of_canary=_side(evidence.of_canary, evidence.canary, ours=ours, added=added, now=now),
        of_stable=_side(evidence.of_stable, evidence.stable, ours=ours, added=added, now=now),
    )


def since(baseline: Baseline | None, pod: PodCounts) -> RequestCounts:
    """What ``pod`` counted since its baseline."""
    if baseline is None or baseline.revision != pod.revision:
        return NOTHING
    added = pod.counts if baseline.started != pod.started else pod.counts - baseline.counts
    numbers = (added.requests, added.client_errors, added.errors, *added.durations)
    return NOTHING if min(numbers) < 0 else added


def _next_group(pods: Mapping[str, Baseline], revision: str) -> int:
    return sum(pod.revision == revision for pod in pods.values()) % GROUPS


def _side(
    side: Side, revision: str, *, ours: Mapping[str, PodCounts], added: Mapping[str, RequestCounts], now: datetime
) -> Side:
    names = [name for name, pod in ours.items() if pod.revision == revision]
    more = sum((added[name] for name in names), NOTHING)
    return Side(
        step=side.step + more,
        rollout=side.rollout + more,
        seen=now if names else side.seen,
        busy=now if more.requests else side.busy,
    )
