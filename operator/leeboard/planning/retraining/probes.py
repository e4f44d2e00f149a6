"""What pods say of data that the operator cannot ask for: one Job an interval and place, its last words the mark.

    slot n: Job made ──ends──> mark read from its pod, the Job before it deleted ──slot n+1──> ...

Nothing is remembered but the Jobs themselves: a mark stays readable until the next one has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leeboard.api.names import Label
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.retraining import Retraining
from leeboard.planning.defaults import Defaults
from leeboard.planning.duration import seconds_of
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.observed import has_condition, is_leaving, label_of, pods_of_job
from leeboard.planning.plan import Create, Delete, Write, ref_of, uid_of
from leeboard.planning.pod_start import has_ended, problem, statuses
from leeboard.planning.retraining.facts import is_on_web
from leeboard.planning.retraining.probe_job import ACTIVE_SECONDS, Probe, is_probe, probe_job, probe_name

MAX_WORDS = 300
"""Characters of a pod's last words that are repeated."""


@dataclass(frozen=True, slots=True)
class Looks:
    """The Jobs and pods of a service, and what the API server refused of them."""

    service: Metadata
    jobs: Sequence[Manifest]
    pods: Sequence[Manifest]
    rejections: Sequence[Rejection]
    now: datetime

    def pods_of(self, job: Manifest) -> tuple[Manifest, ...]:
        """Pods of a Job."""
        return pods_of_job(job["metadata"]["name"], self.pods)

    def is_over(self, job: Manifest) -> bool:
        """Whether a Job has ended, and its pod as well, as far as it is there: the cache may see the one first."""
        return _has_ended(job) and all(map(has_ended, self.pods_of(job)))

    def of(self, probe: Probe) -> list[Manifest]:
        """Jobs of a probe, the newest first."""
        mine = [job for job in self.jobs if label_of(job, Label.TASK) == probe.task and not is_leaving(job)]
        return sorted(
            mine, key=lambda job: (job["metadata"]["creationTimestamp"], job["metadata"]["name"]), reverse=True
        )


def probes_of(spec: Retraining | None) -> tuple[Probe, ...]:
    """Every place that a trigger names and the operator does not ask itself."""
    named = [trigger.new_data for trigger in (() if spec is None else spec.triggers) if trigger.new_data is not None]
    made = (
        Probe(item.uri, item.secret, max(seconds_of(item.interval), 1)) for item in named if not is_on_web(item.uri)
    )
    return tuple({probe.task: probe for probe in made}.values())


def slot_of(probe: Probe, *, now: datetime) -> int:
    """Number of the present interval."""
    return int(now.timestamp()) // probe.seconds


def next_look(probe: Probe, *, now: datetime) -> timedelta:
    """Until the next interval begins."""
    return timedelta(seconds=probe.seconds - now.timestamp() % probe.seconds)


def marks_of(probes: Sequence[Probe], looks: Looks) -> Mapping[str, str | Unknown]:
    """By URI what was seen last, or why nothing can be said; nothing of a place at which nobody has looked yet."""
    found = {probe.uri: _mark_of(probe, looks) for probe in probes}
    return {uri: mark for uri, mark in found.items() if mark is not None}


def probe_writes(probes: Sequence[Probe], looks: Looks, defaults: Defaults) -> Iterator[Write]:
    """The Job of the present interval, unless one is still at work, and the end of those that have been followed."""
    needed: set[str] = set()
    for probe in probes:
        jobs = looks.of(probe)
        ended = next((job for job in jobs if looks.is_over(job)), None)
        kept = jobs if ended is None else jobs[: jobs.index(ended) + 1]
        needed |= {job["metadata"]["name"] for job in kept}
        slot = slot_of(probe, now=looks.now)
        there = {job["metadata"]["name"] for job in looks.jobs}
        if all(map(_has_ended, jobs)) and probe_name(looks.service, probe, slot) not in there:
            yield Create(probe_job(looks.service, probe, defaults, slot=slot))
    for job in looks.jobs:
        name = job["metadata"]["name"]
        if is_probe(looks.service, name) and name not in needed and not is_leaving(job):
            yield Delete(ref_of(job), uid_of(job))


def _mark_of(probe: Probe, looks: Looks) -> str | Unknown | None:
    """The newest end counts; before it, what keeps the pod of a look from starting."""
    slot = slot_of(probe, now=looks.now)
    names = {probe_name(looks.service, probe, number) for number in (slot, slot - 1)}
    refused = next((item for item in looks.rejections if item.kind == "Job" and item.name in names), None)
    if refused is not None:
        return Unknown(f"the API server refuses Job {refused.name}: {refused.message}")
    for job in looks.of(probe):
        pods = looks.pods_of(job)
        if looks.is_over(job):
            return _said(job, pods)
        found = None if _has_ended(job) else problem(job, pods, looks.now)
        if found is not None:
            return Unknown(f"{found.subject}: {found.detail or found.reason.value}")
    return None


def _has_ended(job: Manifest) -> bool:
    """Whether it is at work no more."""
    return has_condition(job, "Complete") or has_condition(job, "Failed")


def _said(job: Manifest, pods: tuple[Manifest, ...]) -> str | Unknown:
    """The mark in the last words of the pod, or what they say instead."""
    words = next(filter(None, map(_last_words, pods)), "")
    told = _told(words)
    mark = told.get("mark")
    if has_condition(job, "Complete") and isinstance(mark, str) and len(mark) <= 64:  # noqa: PLR2004 - as the status takes
        return mark
    name = job["metadata"]["name"]
    if told.get("message"):
        return Unknown(str(told["message"])[:MAX_WORDS])
    if words:
        return Unknown(f"the pod of Job {name} said: {words[-MAX_WORDS:]}")
    late = has_condition(job, "Failed")
    return Unknown(f"Job {name} did not end within {ACTIVE_SECONDS} s" if late else f"the pod of Job {name} is gone")


def _last_words(pod: Manifest) -> str:
    ends = ((status.get("state") or {}).get("terminated") or {} for status in statuses(pod))
    return next((str(end["message"]).strip() for end in ends if end.get("message")), "")


def _told(words: str) -> Mapping[str, object]:
    try:
        told = json.loads(words)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
