"""What the Jobs of a rollout's checks say: their end is the verdict.

    Complete -> Pass       Failed -> Fail       it runs -> Inconclusive       it cannot start -> NoData

A Job that could not start says nothing of the canary, also when its deadline is over. Each is made once the split of
its step is confirmed, and goes with the rollout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from leeboard.api.inference_service import InferenceService
from leeboard.api.resource import Manifest
from leeboard.api.rollout import JobCheck
from leeboard.api.rollout_status import Verdict
from leeboard.monitoring.analysis import Finding
from leeboard.planning.facts import Unknown
from leeboard.planning.inference_service.check_job import Trial, check_job, faults_of
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.inference_service.job_names import job_name, job_templates
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.world import World
from leeboard.planning.observed import is_leaving, pods_of_job
from leeboard.planning.plan import Create, Delete, Write, ref_of, uid_of
from leeboard.planning.pod_start import problem, statuses
from leeboard.planning.retraining.probe_job import is_probe

MAX_WORDS = 200
"""Characters of a Job's last words that are repeated."""


def job_findings(
    resource: InferenceService, facts: InferenceServiceFacts, state: State, *, world: World, now: datetime
) -> Mapping[str, Finding]:
    """The verdict of each check that runs a Job, by the check's name; the Jobs are those of the present step."""
    analysis, canary, step = resource.spec.rollout.analysis, state.canary, state.step
    if analysis is None or canary is None or step is None:
        return {}
    told = {item.name: item.verdict for item in resource.status.checks}
    found = {}
    for check in analysis.checks:
        if check.job is None:
            continue
        name = job_name(resource, canary, step=step.index, check=check.name)
        job = next((item for item in world.jobs if item["metadata"]["name"] == name), None)
        if job is None:
            found[check.name] = _not_there(facts.pod_templates.get(check.job.pod_template, Unknown("")), check.job)
        else:
            found[check.name] = _said(job, pods_of_job(name, world.pods), told=told.get(check.name), now=now)
    return found


def job_writes(
    resource: InferenceService, facts: InferenceServiceFacts, state: State, *, world: World
) -> Iterator[Write]:
    """The Jobs of the present step, and the end of those of another rollout."""
    there = {item["metadata"]["name"] for item in world.jobs}
    canary, stable, step = state.canary, state.stable, state.step
    analysis = resource.spec.rollout.analysis
    if canary is not None and stable is not None and step is not None and analysis is not None and not state.paused:
        asked = dict(job_templates(resource, canary, step))
        for check in analysis.checks:
            name = job_name(resource, canary, step=step.index, check=check.name)
            template = facts.pod_templates.get(asked.get(name, ""))
            if check.job is None or name in there or template is None or isinstance(template, Unknown):
                continue
            if not faults_of(template):
                trial = Trial(resource, canary, stable, step.index)
                yield Create(check_job(trial, check.job, template, name=name))
    kept = set(_names(resource, state))
    for job in world.jobs:
        name = job["metadata"]["name"]
        if name not in kept and not is_probe(resource.metadata, name) and not is_leaving(job):
            yield Delete(ref_of(job), uid_of(job))


def _names(resource: InferenceService, state: State) -> Iterator[str]:
    """Every Job of the present rollout."""
    analysis, canary, step = resource.spec.rollout.analysis, state.canary, state.step
    if analysis is None or canary is None or step is None:
        return
    for index in range(step.total):
        yield from (job_name(resource, canary, step=index, check=check.name) for check in analysis.checks)


def _not_there(template: Manifest | Unknown | None, check: JobCheck) -> Finding:
    """Why there is no Job yet."""
    if template is None:
        message = f"there is no PodTemplate {check.pod_template} in this namespace"
        return Finding(Verdict.NO_DATA, message)
    if isinstance(template, Unknown):
        why = f": {template.why}" if template.why else ""
        return Finding(Verdict.NO_DATA, f"its Job has not begun{why}")
    faults = faults_of(template)
    return Finding(Verdict.NO_DATA, "; ".join(map(str, faults)) or "its Job is being made")


def _said(job: Manifest, pods: tuple[Manifest, ...], *, told: Verdict | None, now: datetime) -> Finding:
    """What the Job has come to."""
    name = job["metadata"]["name"]
    conditions = (job.get("status") or {}).get("conditions") or ()
    true = {str(item.get("type")): item for item in conditions if item.get("status") == "True"}
    if "Complete" in true:
        return Finding(Verdict.PASS, f"Job {name} ended well")
    if "Failed" in true:
        reason = str(true["Failed"].get("reason") or "")
        if reason == "DeadlineExceeded" and told is Verdict.NO_DATA:
            return Finding(Verdict.NO_DATA, f"Job {name} could not start before its deadline")
        return Finding(Verdict.FAIL, f"Job {name} failed: {reason}{_last_words(pods)}")
    found = problem(job, pods, now)
    if found is not None:
        return Finding(Verdict.NO_DATA, f"Job {name} cannot start: {found.reason}: {found.subject}: {found.detail}")
    return Finding(Verdict.INCONCLUSIVE, f"Job {name} has not ended")


def _last_words(pods: tuple[Manifest, ...]) -> str:
    """What the container that failed left as its termination message, by default the end of its log."""
    for pod in pods:
        for status in statuses(pod):
            ended = (status.get("state") or {}).get("terminated") or {}
            words = str(ended.get("message") or "").strip()
            if ended.get("exitCode", 0) != 0:
                return f": container {status['name']} exited with code {ended['exitCode']}: {words[-MAX_WORDS:]}"
    return ""
