"""The objects that a cluster of ours starts with: DNS behind its Service, storage classes, our daemons' rights."""

from typing import Final

from tests.cluster import versions
from tests.cluster.rest import Manifest, RestClient

PROVISIONER: Final = "leeboard.dev/local-volumes"
_SYSTEM: Final = "/api/v1/namespaces/kube-system"
_RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"


def apply_all(client: RestClient) -> None:
    """Apply every object; what is there already is left as it should be."""
    for path, manifest in (*_dns(), *_storage_classes(), *_rights()):
        client.apply(path, manifest)


def _dns() -> list[tuple[str, Manifest]]:
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    targets = [{**port, "port": versions.DNS_PORT} for port in ports]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "spec": {"clusterIP": versions.DNS_ADDRESS, "ports": ports},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns-host",
            "namespace": "kube-system",
            "labels": {
                "kubernetes.io/service-name": "kube-dns",
                "endpointslice.kubernetes.io/managed-by": "leeboard-cluster",
            },
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [versions.NODE_ADDRESS], "conditions": {"ready": True}}],
        "ports": targets,
    }
    slices = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"
    return [(f"{_SYSTEM}/services/kube-dns", service), (f"{slices}/kube-dns-host", endpoints)]


def _storage_classes() -> list[tuple[str, Manifest]]:
    return [
        _storage_class("standard", "WaitForFirstConsumer", default="true"),
        _storage_class("immediate", "Immediate"),
    ]


def _storage_class(name: str, binding_mode: str, default: str = "false") -> tuple[str, Manifest]:
    return f"/apis/storage.k8s.io/v1/storageclasses/{name}", {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}},
        "provisioner": PROVISIONER,
        "volumeBindingMode": binding_mode,
        "reclaimPolicy": "Delete",
    }


def _rights() -> list[tuple[str, Manifest]]:
    read = ["get", "list", "watch"]
    names = [{"apiGroups": [""], "resources": ["services", "pods", "namespaces", "endpoints"], "verbs": read}]
    names.append({"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read})
    volumes = [
        {"apiGroups": [""], "resources": ["persistentvolumeclaims"], "verbs": read},
        {"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": [*read, "create", "delete"]},
        {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": read},
    ]
    return [*_granted("system:coredns", names), *_granted("system:leeboard-volume-provisioner", volumes)]


def _granted(user: str, rules: list[dict[str, list[str]]]) -> list[tuple[str, Manifest]]:
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": user}, "rules": rules}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": user},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    return [(f"{_RBAC}/clusterroles/{user}", role), (f"{_RBAC}/clusterrolebindings/{user}", binding)]
