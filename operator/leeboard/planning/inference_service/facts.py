"""What the planner of InferenceServices is told."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.planning.facts import Children, Rejection, Unknown


@dataclass(frozen=True, slots=True)
class Needs:
    """Which facts the planner will look at; a resource on its way out needs none."""

    children: bool
    model_versions: bool


@dataclass(frozen=True, slots=True)
class InferenceServiceFacts:
    """One observation, all of it from the watch cache; ``model_versions`` are those of the service's own model."""

    model_versions: tuple[ModelVersion, ...] | Unknown
    deployments: Children | Unknown
    services: Children | Unknown
    budgets: Children | Unknown
    pods: Children | Unknown
    endpoint_slices: Children | Unknown
    rejections: tuple[Rejection, ...] = ()


def needs(resource: InferenceService) -> Needs:
    """A deleted service's children go by their owner references: nothing to look at."""
    alive = resource.metadata.deletion_timestamp is None
    return Needs(children=alive, model_versions=alive)
