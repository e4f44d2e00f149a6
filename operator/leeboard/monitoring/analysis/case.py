"""One check before the judge, and what the judge found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leeboard.api.rollout import Check
from leeboard.api.rollout_status import Verdict
from leeboard.monitoring.analysis.checks import CheckState
from leeboard.monitoring.analysis.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Gaps:
    """Why numbers are missing at this moment, in words for people: counts of pods of the canary and of the stable
    version, and values of queries by the name of their check. Empty where nothing is missing.
    """

    canary: str = ""
    stable: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One check before the judge."""

    check: Check
    state: CheckState
    evidence: Evidence
    alpha_fail: float
    alpha_pass: float
    min_samples: int
    window_seconds: float
    now: datetime
    gaps: Gaps = Gaps()


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found."""

    verdict: Verdict
    message: str
    needed: int | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Requests of the canary that a Pass needs (None: no number would do) and those that the step brings (None:
    unknown).
    """

    needed: int | None
    expected: int | None
