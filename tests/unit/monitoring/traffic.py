"""Pods that count simulated requests, polled by the real advance and judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from leeboard.api.rollout import Analysis
from leeboard.monitoring.analysis import Evidence, Gaps, Ruling, advance, begin, begin_step, judge
from leeboard.monitoring.analysis.polls import NO_ANSWERS
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, Answer, PodCounts, RequestCounts

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
POLL = timedelta(seconds=10)
STABLE, CANARY = "loan-1", "loan-2"
NO_GAPS = Gaps()
AGAINST_STABLE = {"errorRate": {"margin": "0.01"}}
PLAIN = {"errorRate": {"max": "0.02"}}
BUCKETS = len(DURATION_BOUNDS_SECONDS) + 1


def at(seconds: float) -> datetime:
    """A moment after noon."""
    return NOON + timedelta(seconds=seconds)


def counted(requests: int = 0, *, errors: int = 0, client_errors: int = 0, bucket: int = 3) -> RequestCounts:
    """Requests that all took as long."""
    durations = [0] * BUCKETS
    durations[bucket] = requests
    return RequestCounts(requests, client_errors, errors, tuple(durations))


def pod(
    name: str, revision: str, counts: RequestCounts, *, started: str = "1", answers: tuple[Answer, ...] = ()
) -> PodCounts:
    """One pod's counters."""
    return PodCounts(name, revision, started, counts, answers)


def analysis(*checks: dict[str, Any], **more: object) -> Analysis:
    """An analysis as users write it; checks without a name are called by their place."""
    named = [{"name": f"check-{place}"} | check for place, check in enumerate(checks)]
    return Analysis.model_validate({"checks": named} | more)


@dataclass
class Service:
    """Pods of both versions under requests: ``serve`` counts some, ``poll`` looks."""

    analysis: Analysis
    stable_pods: int = 3
    canary_pods: int = 1
    seed: int = 1
    seconds: float = 0.0
    evidence: Evidence = field(default_factory=lambda: begin(canary=CANARY, stable=STABLE, now=NOON))
    counts: dict[str, PodCounts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        for number in range(self.stable_pods):
            self.counts[f"s{number}"] = pod(f"s{number}", STABLE, RequestCounts())
        for number in range(self.canary_pods):
            self.counts[f"c{number}"] = pod(f"c{number}", CANARY, RequestCounts())

    def add(self, name: str, more: RequestCounts) -> None:
        """Let one pod answer requests."""
        self.counts[name] = replace(self.counts[name], counts=self.counts[name].counts + more)

    def serve(self, requests: int, *, weight: float, stable_errors: float = 0.0, canary_errors: float = 0.0) -> None:
        """Split requests by weight (0 to 1), evenly over the pods of a version."""
        for revision, share, errors in ((STABLE, 1 - weight, stable_errors), (CANARY, weight, canary_errors)):
            names = [name for name, one in self.counts.items() if one.revision == revision]
            for name in names:
                served = int(self.random.poisson(requests * share / len(names)))
                self.add(name, counted(served, errors=int(self.random.binomial(served, errors))))

    def begin_step(self) -> None:
        """The split is confirmed, and the baselines are taken."""
        self.evidence = begin_step(self.evidence, now=at(self.seconds))
        self.poll(0)

    def poll(self, seconds: float = 10.0, *, answers: Mapping[str, float | None] = NO_ANSWERS) -> None:
        """Look at all pods."""
        self.seconds += seconds
        self.evidence = advance(
            self.evidence, dict(self.counts), analysis=self.analysis, now=at(self.seconds), answers=answers
        )

    def judge(self, window_seconds: float = 600.0, *, gaps: Gaps = NO_GAPS) -> Ruling:
        """The ruling now."""
        return judge(
            self.evidence, analysis=self.analysis, window_seconds=window_seconds, now=at(self.seconds), gaps=gaps
        )


def observed(
    *checks: dict[str, Any], polls: int = 60, weight: float = 0.1, stable: float = 0.0, canary: float = 0.0,
    requests: int = 1000, **more: object,
) -> Service:  # fmt: skip
    """A step under ten minutes of requests."""
    service = Service(analysis(*checks, **more))
    service.begin_step()
    for _ in range(polls):
        service.serve(requests, weight=weight, stable_errors=stable, canary_errors=canary)
        service.poll()
    return service
