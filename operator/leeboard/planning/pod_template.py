"""Pod templates as values: merge by name, and the restricted defaults that every pod of ours gets.

Nothing here changes its arguments. What a template may not hold is said in ``pod_rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy

from leeboard.api.resource import Manifest

TMP_VOLUME = "leeboard-tmp"
TMP_PATH = "/tmp"  # noqa: S108 - a mount point inside the pod, not a file of ours
CONTAINER_LISTS = ("initContainers", "containers")

# Patch merge keys of core/v1 (the API's own ``x-kubernetes-patch-merge-key``); every other list is replaced as a whole.
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
}

POD_DEFAULTS: Manifest = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}
CONTAINER_DEFAULTS: Manifest = {
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "securityContext": {"allowPrivilegeEscalation": False},
}


def merge(base: Manifest, overlay: Manifest) -> Manifest:
    """``overlay`` over ``base``: maps are merged, lists with a merge key item by item, everything else is replaced.

    Items that only ``overlay`` has come after those of ``base``; an explicit null in ``overlay`` says nothing.
    """
    merged = deepcopy(base)
    for key, value in overlay.items():
        if value is None:
            continue
        merged[key] = _merged_value(key, merged.get(key), value)
    return merged


def _merged_value(key: str, before: object, after: object) -> object:
    """One field of a merge."""
    if isinstance(before, dict) and isinstance(after, dict):
        return merge(before, after)
    if key in MERGE_KEYS and isinstance(before, list) and isinstance(after, list):
        return _merge_named(before, after, by=MERGE_KEYS[key])
    return deepcopy(after)


def _merge_named(before: Sequence[Manifest], after: Sequence[Manifest], *, by: str) -> list[Manifest]:
    """Two lists of maps, merged by the value of one field."""
    overlays = {item.get(by): item for item in after}
    known = {item.get(by) for item in before}
    merged = [merge(item, overlays.get(item.get(by), {})) for item in before]
    return merged + [deepcopy(item) for item in after if item.get(by) not in known]


def restricted(template: Manifest) -> Manifest:
    """``template`` with what the restricted profile asks for, wherever it does not say so itself.

    No token of a service account unless one is named, all capabilities dropped, no privilege escalation, not root, the
    runtime's seccomp profile; a container's last log lines become its termination message when it fails without one.
    """
    spec = merge(POD_DEFAULTS, template.get("spec") or {})
    if not spec.get("serviceAccountName"):
        spec["automountServiceAccountToken"] = False
    spec = _with_each_container(spec, _restricted_container)
    return {**deepcopy(template), "spec": spec}


def _restricted_container(container: Manifest) -> Manifest:
    """One container with restricted defaults."""
    merged = merge(CONTAINER_DEFAULTS, container)
    merged["securityContext"]["capabilities"] = {
        **(merged["securityContext"].get("capabilities") or {}),
        "drop": ["ALL"],
    }
    return merged


def read_only_root(template: Manifest, *, only: Sequence[str] | None = None) -> Manifest:
    """``template`` with read-only root file systems and one writable place, ``/tmp``, which is HOME as well.

    For containers with an image of our own, all or those that ``only`` names: another image may write anywhere.
    """
    spec = merge({"volumes": [{"name": TMP_VOLUME, "emptyDir": {}}]}, template.get("spec") or {})
    names = {container.get("name") for kind in CONTAINER_LISTS for container in spec.get(kind) or ()}
    chosen = names if only is None else names & set(only)
    spec = _with_each_container(
        spec, lambda container: _read_only_container(container) if container.get("name") in chosen else container
    )
    return {**deepcopy(template), "spec": spec}


def _read_only_container(container: Manifest) -> Manifest:
    """One container with a read-only root and a writable home."""
    base = {
        "securityContext": {"readOnlyRootFilesystem": True},
        "env": [{"name": "HOME", "value": TMP_PATH}],
        "volumeMounts": [{"name": TMP_VOLUME, "mountPath": TMP_PATH}],
    }
    return merge(base, container)


def with_env(container: Manifest, env: Iterable[tuple[str, str]]) -> Manifest:
    """``container`` with these variables before its own, so that its own may refer to them by ``$(NAME)``."""
    ours = [{"name": name, "value": value} for name, value in env]
    names = {item["name"] for item in ours}
    theirs = [deepcopy(item) for item in container.get("env") or () if item.get("name") not in names]
    return {**container, "env": ours + theirs}


def with_credentials(container: Manifest, secret: str | None) -> Manifest:
    """``container`` with the optional credentials Secret as variables; only for one that loads no model of others."""
    if secret is None:
        return container
    reference = {"secretRef": {"name": secret, "optional": True}}
    return {**container, "envFrom": [reference, *(container.get("envFrom") or ())]}


def literal(text: str) -> str:
    """An argument as it is: ``$(NAME)`` in one would be replaced by the kubelet; ``$$`` is a dollar."""
    return text.replace("$(", "$$(")


def with_metadata(template: Manifest, *, labels: dict[str, str], annotations: dict[str, str] | None = None) -> Manifest:
    """``template`` with labels and annotations of ours added to its own."""
    own: Manifest = {"labels": labels}
    if annotations:
        own["annotations"] = annotations
    return {**template, "metadata": merge(template.get("metadata") or {}, own)}


def _with_each_container(spec: Manifest, change: Callable[[Manifest], Manifest]) -> Manifest:
    """``spec`` with ``change`` applied to every container and init container."""
    changed = {field: [change(item) for item in spec[field]] for field in CONTAINER_LISTS if spec.get(field)}
    return {**spec, **changed}
