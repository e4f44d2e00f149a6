"""The Jobs of a rollout's checks: one for each check, step and canary."""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import child_name
from leeboard.api.rollout_status import StepKind, StepStatus

OBSERVED = frozenset({StepKind.WEIGHT, StepKind.SHADOW, StepKind.MATCH})
"""Steps that end by their checks."""


def job_name(resource: InferenceService, canary: Revision, *, step: int, check: str) -> str:
    """Name of a check's Job: another one when the same revision becomes the canary again."""
    owner = resource.metadata
    return child_name(owner.name, owner.uid, "check", canary.name, canary.since, str(step), check)


def job_templates(
    resource: InferenceService, canary: Revision | None, step: StepStatus | None
) -> Iterator[tuple[str, str]]:
    """The Jobs that the present step asks for, each with the name of its PodTemplate; none before its split is
    confirmed.
    """
    analysis = resource.spec.rollout.analysis
    if analysis is None or canary is None or step is None or step.confirmed_at is None or step.kind not in OBSERVED:
        return
    for check in analysis.checks:
        if check.job is not None:
            yield job_name(resource, canary, step=step.index, check=check.name), check.job.pod_template
