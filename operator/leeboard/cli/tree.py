"""One service as a tree: what serves, what is on its way and what that waits for, by which numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.text import Text
from rich.tree import Tree

from leeboard.api.conditions import ConditionStatus, ConditionType, condition_of
from leeboard.api.inference_service import InferenceService, InferenceServiceStatus, Revision
from leeboard.api.rollout_status import CheckStatus, StepKind, StepStatus, TrafficStatus
from leeboard.api.verbs import REQUEST, REQUESTED_BY, Asked
from leeboard.cli.moments import UNKNOWN, age, ago, until
from leeboard.cli.printing import STYLES

CONDITIONS = (ConditionType.PROGRESSING, ConditionType.STALLED, ConditionType.UP_TO_DATE)


def tree_of(service: InferenceService, now: datetime) -> Tree:
    """The tree; a number that nobody knows is called unknown, never zero."""
    status = service.status
    root = Tree(_headline(service), guide_style="dim")
    for line in _conditions(service):
        root.add(line)
    for line in _revisions(status, now):
        root.add(line)
    if status.traffic:
        _add(root, _traffic(status.traffic, now), status.traffic.message)
    if status.step:
        _add(root, _step(status.step, now), status.step.message)
    if status.checks:
        checks = root.add(_line("checks", "of the canary" if status.canary else "of the last canary"))
        for check in status.checks:
            _add(checks, _check(check), check.message)
    for line in _people(service, now):
        root.add(line)
    return root


def _add(parent: Tree, line: Text, message: str) -> None:
    node = parent.add(line)
    if message:
        node.add(Text(message, style="dim"))


def _line(label: str, words: str) -> Text:
    return Text.assemble((f"{label:<13}", "bold"), words)


def _headline(service: InferenceService) -> Text:
    status, metadata = service.status, service.metadata
    ready = condition_of(status.conditions, ConditionType.READY)
    state = ready.status.value if ready else ConditionStatus.UNKNOWN.value
    line = Text.assemble((f"{metadata.namespace}/{metadata.name}", "bold"), "  Ready=", (state, STYLES.get(state, "")))
    if ready:
        line.append(f" {ready.reason}: {ready.message}" if ready.message else f" {ready.reason}")
    if status.observed_generation < 0:
        line.append("  (the operator has not seen it yet)", "yellow")
    elif status.observed_generation < metadata.generation:
        line.append("  (the operator has not seen the last change yet)", "yellow")
    return line


def _conditions(service: InferenceService) -> Iterator[Text]:
    """What is worth a line beside Ready: a rollout that moves, a fault, another version than the wanted one."""
    for type_ in CONDITIONS:
        found = next((entry for entry in service.status.conditions if entry.type == type_.value), None)
        expected = ConditionStatus.TRUE if type_ is ConditionType.UP_TO_DATE else ConditionStatus.FALSE
        if found and found.status is not expected:
            yield _line(type_.value, f"{found.status.value} {found.reason}: {found.message}")


def _revisions(status: InferenceServiceStatus, now: datetime) -> Iterator[Text]:
    traffic = status.traffic
    share = traffic.applied if traffic else None
    if status.stable:
        rest = None if share is None else 100 - share
        yield _line("stable", _revision(status.stable) + _share(rest if status.canary else 100))
    else:
        yield _line("stable", "none: nothing serves yet")
    if status.canary:
        yield _line("canary", _revision(status.canary) + _share(share))
    for revision in status.draining:
        yield _line("draining", f"{_revision(revision)}, since {ago(revision.since, now)}")
    for revision in status.previous:
        kept = f", its pods go {until(revision.keep_until, now)}" if revision.keep_until else ""
        yield _line("previous", _revision(revision) + kept)


def _revision(revision: Revision) -> str:
    pods = f"{revision.ready_replicas}/{revision.replicas} pods ready"
    return f"version {revision.version}  {revision.name}  {pods}"


def _share(percent: int | None) -> str:
    return f"  {UNKNOWN if percent is None else f'{percent} %'} of the requests"


def _traffic(traffic: TrafficStatus, now: datetime) -> Text:
    applied = UNKNOWN if traffic.applied is None else f"{traffic.applied} %"
    parts = [f"asked {traffic.asked} %", f"applied {applied}", "confirmed" if traffic.confirmed else "not confirmed"]
    if traffic.measured is None:
        parts.append("measured unknown")
    else:
        requests = "" if traffic.measured_requests is None else f" of {traffic.measured_requests} requests"
        when = f" {ago(traffic.measured_at, now)}" if traffic.measured_at else ""
        parts.append(f"measured {traffic.measured} %{requests}{when}")
    if traffic.mirrored is not None:
        parts.append(f"{traffic.mirrored} % copied")
    where = f" at {traffic.address}" if traffic.address else ""
    return _line("traffic", f"{', '.join(parts)}; {traffic.provider}{where}")


def _step(step: StepStatus, now: datetime) -> Text:
    number = "promotion" if step.kind is StepKind.PROMOTION else f"{step.index + 1} of {step.total}, {step.kind}"
    parts = [f"{number}: {step.phase} for {age(step.phase_since, now)}", f"began {ago(step.started_at, now)}"]
    if step.confirmed_at:
        parts.append(f"confirmed {ago(step.confirmed_at, now)}")
    if step.ends_at:
        parts.append(_end(step.ends_at, now))
    if step.held_since:
        parts.append(f"held for {age(step.held_since, now)}")
    return _line("step", ", ".join(parts))


def _end(ends_at: str, now: datetime) -> str:
    left = until(ends_at, now)
    return f"may end {left}" if left.startswith("in ") else f"long enough {left}"


def _check(check: CheckStatus) -> Text:
    line = Text.assemble((f"{check.verdict.value:<13}", STYLES.get(check.verdict.value, "yellow")), f"{check.name}: ")
    line.append(UNKNOWN if check.value is None else check.value)
    if check.lower is not None or check.upper is not None:
        line.append(f" in [{check.lower or UNKNOWN}, {check.upper or UNKNOWN}]")
    if check.limit is not None:
        line.append(f", limit {check.limit}")
    samples = (("canary", check.canary_samples), ("stable", check.stable_samples))
    known = [f"{number} {side}" for side, number in samples if number is not None]
    line.append(f"; {' and '.join(known)} requests" if known else "; requests unknown")
    return line


def _people(service: InferenceService, now: datetime) -> Iterator[Text]:
    status, annotations = service.status, service.metadata.annotations
    if status.paused:
        yield _line("paused", f"{ago(status.paused.since, now)} by {status.paused.by or UNKNOWN}: leeboard resume")
    asked = Asked.parse(annotations.get(REQUEST, ""))
    if asked and (status.request is None or status.request.id != asked.id):
        by = annotations.get(REQUESTED_BY) or UNKNOWN
        yield _line("asked", f"{asked.verb} by {by}, id {asked.id}: not answered yet")
    if status.request:
        request = status.request
        said = f": {request.message}" if request.message else ""
        by = request.by or UNKNOWN
        yield _line("request", f"{request.verb} by {by}, {ago(request.at, now)}: {request.outcome}{said}")
    for failed in status.failed:
        why = f"{failed.reason}: {failed.message}" if failed.message else failed.reason
        words = f"version {failed.version}  {failed.revision}  {ago(failed.at, now)}, {why}"
        yield _line("failed", f"{words}; leeboard retry starts it again")
