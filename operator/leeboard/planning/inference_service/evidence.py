"""The evidence on a canary: read from its ConfigMap, one poll further, judged, and written back.

It belongs to one canary beside one stable version from one moment on: that of another rollout is not looked at. What a
step may count begins when its split is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.rollout_status import CheckStatus, ShadowFirst, Verdict
from leeboard.monitoring.analysis import Evidence, Gaps, Ruling, advance, begin, begin_step, judge
from leeboard.planning.config_maps import config_map, live_config_map
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.inference_service.job_checks import job_findings
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.world import World
from leeboard.planning.plan import Apply, Create, Delete, Write, ref_of, uid_of

CONTENT = "evidence"
KEY = "evidence.json"
WRITE_INTERVAL = timedelta(seconds=10)
POLL_INTERVAL = timedelta(seconds=2)
Known = TypeVar("Known")


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of the canary after this poll, what was stored before it, and the verdict."""

    now: Evidence | None = None
    stored: Evidence | None = None
    ruling: Ruling | None = None


def findings_of(
    resource: InferenceService,
    facts: InferenceServiceFacts,
    state: State,
    *,
    world: World,
    window_seconds: float,
    now: datetime,
) -> Findings:
    """The stored evidence of this rollout, one poll further, and the ends of its Jobs; ``window_seconds`` is how long
    the step lasts at least.
    """
    stored = _stored(resource, state, world)
    if stored is None:
        return Findings()
    analysis = resource.spec.rollout.analysis
    counts = {name: _known(value) for name, value in facts.counts.items()}
    answers: Mapping[str, float | None] = {name: _known(value) for name, value in facts.answers.items()}
    advanced = advance(stored, counts, analysis=analysis, now=now, answers=answers)
    if analysis is None or advanced.step_began is None:
        return Findings(advanced, stored)
    ruling = judge(
        advanced,
        analysis=analysis,
        window_seconds=window_seconds,
        now=now,
        gaps=_gaps(facts, state, world),
        jobs=job_findings(resource, facts, state, world=world, now=now),
    )
    return Findings(advanced, stored, ruling)


def _gaps(facts: InferenceServiceFacts, state: State, world: World) -> Gaps:
    """What is unknown in this pass, and why; of each version the first pod that tells nothing."""

    def silent(revision: Revision | None) -> str:
        names = () if revision is None else (pod["metadata"]["name"] for pod in world.pods_of(revision.name))
        found = (facts.counts.get(name) for name in names)
        return next((item.why for item in found if isinstance(item, Unknown)), "")

    values = {name: value.why for name, value in facts.answers.items() if isinstance(value, Unknown)}
    return Gaps(silent(state.canary), silent(state.stable), values)


def kept(findings: Findings, state: State, *, has_requests: bool, now: datetime) -> Evidence | None:
    """The evidence after this pass: begun with the canary's first requests, anew for each confirmed step. A rollout
    without steps asks for none.
    """
    canary, stable, step = state.canary, state.stable, state.step
    if canary is None or stable is None or step is None or step.total == 0:
        return None
    evidence = findings.now
    if evidence is None:
        if not has_requests:
            return None
        evidence = begin(canary=canary.name, stable=stable.name, now=now)
    confirmed = None if step.confirmed_at is None else datetime.fromisoformat(step.confirmed_at)
    if confirmed is not None and (evidence.step_began is None or evidence.step_began < confirmed):
        evidence = begin_step(evidence, now=now, keeps=step.shadow_first is ShadowFirst.DONE)
    return evidence


def evidence_writes(
    resource: InferenceService, world: World, evidence: Evidence | None, *, findings: Findings
) -> Iterator[Write]:
    """At most every ten seconds, and at once when the step or the verdict changes; gone with the rollout."""
    live = live_config_map(resource.metadata, CONTENT, world.config_maps)
    if evidence is None:
        if live is not None:
            yield Delete(ref_of(live), uid_of(live))
        return
    manifest = config_map(resource.metadata, CONTENT, {KEY: evidence.to_text()})
    if live is None:
        yield Create(manifest)
    elif _is_due(evidence, findings, resource.status.checks):
        yield Apply(manifest, uid_of(live))


def _is_due(evidence: Evidence, findings: Findings, told: Sequence[CheckStatus]) -> bool:
    """Whether what is stored is too old, or lacks what was decided by."""
    stored = findings.stored
    if stored is None or stored.step_began != evidence.step_began:
        return True
    if findings.ruling is not None and _verdicts(findings.ruling.checks) != _verdicts(told):
        return True
    if evidence.polled is None or evidence.polled == stored.polled:
        return False
    return stored.polled is None or evidence.polled - stored.polled >= WRITE_INTERVAL


def _verdicts(checks: Sequence[CheckStatus]) -> list[Verdict]:
    """The verdict of each check."""
    return [check.verdict for check in checks]


def _stored(resource: InferenceService, state: State, world: World) -> Evidence | None:
    """What is stored about this canary since it became one."""
    canary, stable = state.canary, state.stable
    live = live_config_map(resource.metadata, CONTENT, world.config_maps)
    if canary is None or stable is None or live is None:
        return None
    evidence = Evidence.from_text((live.get("data") or {}).get(KEY, ""))
    if evidence is None or (evidence.canary, evidence.stable) != (canary.name, stable.name):
        return None
    return evidence if evidence.began >= datetime.fromisoformat(canary.since) else None


def _known(value: Known | Unknown) -> Known | None:
    """A value, or None for unknown, as the analysis wants it."""
    return None if isinstance(value, Unknown) else value
