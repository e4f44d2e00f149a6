"""What a TrainingJob may not ask for, as a list of small checks; each fault names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator

from leeboard.api.resource import Manifest
from leeboard.api.training_job import TrainingJob
from leeboard.planning.pod_rules import RESTRICTED, Finding, findings, reserved_env

ENV_PREFIXES = ("MLFLOW_", "LEEBOARD_")
DATASET_NAMES = frozenset({"DATASET_NAME", "DATASET_URI", "DATASET_DIGEST"})
VARIABLE = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")


def restart_policy(template: Manifest) -> Iterator[Finding]:
    """A failed pod is the end of an attempt, so the policy is Never."""
    if (template.get("spec") or {}).get("restartPolicy") not in {None, "Never"}:
        yield Finding("spec.restartPolicy", "must be Never: a failed pod ends the attempt")


def refusals(resource: TrainingJob) -> tuple[Finding, ...]:
    """Every fault of the template and of the parameters."""
    owned = DATASET_NAMES if resource.spec.dataset else frozenset()
    rules = (
        *RESTRICTED,
        restart_policy,
        reserved_env(*ENV_PREFIXES, names=owned | frozenset(resource.spec.parameters)),
    )
    return (*_parameters(resource), *findings(resource.spec.template, path="spec.template", rules=rules))


def _parameters(resource: TrainingJob) -> Iterator[Finding]:
    """Parameters become variables of the container, beside ours."""
    owned = DATASET_NAMES if resource.spec.dataset else frozenset()
    for name in resource.spec.parameters:
        path = f"spec.parameters[{name}]"
        if not VARIABLE.fullmatch(name):
            yield Finding(path, "is not a name for an environment variable")
        elif name.startswith(ENV_PREFIXES) or name in owned:
            yield Finding(path, "is a variable that Leeboard sets")
