"""Checks of an analysis that a runtime cannot answer: its pods count nothing, so only Prometheus can."""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.inference_service import InferenceServiceSpec
from leeboard.api.rollout import Check
from leeboard.planning.pod_rules import Finding
from leeboard.planning.serving.runtime import ServingRuntime

BY_SOURCE = ("error_rate", "client_error_rate", "latency")
"""Kinds that Prometheus answers as well, by ``spec.rollout.analysis.source``."""


def uncounted(spec: InferenceServiceSpec, runtime: ServingRuntime) -> Iterator[Finding]:
    """Every check that nothing could ever answer, with its path."""
    analysis = spec.rollout.analysis
    if analysis is None or runtime.counts:
        return
    for index, check in enumerate(analysis.checks):
        path = f"spec.rollout.analysis.checks[{index}]"
        why = f"needs pods that count their requests, which those of runtime {spec.server.runtime} do not"
        if check.disagreement is not None:
            yield Finding(f"{path}.disagreement", f"{why}: leave it out")
        elif analysis.source is None and (kind := _counted_kind(check)):
            yield Finding(f"{path}.{kind}", f"{why}: name a Prometheus server by analysis.source, or use prometheus")


def _counted_kind(check: Check) -> str:
    """The API's name of a check's kind when it is judged by counted requests, else nothing."""
    found = next((kind for kind in BY_SOURCE if getattr(check, kind) is not None), "")
    return Check.model_fields[found].alias or found if found else ""
