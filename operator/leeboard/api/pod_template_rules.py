"""What a user's pod template may not say, as far as the API server can judge it cheaply; planners check the rest.

Every rule stands at the node that it judges, so that the API server's answer names the very item
(``spec.template.spec.containers[0].env[2].name``) and the cost of a rule is that of one item.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import JsonValue

from leeboard.api.cel import Because, rule
from leeboard.api.names import GROUP

EMBED = "x-leeboard-pod-template"
"""Marks a field whose schema is the pod template's; the generator puts it there."""


class Use(StrEnum):
    """What a user's pod template is for."""

    TRAINING = "Training"
    SERVER = "Server"


ITEMS = "[]"
"""Stands for the items of a list in the path of a node."""

Node = tuple[str, ...]
Placed = Mapping[Node, list[JsonValue]]

_CONTAINERS: tuple[Node, ...] = (("spec", "containers", ITEMS), ("spec", "initContainers", ITEMS))


def placed_rules(use: Use) -> Placed:
    """The rules of one use by the node that they stand at, from the pod template down."""
    if use is Use.TRAINING:
        policy = _restart_policy("Never", "every attempt is a Job of its own")
        owned: tuple[str, ...] = ("MLFLOW_", "LEEBOARD_")
    else:
        policy = _restart_policy("Always", "model servers are started again")
        owned = ("LEEBOARD_",)
    placed: dict[Node, list[JsonValue]] = {
        ("metadata", "labels"): [_labels()],
        ("spec",): [policy, *_host_namespaces(), _node_name()],
        ("spec", "volumes", ITEMS): [_host_path()],
    }
    for container in _CONTAINERS:
        placed[*container, "securityContext"] = [_privileged()]
        placed[*container, "env", ITEMS, "name"] = [_environment(owned)]
    return placed


def _forbidden(expression: str, message: str, *, path: str = "") -> JsonValue:
    return rule(expression, message, path=path, because=Because.FORBIDDEN)


def _host_namespaces() -> list[JsonValue]:
    return [
        _forbidden(
            f"!has(self.{field}) || !self.{field}",
            f"{field} is not allowed: pods of models share nothing with their node",
            path=f".{field}",
        )
        for field in ("hostNetwork", "hostPID", "hostIPC")
    ]


def _node_name() -> JsonValue:
    return _forbidden(
        "!has(self.nodeName) || self.nodeName == ''",
        "nodeName bypasses the scheduler: use nodeSelector or affinity",
        path=".nodeName",
    )


def _host_path() -> JsonValue:
    return _forbidden("!has(self.hostPath)", "hostPath is not allowed: use a persistentVolumeClaim", path=".hostPath")


def _privileged() -> JsonValue:
    return _forbidden(
        "!has(self.privileged) || !self.privileged", "privileged containers are not allowed", path=".privileged"
    )


def _environment(owned: tuple[str, ...]) -> JsonValue:
    starts = " || ".join(f"self.startsWith('{prefix}')" for prefix in owned)
    named = ", ".join(f"{prefix}*" for prefix in owned)
    return _forbidden(f"!({starts})", f"environment variables {named} are set by the operator")


def _labels() -> JsonValue:
    return _forbidden(f"self.all(key, !key.startsWith('{GROUP}/'))", f"labels {GROUP}/* are set by the operator")


def _restart_policy(only: str, why: str) -> JsonValue:
    return _forbidden(
        f"!has(self.restartPolicy) || self.restartPolicy == '{only}'",
        f"restartPolicy is always {only}: {why}",
        path=".restartPolicy",
    )
