"""The verdict on a canary: of each check, and the worst of them for the rollout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from leeboard.api.rollout import Analysis
from leeboard.api.rollout_status import CheckStatus, Verdict
from leeboard.monitoring.analysis.evidence import Evidence

WORST_FIRST = (Verdict.FAIL, Verdict.NO_DATA, Verdict.INCONCLUSIVE, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The worst verdict, every check with its numbers, and one line for people.

    ``needed`` and ``expected``: requests of the canary that the slowest check needs, and those that the step's window
    will bring at the rate seen so far; None where that cannot be said.
    """

    verdict: Verdict
    checks: tuple[CheckStatus, ...]
    message: str
    needed: int | None = None
    expected: int | None = None


def judge(evidence: Evidence, *, analysis: Analysis, window_seconds: float, now: datetime) -> Ruling:
    """What the evidence says at ``now``; ``window_seconds`` is how long the step lasts at least."""
    del window_seconds, now
    checks = tuple(
        CheckStatus(
            name=check.name,
            verdict=Verdict.NO_DATA,
            canary_samples=evidence.of_canary.step.requests,
            stable_samples=evidence.of_stable.step.requests,
            message="not enough requests yet",
        )
        for check in analysis.checks
    )
    return Ruling(Verdict.NO_DATA, checks, "not enough requests yet")
