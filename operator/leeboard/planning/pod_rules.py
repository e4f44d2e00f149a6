"""What a user's pod template may hold: an allow-list of the restricted profile, as small checks that each name a field.

A field that is not listed is refused with its path instead of being dropped: dropping would run something else than was
asked for. Source: Kubernetes' Pod Security Standards, profile restricted; api.md, operations.md "Security".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from leeboard.api.names import GROUP, Label
from leeboard.api.resource import Manifest
from leeboard.planning.pod_fields import (
    ALLOWED_CAPABILITIES,
    CONTAINER_FIELDS,
    HANDLERS,
    POD_FIELDS,
    PROFILES,
    SECURITY_FIELDS,
    SELINUX_TYPES,
    VOLUME_KINDS,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a template: the field's path and what is wrong with it, as a sentence without its subject."""

    path: str
    fault: str

    def __str__(self) -> str:
        """``path fault``."""
        return f"{self.path} {self.fault}"


Rule = Callable[[Manifest], Iterator[Finding]]


def findings(template: Manifest, *, path: str, rules: Sequence[Rule] | None = None) -> tuple[Finding, ...]:
    """Every fault of ``template``, in the rules' order, with ``path`` (where the template stands) before each field."""
    chosen = RESTRICTED if rules is None else rules
    return tuple(Finding(f"{path}.{found.path}", found.fault) for rule in chosen for found in rule(template))


def containers_of(template: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Each container with its path; init containers first, as they run."""
    spec = template.get("spec") or {}
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield f"spec.{field}[{index}]", container


def pod_fields(template: Manifest) -> Iterator[Finding]:
    """Only listed fields of PodSpec: no host namespaces, no nodeName, no ephemeral containers."""
    yield from _unlisted(template.get("spec") or {}, POD_FIELDS, path="spec")


def has_containers(template: Manifest) -> Iterator[Finding]:
    """There is something to run, and every container says which image."""
    if not (template.get("spec") or {}).get("containers"):
        yield Finding("spec.containers", "needs at least one container")
    for path, container in containers_of(template):
        if not container.get("image"):
            yield Finding(f"{path}.image", "is missing")


def container_fields(template: Manifest) -> Iterator[Finding]:
    """Only listed fields of Container."""
    for path, container in containers_of(template):
        yield from _unlisted(container, CONTAINER_FIELDS, path=path)


def host_ports(template: Manifest) -> Iterator[Finding]:
    """No port of the node."""
    for path, container in containers_of(template):
        for index, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                yield Finding(f"{path}.ports[{index}].hostPort", "is not allowed: it takes a port of the node")


def probe_hosts(template: Manifest) -> Iterator[Finding]:
    """Probes and hooks ask the pod itself: another host would be asked by the node (a way to internal addresses)."""
    for path, container in containers_of(template):
        lifecycle = container.get("lifecycle") or {}
        handlers = [(field, container.get(field) or {}) for field in HANDLERS]
        handlers += [(f"lifecycle.{hook}", lifecycle.get(hook) or {}) for hook in ("postStart", "preStop")]
        for field, handler in handlers:
            for action in ("httpGet", "tcpSocket"):
                if (handler.get(action) or {}).get("host"):
                    yield Finding(f"{path}.{field}.{action}.host", "is not allowed: the node would ask another host")


def volume_kinds(template: Manifest) -> Iterator[Finding]:
    """Only volume kinds that the restricted profile knows, and OCI images: no hostPath, no network disks by address."""
    for index, volume in enumerate((template.get("spec") or {}).get("volumes") or ()):
        yield from _unlisted(volume, VOLUME_KINDS, path=f"spec.volumes[{index}]")


def service_account_tokens(template: Manifest) -> Iterator[Finding]:
    """No token unless a service account is named."""
    spec = template.get("spec") or {}
    if spec.get("serviceAccountName"):
        return
    if spec.get("automountServiceAccountToken"):
        yield Finding("spec.automountServiceAccountToken", "needs spec.serviceAccountName beside it")
    for index, volume in enumerate(spec.get("volumes") or ()):
        for place, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken"):
                path = f"spec.volumes[{index}].projected.sources[{place}].serviceAccountToken"
                yield Finding(path, "needs spec.serviceAccountName beside it")


def security_contexts(template: Manifest) -> Iterator[Finding]:
    """Neither the pod nor a container asks for more than the restricted profile gives."""
    contexts = [("spec.securityContext", (template.get("spec") or {}).get("securityContext"))]
    contexts += [(f"{path}.securityContext", item.get("securityContext")) for path, item in containers_of(template)]
    for path, context in contexts:
        yield from _security_context(context or {}, path=path)


def _security_context(context: Manifest, *, path: str) -> Iterator[Finding]:
    """The faults of one security context."""
    yield from _unlisted(context, SECURITY_FIELDS, path=path)
    if context.get("allowPrivilegeEscalation"):
        yield Finding(f"{path}.allowPrivilegeEscalation", "must not be true")
    if context.get("runAsNonRoot") is False:
        yield Finding(f"{path}.runAsNonRoot", "must not be false: pods run without root")
    if context.get("runAsUser") == 0:
        yield Finding(f"{path}.runAsUser", "must not be 0: pods run without root")
    added = (context.get("capabilities") or {}).get("add") or ()
    for capability in added:
        if capability not in ALLOWED_CAPABILITIES:
            yield Finding(f"{path}.capabilities.add", f"must not hold {capability}")
    for field in ("seccompProfile", "appArmorProfile"):
        if (profile := context.get(field)) and profile.get("type") not in PROFILES:
            yield Finding(f"{path}.{field}.type", "must be RuntimeDefault or Localhost")
    if context.get("procMount") not in {None, "Default"}:
        yield Finding(f"{path}.procMount", "must be Default")
    yield from _selinux(context.get("seLinuxOptions") or {}, path=f"{path}.seLinuxOptions")


def _selinux(options: Manifest, *, path: str) -> Iterator[Finding]:
    """SELinux types of containers only, neither another user nor another role."""
    if (options.get("type") or "") not in SELINUX_TYPES:
        yield Finding(f"{path}.type", f"must be one of {', '.join(sorted(SELINUX_TYPES - {''}))}")
    for field in ("user", "role"):
        if options.get(field):
            yield Finding(f"{path}.{field}", "is not allowed")


def own_labels(template: Manifest) -> Iterator[Finding]:
    """Labels and annotations of ours are ours: by them the operator finds its children."""
    metadata = template.get("metadata") or {}
    for field in ("labels", "annotations"):
        for key in metadata.get(field) or {}:
            prefix = key.partition("/")[0]
            if key == Label.MANAGED_BY or prefix == GROUP or prefix.endswith(f".{GROUP}"):
                yield Finding(f"metadata.{field}[{key}]", "belongs to Leeboard")


def reserved_env(*prefixes: str, names: frozenset[str] = frozenset()) -> Rule:
    """A rule: containers do not set variables that the operator sets, by prefix or by name."""

    def rule(template: Manifest) -> Iterator[Finding]:
        for path, container in containers_of(template):
            for index, variable in enumerate(container.get("env") or ()):
                name = str(variable.get("name", ""))
                if name.startswith(prefixes) or name in names:
                    yield Finding(f"{path}.env[{index}].name", f"is {name}, which Leeboard sets")

    return rule


def _unlisted(value: Manifest, allowed: frozenset[str], *, path: str) -> Iterator[Finding]:
    """Fields that are set to something and not allowed."""
    for field, content in value.items():
        if field not in allowed and content:
            yield Finding(f"{path}.{field}", "is not allowed")


RESTRICTED: tuple[Rule, ...] = (
    has_containers,
    pod_fields,
    container_fields,
    security_contexts,
    volume_kinds,
    service_account_tokens,
    host_ports,
    probe_hosts,
    own_labels,
)
