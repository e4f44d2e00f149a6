"""What the planner of InferenceServices is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.monitoring.counts import PodCounts
from leeboard.planning.facts import Children, Rejection, Unknown

NO_CHILDREN = Children()


@dataclass(frozen=True, slots=True)
class Needs:
    """Which facts the planner will look at; a resource on its way out needs none.

    ``counts``: what the pods of stable and canary have counted, with the ring of their last predictions where
    ``answers`` is true. ``queries`` are by the name of the check: the Prometheus server's name and the PromQL.
    """

    children: bool
    model_versions: bool
    counts: bool = False
    answers: bool = False
    queries: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InferenceServiceFacts:
    """One observation, from the watch cache but for the numbers; ``model_versions`` are those of the service's model.

    ``routes`` is None on a cluster without the Gateway API. ``counts`` are by the name of the pod, ``answers`` by the
    name of the check whose query was asked; both are empty when ``needs`` did not ask for them.
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


def needs(resource: InferenceService) -> Needs:
    """A deleted service's children go by their owner references: nothing to look at."""
    alive = resource.metadata.deletion_timestamp is None
    return Needs(children=alive, model_versions=alive)
