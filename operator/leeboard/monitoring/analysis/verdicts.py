"""The verdict of one check: a list of questions, and the first that has an answer decides."""

from __future__ import annotations

from datetime import timedelta

from leeboard.api.conditions import timestamp
from leeboard.api.rollout_status import CheckStatus, Verdict
from leeboard.monitoring.analysis import messages
from leeboard.monitoring.analysis.arrays import Array
from leeboard.monitoring.analysis.betting import Direction
from leeboard.monitoring.analysis.case import Case, Finding, Outlook
from leeboard.monitoring.analysis.checks import is_outside
from leeboard.monitoring.analysis.comparison import Comparison, Question, refuted
from leeboard.monitoring.analysis.evidence import Side
from leeboard.monitoring.analysis.power import expected, needed
from leeboard.monitoring.analysis.questions import NO_WORSE, question_of

STALE = timedelta(seconds=60)
MEAN_GAPS = 10.0
BOTH_BAD = 0.05
"""A share of failed requests that is an outage, whatever was usual."""


def finding_of(case: Case) -> Finding:
    """The check's verdict."""
    question = question_of(case.check)
    if question is None or case.state.main is None:
        return _of_query(case)
    for answer in (_blame, _fail, _unknown, _too_few, _both_bad, _pass):
        finding = answer(case, case.state.main, question)
        if finding is not None:
            return finding
    return _inconclusive(case, case.state.main, question)


def status_of(case: Case, finding: Finding) -> CheckStatus:
    """The finding with the numbers that it rests on."""
    question, main = question_of(case.check), case.state.main
    if question is None or main is None:
        return _query_status(case, finding)
    value, (lower, upper) = value_of(main, question), interval(case, main, question)
    return CheckStatus(
        name=case.check.name,
        verdict=finding.verdict,
        value=None if value is None else f"{value:.4g}",
        lower=None if lower is None else f"{lower:.4g}",
        upper=None if upper is None else f"{upper:.4g}",
        limit=f"{question.deltas[question.fail_at if finding.verdict is Verdict.FAIL else question.pass_at]:.4g}",
        canary_samples=int(main.rollout[1]),
        stable_samples=None if question.is_alone and case.state.beside is None else int(main.rollout[3]),
        since=timestamp(case.evidence.began),
        message=finding.message,
    )


def _query_status(case: Case, finding: Finding) -> CheckStatus:
    query, last = case.check.prometheus, case.state.values.last
    limit = None if query is None else query.max if query.max is not None else query.min
    value = None if last is None else f"{last:.6g}"
    return CheckStatus(name=case.check.name, verdict=finding.verdict, value=value, limit=limit, message=finding.message)


def value_of(main: Comparison, question: Question) -> float | None:
    """The canary's share of bad requests, or how much it exceeds the stable version's, over the rollout."""
    canary_bad, canary, stable_bad, stable = main.rollout
    if canary == 0 or (stable == 0 and not question.is_alone):
        return None
    return float(canary_bad / canary - (0.0 if question.is_alone else stable_bad / stable))


def interval(case: Case, main: Comparison, question: Question) -> tuple[float | None, float | None]:
    """Ends of the confidence sequence among the question's deltas: ``lower`` for Fail, ``upper`` for Pass."""
    below = refuted(main, question, Direction.WORSE, alpha=case.alpha_fail)
    above = refuted(main, question, Direction.BETTER, alpha=case.alpha_pass)
    low = [float(delta) for delta, gone in zip(question.deltas, below, strict=True) if gone]
    high = [float(delta) for delta, gone in zip(question.deltas, above, strict=True) if gone]
    return max(low, default=None), min(high, default=None)


def _fails(case: Case, comparison: Comparison, question: Question) -> bool:
    return bool(refuted(comparison, question, Direction.WORSE, alpha=case.alpha_fail)[question.fail_at])


def _enough(case: Case, main: Comparison) -> bool:
    return bool(main.rollout[1] >= case.min_samples)


def _blame(case: Case, main: Comparison, question: Question) -> Finding | None:
    """A plain limit is broken, by the stable version as well: it is not the canary's fault."""
    beside = case.state.beside
    if beside is None or not _enough(case, main) or not _fails(case, main, question):
        return None
    stable_share = _share(main.rollout[2:])
    if stable_share is None or stable_share <= question.deltas[question.fail_at] or _fails(case, beside, NO_WORSE):
        return None
    return Finding(Verdict.INCONCLUSIVE, messages.both_bad(case.check, _share(main.rollout[:2]), stable_share))


def _fail(case: Case, main: Comparison, question: Question) -> Finding | None:
    if not _enough(case, main) or not _fails(case, main, question):
        return None
    return Finding(Verdict.FAIL, messages.failed(case, main, question))


def _unknown(case: Case, main: Comparison, question: Question) -> Finding | None:
    """Nothing is known at this moment: pods do not answer, or no requests come."""
    if case.check.disagreement is not None:
        return None if main.rollout[1] else Finding(Verdict.NO_DATA, messages.no_pairs(case.evidence.pairs.unpaired))
    sides = [("new", case.evidence.of_canary, case.gaps.canary)]
    if not question.is_alone:
        sides.append(("stable", case.evidence.of_stable, case.gaps.stable))
    for name, side, why in sides:
        if side.seen is None or case.now - side.seen > STALE:
            return Finding(Verdict.NO_DATA, messages.no_counts(name, side.seen, case.now, why=why))
        if side.step.requests and side.busy is not None and case.now - side.busy > _patience(case, side):
            return Finding(Verdict.NO_DATA, messages.no_requests(name, side.busy, case.now))
    return None


def _patience(case: Case, side: Side) -> timedelta:
    """How long without a request is still usual at the step's rate."""
    began = case.evidence.step_began or case.evidence.began
    gap = (case.now - began) / max(side.step.requests, 1)
    return max(STALE, MEAN_GAPS * gap)


def _too_few(case: Case, main: Comparison, question: Question) -> Finding | None:
    row = main.rollout if case.check.disagreement is not None else main.step
    if row[1] >= case.min_samples and (question.is_alone or row[3] > 0):
        return None
    if case.state.unequal and not row[1]:
        return Finding(Verdict.NO_DATA, messages.unequal_load())
    outlook = _outlook(case, main, question)
    return Finding(Verdict.NO_DATA, messages.too_few(case, int(row[1]), outlook), outlook.needed, outlook.expected)


def _both_bad(case: Case, main: Comparison, question: Question) -> Finding | None:
    """An outage of both versions right now: no time to promote anything."""
    if case.check.error_rate is None or question.is_alone:
        return None
    canary, stable = _share(main.recent[:2]), _share(main.recent[2:])
    if canary is None or stable is None or min(canary, stable) < BOTH_BAD:
        return None
    return Finding(Verdict.INCONCLUSIVE, messages.both_bad(case.check, canary, stable))


def _pass(case: Case, main: Comparison, question: Question) -> Finding | None:
    if not refuted(main, question, Direction.BETTER, alpha=case.alpha_pass)[question.pass_at]:
        return None
    return Finding(Verdict.PASS, messages.passed(case, main, question))


def _inconclusive(case: Case, main: Comparison, question: Question) -> Finding:
    if case.state.unequal > main.step[1] / 2:
        return Finding(Verdict.INCONCLUSIVE, messages.unequal_load())
    outlook = _outlook(case, main, question)
    message = messages.undecided(case, main, question, outlook=outlook)
    return Finding(Verdict.INCONCLUSIVE, message, outlook.needed, outlook.expected)


def _outlook(case: Case, main: Comparison, question: Question) -> Outlook:
    need = needed(main, question, alpha=case.alpha_pass)
    began = case.evidence.step_began or case.evidence.began
    elapsed = (case.now - began).total_seconds()
    will = expected(int(main.step[1]), elapsed_seconds=elapsed, window_seconds=case.window_seconds)
    return Outlook(None if need is None else max(need, case.min_samples), will)


def _share(row: Array) -> float | None:
    return float(row[0] / row[1]) if row[1] > 0 else None


def _of_query(case: Case) -> Finding:
    query, values = case.check.prometheus, case.state.values
    if query is None or values.last is None or values.counted == 0:
        return Finding(Verdict.NO_DATA, messages.no_value(case.gaps.values.get(case.check.name, "")))
    if values.outside > query.failure_limit:
        return Finding(Verdict.FAIL, messages.outside(query, values))
    if is_outside(query, values.last):
        return Finding(Verdict.INCONCLUSIVE, messages.outside(query, values))
    return Finding(Verdict.PASS, messages.inside(query, values))
