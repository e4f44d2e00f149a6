"""Every version and address that the cluster is made of, in one place.

Changing a version here changes the key of the binaries' cache, so that the next ``up`` builds what is missing.
"""

from typing import Final

KUBERNETES: Final = "1.36.3"
CONTAINERD: Final = "2.4.2"
HELM: Final = "3.22.0"
COREDNS: Final = "1.15.0"
KWOK: Final = "0.8.0"
GATEWAY_API: Final = "1.3.0"
CONTOUR: Final = "1.33.8"
ENVOY: Final = "1.40.0"
METRICS_SERVER: Final = "0.9.0"
PROMETHEUS: Final = "0.313.5"
"""Prometheus 3.13.5: the module of a release 3.Y.Z is numbered 0.3YY.Z."""
GO_MINIMUM: Final = (1, 26)

STAGING_MODULES: Final = (
    "api",
    "apiextensions-apiserver",
    "apimachinery",
    "apiserver",
    "cli-runtime",
    "client-go",
    "cloud-provider",
    "cluster-bootstrap",
    "code-generator",
    "component-base",
    "component-helpers",
    "controller-manager",
    "cri-api",
    "cri-client",
    "cri-streaming",
    "csi-translation-lib",
    "dynamic-resource-allocation",
    "endpointslice",
    "externaljwt",
    "kms",
    "kube-aggregator",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
    "metrics",
    "mount-utils",
    "pod-security-admission",
    "sample-apiserver",
    "sample-cli-plugin",
    "sample-controller",
    "streaming",
)
"""The modules that live inside the Kubernetes repository and are published with a leading 0 for the 1."""

NODE_NAME: Final = "leeboard"
NODE_ADDRESS: Final = "10.250.0.1"
"""Held by a bridge device of our own: the kubelet refuses a loopback address, and the machine's own may change."""
BRIDGE: Final = "leeboard0"
POD_CIDR: Final = "10.244.0.0/16"
SERVICE_CIDR: Final = "10.96.0.0/16"
SERVICE_ADDRESS: Final = "10.96.0.1"
DNS_ADDRESS: Final = "10.96.0.10"
DNS_PORT: Final = 10053
API_PORT: Final = 6443
ETCD_PORT: Final = 23790
ETCD_PEER_PORT: Final = 23800
MAX_PODS: Final = 250
GATEWAY_PORT: Final = 30080
"""Of the node and, with kind, of this machine: where the gateway's HTTP listener is reached."""
PAUSE_IMAGE: Final = "leeboard.dev/pause:dev"
BASE_IMAGE: Final = "leeboard.dev/base-rootfs:bookworm"
BASE_SUITE: Final = "bookworm"
BASE_PACKAGES: Final = ("python3", "python3-pip", "python3-venv", "ca-certificates")
DOCKER_BASE_IMAGE: Final = "python:3.11-slim"
