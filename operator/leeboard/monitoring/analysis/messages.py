"""What a verdict means, with its numbers."""

from __future__ import annotations

from datetime import datetime

from leeboard.api.rollout import Check, PrometheusQuery
from leeboard.monitoring.analysis.case import Case, Outlook
from leeboard.monitoring.analysis.checks import Values, slow_bounds
from leeboard.monitoring.analysis.comparison import Comparison, Question
from leeboard.monitoring.analysis.latency import quantile

_MINUTE, _HOUR = 60, 3600


def failed(case: Case, main: Comparison, question: Question) -> str:
    """The canary is worse, and that is no chance."""
    return f"{_shares(case.check, main, question)}: more than {_limit(case.check, question)}{_quantiles(case)}"


def passed(case: Case, main: Comparison, question: Question) -> str:
    """The canary is no worse than accepted."""
    return f"{_shares(case.check, main, question)}: within {_limit(case.check, question)}{_quantiles(case)}"


def undecided(case: Case, main: Comparison, question: Question, *, outlook: Outlook) -> str:
    """Neither is proven."""
    shares = _shares(case.check, main, question)
    if outlook.needed is None:
        return f"{shares}: no number of requests would show that this is within {_limit(case.check, question)}"
    return f"{shares}; {_expectation(case, outlook)}"


def too_few(case: Case, requests: int, outlook: Outlook) -> str:
    """Fewer requests than a verdict needs."""
    if case.check.disagreement is not None:
        unpaired = case.evidence.pairs.unpaired
        return f"{requests} of {case.min_samples} pairs of answers; {unpaired} lack their counterpart"
    return f"{requests} requests of the new version; {_expectation(case, outlook)}"


def both_bad(check: Check, canary: float | None, stable: float) -> str:
    """Both versions are bad."""
    return f"both versions {_verb(check)} {_percent(canary or 0.0)} and {_percent(stable)}: not the new version's fault"


def no_counts(side: str, seen: datetime | None, now: datetime, *, why: str) -> str:
    """Pods do not answer."""
    because = f": {why}" if why else ""
    if seen is None:
        return f"no counts of the {side} version yet{because}"
    return f"no counts of the {side} version for {duration((now - seen).total_seconds())}{because}"


def no_requests(side: str, busy: datetime, now: datetime) -> str:
    """No requests come."""
    return f"no request to the {side} version for {duration((now - busy).total_seconds())}"


def no_pairs(unpaired: int) -> str:
    """No two answers to one request."""
    return (
        f"no two answers to the same request yet, {unpaired} lack their counterpart: answers are compared while a step"
        " shadows"
    )


def unequal_load() -> str:
    """Latency cannot be compared."""
    return (
        "the new version's pods have less than half of a stable pod's requests, and those are not idle: that it is as"
        " fast cannot be shown at this weight"
    )


def no_value(why: str) -> str:
    """A query without a number."""
    return "the query gave no number" + (f": {why}" if why else "")


def outside(query: PrometheusQuery, values: Values) -> str:
    """Values that are not acceptable."""
    seen = f"{values.outside} of {values.counted} values outside {_range(query)}"
    return f"{seen}, last {_number(values.last)}, {query.failure_limit} tolerated"


def inside(query: PrometheusQuery, values: Values) -> str:
    """Acceptable values."""
    good = values.counted - values.outside
    return f"{good} of {values.counted} values within {_range(query)}, last {_number(values.last)}"


def duration(seconds: float) -> str:
    """Seconds as people write them."""
    whole = max(round(seconds), 0)
    if whole < _MINUTE or (whole < 10 * _MINUTE and whole % _MINUTE):
        return f"{whole}s"
    return f"{round(whole / _MINUTE)}m" if whole < 2 * _HOUR else f"{round(whole / _HOUR)}h"


def _expectation(case: Case, outlook: Outlook) -> str:
    needed = case.min_samples if outlook.needed is None else outlook.needed
    expected = "an unknown number" if outlook.expected is None else str(outlook.expected)
    return f"{needed} requests needed, {expected} expected in {duration(case.window_seconds)}"


def _shares(check: Check, main: Comparison, question: Question) -> str:
    canary_bad, canary, stable_bad, stable = main.rollout
    mine = f"{_percent(canary_bad / max(canary, 1))} of {int(canary)} requests"
    if check.disagreement is not None:
        return f"{_percent(canary_bad / max(canary, 1))} of {int(canary)} answers differ"
    verb = _verb(check)
    if question.is_alone:
        return f"{mine} {verb}"
    return f"{mine} {verb}, {_percent(stable_bad / max(stable, 1))} of {int(stable)} of the stable version"


def _verb(check: Check) -> str:
    if check.latency is not None:
        return "are slow"
    return "fail" if check.error_rate is not None else "are refused"


def _limit(check: Check, question: Question) -> str:
    limit = float(question.deltas[question.pass_at])
    if check.latency is not None and check.latency.ratio is not None:
        return f"{float(check.latency.ratio):g} times the stable version's time"
    if check.latency is not None:
        return f"{_percent(limit)} over {check.latency.max_milliseconds} ms"
    return _percent(limit) if question.is_alone else f"{_percent(limit)} above it"


def _quantiles(case: Case) -> str:
    latency, evidence = case.check.latency, case.evidence
    if latency is None:
        return ""
    share = float(latency.quantile)
    mine = quantile(evidence.of_canary.rollout.durations, share)
    yours = quantile(evidence.of_stable.rollout.durations, share)
    bounds = slow_bounds(latency, evidence.of_stable.rollout.durations)
    slow = "" if bounds is None else f", slow is over {_milliseconds(bounds[0])}"
    return f" (quantile {latency.quantile}: {_milliseconds(mine)}, stable {_milliseconds(yours)}{slow})"


def _milliseconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{1000 * seconds:.3g} ms"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


def _range(query: PrometheusQuery) -> str:
    if query.min is not None and query.max is not None:
        return f"{query.min} to {query.max}"
    return f"at least {query.min}" if query.min is not None else f"at most {query.max}"
