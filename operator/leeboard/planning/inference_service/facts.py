"""What the planner of InferenceServices is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leeboard.api.inference_service import InferenceService, InferenceServiceStatus
from leeboard.api.model_version import ModelVersion
from leeboard.api.resource import Manifest
from leeboard.api.rollout_status import StepKind
from leeboard.monitoring.counts import PodCounts
from leeboard.monitoring.watch import Watch
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.inference_service.job_names import job_templates
from leeboard.planning.inference_service.steps import is_undecided
from leeboard.planning.retraining.facts import RetrainingFacts
from leeboard.planning.serving import RUNTIMES

NO_CHILDREN = Children()


@dataclass(frozen=True, slots=True)
class Needs:
    """Which facts the planner will look at; a resource on its way out needs none.

    ``counts``: the counters of stable's and the canary's pods; ``answers``: their rings of predictions as well;
    ``queries``: provider and PromQL by the name of the check; ``jobs``: PodTemplates by the name of the
    Job that is made of it, which need not be read once that is there.
    """

    children: bool
    model_versions: bool
    counts: bool = False
    answers: bool = False
    queries: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    jobs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferenceServiceFacts:
    """One observation, from the watch cache but for the numbers; ``model_versions`` are those of the service's model.

    ``routes`` is None on a cluster without the Gateway API. ``counts`` are by the name of the pod, ``answers`` by the
    name of the check whose query was asked, ``pod_templates`` by their own name (None: there is none); all are empty
    when ``needs`` did not ask for them. ``watch`` is None until the service was looked at since this operator began;
    ``retraining`` is None where the spec asks for none.
    """

    model_versions: tuple[ModelVersion, ...] | Unknown
    deployments: Children | Unknown
    services: Children | Unknown
    budgets: Children | Unknown
    pods: Children | Unknown
    endpoint_slices: Children | Unknown
    rejections: tuple[Rejection, ...] = ()
    routes: Children | Unknown | None = None
    autoscalers: Children | Unknown = NO_CHILDREN
    config_maps: Children | Unknown = NO_CHILDREN
    counts: Mapping[str, PodCounts | Unknown] = field(default_factory=dict)
    answers: Mapping[str, float | Unknown] = field(default_factory=dict)
    jobs: Children | Unknown = NO_CHILDREN
    pod_templates: Mapping[str, Manifest | Unknown | None] = field(default_factory=dict)
    watch: Watch | None = None
    retraining: RetrainingFacts | None = None


def needs(resource: InferenceService) -> Needs:
    """A deleted service's children go by their owner references: nothing to look at. Numbers are needed only while a
    canary gets requests.
    """
    if resource.metadata.deletion_timestamp is not None:
        return Needs(children=False, model_versions=False)
    rollout = resource.spec.rollout
    if not has_requests(resource.status) and not is_undecided(rollout.analysis, resource.status.step):
        return Needs(children=True, model_versions=True)
    analysis = rollout.analysis
    checks = () if analysis is None else analysis.checks
    return Needs(
        children=True,
        model_versions=True,
        counts=RUNTIMES[resource.spec.server.runtime].counts or (analysis is not None and analysis.source is not None),
        answers=any(check.disagreement is not None for check in checks),
        queries={
            check.name: (check.prometheus.provider, question(resource, check.prometheus.query))
            for check in checks
            if check.prometheus is not None
        },
        jobs=dict(job_templates(resource, resource.status.canary, resource.status.step)),
    )


def has_requests(status: InferenceServiceStatus) -> bool:
    """Whether a canary gets requests, or copies of them, beside a stable version, by steps that look at numbers."""
    traffic, step = status.traffic, status.step
    if status.stable is None or status.canary is None or traffic is None or step is None or step.total == 0:
        return False
    return bool(traffic.applied or traffic.mirrored) or (step.kind is StepKind.MATCH and step.confirmed_at is not None)


def question(resource: InferenceService, query: str) -> str:
    """A query with the names of this service in it."""
    status, metadata = resource.status, resource.metadata
    names = {
        "namespace": metadata.namespace,
        "service": metadata.name,
        "revision": status.canary.name if status.canary else "",
        "version": status.canary.version if status.canary else "",
        "stableRevision": status.stable.name if status.stable else "",
    }
    for name, value in names.items():
        query = query.replace(f"$({name})", value)
    return query
