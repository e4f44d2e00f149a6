"""Whether a step will bring the requests that its checks need, said before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.api.rollout import Analysis, Check
from leeboard.monitoring.analysis.checks import CheckState, fresh
from leeboard.monitoring.analysis.evidence import Evidence
from leeboard.monitoring.analysis.messages import duration
from leeboard.monitoring.analysis.power import needed
from leeboard.monitoring.analysis.questions import digest_of, is_statistical, question_of

COUNTED = timedelta(seconds=10)
"""How long requests are counted before their rate is believed."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a step will bring. ``is_short`` when a check needs more; ``message`` has its numbers."""

    is_short: bool
    message: str = ""


ENOUGH = Forecast(is_short=False)


def foresees(analysis: Analysis) -> bool:
    """Whether there is anything to foresee: a check that is decided by a number of requests."""
    return any(is_statistical(check) for check in analysis.checks)


def foresee(
    evidence: Evidence, *, analysis: Analysis, weight: int, window_seconds: float, now: datetime, has_copies: bool
) -> Forecast | None:
    """Whether ``weight`` percent of the requests, for ``window_seconds``, are enough for every check.

    By the rate since the step before was confirmed, or since the evidence began; None while that is not known. With
    ``has_copies`` what the canary got then were copies, which clients did not send twice.
    """
    elapsed = (now - (evidence.step_began or evidence.began)).total_seconds()
    if evidence.of_stable.seen is None or elapsed < COUNTED.total_seconds():
        return None
    requests = evidence.of_stable.step.requests + (0 if has_copies else evidence.of_canary.step.requests)
    brought = round(requests / elapsed * weight / 100 * window_seconds)
    for check in analysis.checks:
        found = _short(check, evidence, analysis=analysis, brought=brought)
        if found is not None:
            return Forecast(is_short=True, message=f"{check.name}: {found} in {duration(window_seconds)}")
    return ENOUGH


def _short(check: Check, evidence: Evidence, *, analysis: Analysis, brought: int) -> str | None:
    """What one check lacks. None as well where no number of requests would do: copies would not help either."""
    question, state = question_of(check), _state(evidence, check)
    if question is None or state.main is None:
        return None
    need = needed(state.main, question, alpha=float(analysis.alpha))
    if need is None:
        return None
    need = max(need, analysis.min_samples)
    if check.disagreement is None:
        return f"{need} requests needed, {brought} expected" if brought < need else None
    pairs = int(state.main.rollout[1])
    return f"{need} pairs of answers needed, {pairs} there, none expected" if pairs < need else None


def _state(evidence: Evidence, check: Check) -> CheckState:
    """What is known for the check as it is asked now."""
    state = evidence.checks.get(check.name)
    return state if state is not None and state.spec == digest_of(check) else fresh(check)
