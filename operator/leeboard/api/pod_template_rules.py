"""What a user's pod template may not say, as far as the API server can judge it cheaply; planners check the rest."""

from __future__ import annotations

from pydantic import JsonValue

from leeboard.api.cel import Because, rule, rules
from leeboard.api.names import GROUP

EMBED = "x-leeboard-pod-template"
"""Marks a field whose schema is the pod template's; the generator puts it there."""
TRAINING = "Training"
SERVER = "Server"

_CONTAINERS = ("containers", "initContainers")


def _forbidden(expression: str, message: str, path: str) -> dict[str, JsonValue]:
    return rule(expression, message, path=path, because=Because.FORBIDDEN)


def _host_namespaces() -> list[dict[str, JsonValue]]:
    return [
        _forbidden(
            f"!self.?spec.?{field}.orValue(false)",
            f"{field} is not allowed: pods of models share nothing with their node",
            f".spec.{field}",
        )
        for field in ("hostNetwork", "hostPID", "hostIPC")
    ]


def _node() -> list[dict[str, JsonValue]]:
    return [
        _forbidden(
            '!self.?spec.?nodeName.hasValue() || self.spec.nodeName == ""',
            "nodeName bypasses the scheduler: use nodeSelector or affinity",
            ".spec.nodeName",
        ),
        _forbidden(
            "self.?spec.?volumes.orValue([]).all(v, !has(v.hostPath))",
            "hostPath is not allowed: use a persistentVolumeClaim",
            ".spec.volumes",
        ),
    ]


def _containers() -> list[dict[str, JsonValue]]:
    return [
        _forbidden(
            f"self.?spec.?{field}.orValue([]).all(c, !c.?securityContext.?privileged.orValue(false))",
            "privileged containers are not allowed",
            f".spec.{field}",
        )
        for field in _CONTAINERS
    ]


def _environment(owned: tuple[str, ...]) -> list[dict[str, JsonValue]]:
    starts = " || ".join(f"e.name.startsWith('{prefix}')" for prefix in owned)
    named = ", ".join(f"{prefix}*" for prefix in owned)
    return [
        _forbidden(
            f"self.?spec.?{field}.orValue([]).all(c, c.?env.orValue([]).all(e, !({starts})))",
            f"environment variables {named} are set by the operator",
            f".spec.{field}",
        )
        for field in _CONTAINERS
    ]


def _labels() -> dict[str, JsonValue]:
    return _forbidden(
        f"self.?metadata.?labels.orValue({{}}).all(k, !k.startsWith('{GROUP}/'))",
        f"labels {GROUP}/* are set by the operator",
        ".metadata.labels",
    )


def _restart_policy(only: str, why: str) -> dict[str, JsonValue]:
    return _forbidden(
        f"self.?spec.?restartPolicy.orValue('{only}') == '{only}'",
        f"restartPolicy is always {only}: {why}",
        ".spec.restartPolicy",
    )


def pod_template(variant: str) -> dict[str, JsonValue]:
    """The mark and the rules of a pod template field: TRAINING or SERVER."""
    everywhere = [*_host_namespaces(), *_node(), *_containers(), _labels()]
    if variant == TRAINING:
        own = [
            _restart_policy("Never", "every attempt is a Job of its own"),
            *_environment(("MLFLOW_", "LEEBOARD_", "DATASET_")),
        ]
    else:
        own = [_restart_policy("Always", "model servers are started again"), *_environment(("LEEBOARD_",))]
    return {EMBED: variant} | rules(*own, *everywhere)
