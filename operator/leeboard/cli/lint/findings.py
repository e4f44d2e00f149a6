"""What the planners will refuse, said before anything is applied."""

from __future__ import annotations

from leeboard.api.inference_service import InferenceService
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest
from leeboard.api.traffic import Provider
from leeboard.api.training_job import TrainingJob
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving import RUNTIMES, check_findings
from leeboard.planning.traffic import PROVIDERS
from leeboard.planning.training_job.refusals import refusals

UNSEEN = {"uid": "", "namespace": "default", "name": ""}
"""What the API server sets, for a manifest that it has not seen."""


def planners_findings(kind: Kind, manifest: Manifest) -> tuple[Finding, ...]:
    """Faults that need no knowledge of the cluster; ``manifest`` has passed the schema."""
    whole = manifest | {"metadata": UNSEEN | (manifest.get("metadata") or {})}
    match kind:
        case Kind.TRAINING_JOB:
            return refusals(TrainingJob.model_validate(whole))
        case Kind.INFERENCE_SERVICE:
            return _service(InferenceService.model_validate(whole))
        case Kind.MODEL_VERSION:
            return ()


def _service(service: InferenceService) -> tuple[Finding, ...]:
    server = service.spec.server
    found = (*RUNTIMES[server.runtime].findings(server), *check_findings(service.spec))
    said = [PROVIDERS[provider].findings(service) for provider in _providers(service)]
    # Where the chart's settings decide who splits, only what nobody can do is a fault.
    return (*found, *(one for one in said[0] if all(one.path in {other.path for other in rest} for rest in said)))


def _providers(service: InferenceService) -> tuple[Provider, ...]:
    """Who may come to split the requests."""
    traffic = service.spec.traffic
    if traffic.provider != "Auto":
        return (Provider(traffic.provider),)
    return (Provider.GATEWAY_API,) if traffic.gateway else (Provider.GATEWAY_API, Provider.REPLICAS)
