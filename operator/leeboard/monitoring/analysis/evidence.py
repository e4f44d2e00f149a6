"""What is known of a canary and its stable version: enough to go on after a restart as if there had been none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from leeboard.monitoring.analysis.checks import CheckState, begun
from leeboard.monitoring.analysis.disagreement import Pairs
from leeboard.monitoring.counts import RequestCounts

NOTHING = RequestCounts()
NO_PAIRS = Pairs()


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one pod had counted when it was last seen; ``group`` is its pseudo-version among the stable pods."""

    revision: str
    started: str
    counts: RequestCounts
    group: int = 0


@dataclass(frozen=True, slots=True)
class Side:
    """One version's requests: in this step, in the whole rollout, when its pods last answered and last had any."""

    step: RequestCounts = NOTHING
    rollout: RequestCounts = NOTHING
    seen: datetime | None = None
    busy: datetime | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was learnt about ``canary`` beside ``stable``; ``step_began`` is None before the first step.

    ``lost`` counts the pods that restarted or went away: what they had counted after their last poll is not here.
    ``uncounted`` are the pods beyond ``MAX_PODS``. ``checks`` are by name.
    """

    canary: str
    stable: str
    began: datetime
    step_began: datetime | None = None
    polled: datetime | None = None
    pods: Mapping[str, Baseline] = field(default_factory=dict)
    of_canary: Side = Side()
    of_stable: Side = Side()
    lost: int = 0
    uncounted: int = 0
    checks: Mapping[str, CheckState] = field(default_factory=dict)
    pairs: Pairs = NO_PAIRS

    def to_text(self) -> str:
        """JSON of at most 64 KiB; ``from_text`` gives an equal value."""
        from leeboard.monitoring.analysis.text import written  # noqa: PLC0415 - text knows Evidence

        return written(self)

    @staticmethod
    def from_text(text: str) -> Evidence | None:
        """The evidence, or None when it cannot be read or was written by another schema."""
        from leeboard.monitoring.analysis.text import read  # noqa: PLC0415 - text knows Evidence

        return read(text)


def begin(*, canary: str, stable: str, now: datetime) -> Evidence:
    """Nothing known of ``canary`` (a revision) beside ``stable`` yet."""
    return Evidence(canary=canary, stable=stable, began=now)


def begin_step(evidence: Evidence, *, now: datetime, keeps: bool = False) -> Evidence:
    """The split of a step was confirmed: what speaks against the canary stays, what speaks for it starts anew, unless
    the step ``keeps`` what the copies before it have shown.

    Baselines are taken at the next poll, so that no request from before counts.
    """
    return replace(
        evidence,
        step_began=now,
        pods={},
        of_canary=replace(evidence.of_canary, step=NOTHING),
        of_stable=replace(evidence.of_stable, step=NOTHING),
        checks=evidence.checks if keeps else {name: begun(state) for name, state in evidence.checks.items()},
    )


def measured(evidence: Evidence) -> tuple[float | None, int] | None:
    """The canary's share in percent and both versions' requests, since the step began; None without requests. The share
    is None while a version tells nothing: what it did not tell is not 0.
    """
    requests = evidence.of_canary.step.requests + evidence.of_stable.step.requests
    if evidence.step_began is None or requests == 0 or evidence.uncounted:
        return None
    if any(side.seen is None or side.seen != evidence.polled for side in (evidence.of_canary, evidence.of_stable)):
        return None, requests
    return 100 * evidence.of_canary.step.requests / requests, requests
