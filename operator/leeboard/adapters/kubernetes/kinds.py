"""The kinds of objects that the operator reads, watches and writes, and their URLs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from leeboard.api.names import API_VERSION, MANAGED_BY_VALUE, Kind, Label
from leeboard.errors import PermanentError

MANAGED = f"{Label.MANAGED_BY.value}={MANAGED_BY_VALUE}"


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One kind of the API server: where it is and, for a watched one, which objects of it are ours.

    A cluster may lack an optional kind, get it later, and lose it again.
    """

    api_version: str
    kind: str
    plural: str
    selector: str = ""
    is_optional: bool = False

    @property
    def group(self) -> str:
        """API group, empty for core."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """API version without its group."""
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str | None = None, name: str | None = None, *, subresource: str | None = None) -> str:
        """URL path of the collection, of a namespace's collection, or of one object."""
        parts = ["", "apis" if self.group else "api", self.api_version]
        parts += ["namespaces", quote(namespace, safe="")] if namespace else []
        parts += [self.plural]
        parts += [quote(name, safe="")] if name else []
        parts += [subresource] if subresource else []
        return "/".join(parts)


OURS = tuple(ObjectKind(API_VERSION, kind.value, kind.plural) for kind in Kind)
CHILDREN = (
    ObjectKind("batch/v1", "Job", "jobs", MANAGED),
    ObjectKind("apps/v1", "Deployment", "deployments", MANAGED),
    ObjectKind("v1", "Pod", "pods", MANAGED),
    ObjectKind("v1", "Service", "services", MANAGED),
    ObjectKind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", MANAGED),
    ObjectKind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", MANAGED),
    ObjectKind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", MANAGED),
    ObjectKind("v1", "ConfigMap", "configmaps", MANAGED),
)
REQUIRED = OURS + CHILDREN
OPTIONAL = (ObjectKind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", MANAGED, is_optional=True),)
WATCHED = REQUIRED + OPTIONAL
LEASE = ObjectKind("coordination.k8s.io/v1", "Lease", "leases")
EVENT = ObjectKind("events.k8s.io/v1", "Event", "events")
SECRET = ObjectKind("v1", "Secret", "secrets")
"""Made and nothing else: ``kind_of`` does not know it, so that no other request of one can be put together."""
POD_TEMPLATE = ObjectKind("v1", "PodTemplate", "podtemplates")
_BY_KIND = {(kind.api_version, kind.kind): kind for kind in (*WATCHED, LEASE, EVENT, POD_TEMPLATE)}


def kind_of(api_version: str, kind: str) -> ObjectKind:
    """The known kind of that name; raises PermanentError for one that the operator has no right to."""
    try:
        return _BY_KIND[api_version, kind]
    except KeyError:
        raise PermanentError(f"the operator does not handle {kind} of {api_version}") from None
