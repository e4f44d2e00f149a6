"""Writes that the API server refused, as what they mean for the user."""

from __future__ import annotations

from collections.abc import Sequence

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Kind
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.planning.facts import Rejection
from leeboard.planning.inference_service.troubles import Trouble
from leeboard.planning.inference_service.world import World
from leeboard.planning.retraining.probe_job import is_probe

NAME_TAKEN = 409


def standing(resource: InferenceService, rejections: Sequence[Rejection], *, world: World) -> tuple[Rejection, ...]:
    """Rejections of this generation; a taken name is none any more when the object is seen to be ours."""
    ours = {("Deployment", name) for name in world.deployments}
    ours |= {("Job", item["metadata"]["name"]) for item in world.jobs}
    ours |= {("HorizontalPodAutoscaler", item["metadata"]["name"]) for item in world.autoscalers}
    ours |= {(item["kind"], item["metadata"]["name"]) for item in (world.service, world.budget) if item is not None}
    return tuple(
        item
        for item in rejections
        if item.generation == resource.metadata.generation
        and not (item.code == NAME_TAKEN and (item.kind, item.name) in ours)
    )


def block_of(resource: InferenceService, rejections: Sequence[Rejection]) -> Trouble | None:
    """The first rejection as a trouble; what only retraining needs does not keep a service from serving."""
    for item in rejections:
        if item.kind == Kind.TRAINING_JOB or (item.kind == "Job" and is_probe(resource.metadata, item.name)):
            continue
        match item.code:
            case 409:
                message = f"a {item.kind} named {item.name} is there that does not belong to this InferenceService"
                return Trouble(ServiceReason.NAME_CONFLICT, f"{message}: delete it, or take another name")
            case 422:
                return Trouble(ServiceReason.INVALID_TEMPLATE, f"{item.kind} {item.name}: {item.message}")
            case _:
                return Trouble(ServiceReason.FORBIDDEN, f"{item.kind} {item.name}: {item.message}")
    return None
