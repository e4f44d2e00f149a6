"""The verdict on a canary: of each check, and the worst of them for the rollout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from leeboard.api.rollout import Analysis, Check
from leeboard.api.rollout_status import CheckStatus, Verdict
from leeboard.monitoring.analysis.case import Case, Finding, Gaps
from leeboard.monitoring.analysis.checks import CheckState, fresh
from leeboard.monitoring.analysis.evidence import Evidence
from leeboard.monitoring.analysis.questions import digest_of, is_statistical
from leeboard.monitoring.analysis.verdicts import finding_of, status_of

NO_GAPS = Gaps()
NO_JOBS: Mapping[str, Finding] = {}
NOT_RUN = Finding(Verdict.NO_DATA, "its Job has not begun")
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


def judge(
    evidence: Evidence,
    *,
    analysis: Analysis,
    window_seconds: float,
    now: datetime,
    gaps: Gaps = NO_GAPS,
    jobs: Mapping[str, Finding] = NO_JOBS,
) -> Ruling:
    """What the evidence says at ``now``; ``window_seconds`` is how long the step lasts at least, ``gaps`` are told
    where a number is missing, and ``jobs`` is what the checks that run one have found, by name.

    The chance of a Fail for a canary as good as the stable version is ``analysis.alpha`` at most for the whole rollout:
    each check gets an equal part. That of a Pass for one that is just beyond a limit is ``analysis.alpha`` at most in
    each step, undivided, since all checks have to pass (intersection-union, Berger 1982).
    """
    alpha = min(max(float(analysis.alpha), 1e-9), 1.0)
    parts = max(sum(is_statistical(check) for check in analysis.checks), 1)
    findings = []
    for check in analysis.checks:
        case = Case(
            check=check,
            state=_state(evidence, check),
            evidence=evidence,
            alpha_fail=alpha / parts,
            alpha_pass=alpha,
            min_samples=analysis.min_samples,
            window_seconds=window_seconds,
            now=now,
            gaps=gaps,
        )
        findings.append((case, jobs.get(check.name, NOT_RUN) if check.job is not None else finding_of(case)))
    worst = min((finding for _, finding in findings), key=lambda finding: WORST_FIRST.index(finding.verdict))
    needs = [finding.needed for _, finding in findings if finding.needed is not None]
    return Ruling(
        verdict=worst.verdict,
        checks=tuple(status_of(case, finding) for case, finding in findings),
        message=_message(evidence, [(case.check, finding) for case, finding in findings], worst.verdict),
        needed=max(needs, default=None),
        expected=next((finding.expected for _, finding in findings if finding.expected is not None), None),
    )


def _state(evidence: Evidence, check: Check) -> CheckState:
    state = evidence.checks.get(check.name)
    return state if state is not None and state.spec == digest_of(check) else fresh(check)


def _message(evidence: Evidence, findings: list[tuple[Check, Finding]], verdict: Verdict) -> str:
    if verdict is Verdict.PASS:
        parts = [f"{'every check passes' if len(findings) > 1 else findings[0][0].name + ' passes'}"]
    else:
        parts = [f"{check.name}: {finding.message}" for check, finding in findings if finding.verdict is verdict]
    if evidence.lost:
        parts.append(f"pods restarted {evidence.lost} times: what they counted after their last poll is lost")
    if evidence.uncounted:
        parts.append(f"{evidence.uncounted} pods are not counted: there are too many")
    return "; ".join(parts)
