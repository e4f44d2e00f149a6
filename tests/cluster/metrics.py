"""metrics-server: what ``kubectl top`` shows and a HorizontalPodAutoscaler goes by."""

from collections.abc import Sequence
from typing import Final

from tests.cluster import binaries, builds, modules, versions
from tests.cluster.containerd import Containerd
from tests.cluster.errors import ClusterError
from tests.cluster.parts import Installer, Object, Part, read
from tests.cluster.scratch_image import ScratchImage, load
from tests.cluster.waiting import until

MODULE: Final = "sigs.k8s.io/metrics-server"
NAME: Final = "metrics-server"
NAMESPACE: Final = "kube-system"
IMAGE: Final = f"leeboard.dev/metrics-server:{versions.METRICS_SERVER}"
PUBLISHED_IMAGE: Final = f"registry.k8s.io/metrics-server/metrics-server:v{versions.METRICS_SERVER}"
CLUSTER_AUTHORITY: Final = "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
"""The kubelet from source serves with a certificate of the cluster's own authority."""
UNCHECKED: Final = "--kubelet-insecure-tls"
"""kind's kubelet signs its certificate itself."""
NODES: Final = "/apis/metrics.k8s.io/v1beta1/nodes"
LABELS: Final = {"k8s-app": NAME}
SECONDS: Final = 120


def part(image: str, *, flags: Sequence[str]) -> Part:
    """Return metrics-server as its module's manifests say, with this image and further flags."""
    folder = modules.folder(MODULE, versions.METRICS_SERVER) / "manifests" / "base"
    files = [folder / f"{name}.yaml" for name in ("rbac", "service", "deployment", "apiservice")]
    objects = tuple(_labelled(one, image, flags) for one in read(*files))
    return Part(namespace=NAMESPACE, deployment=NAME, objects=objects)


def ensure(installer: Installer, metrics: Part) -> None:
    """Install metrics-server unless it is there, and return when it answers for every node."""
    installer.ensure(metrics, seconds=SECONDS)
    until(lambda: answers(installer), f"{NODES} answers", seconds=SECONDS, poll_seconds=0.5)


def ensure_from_source(installer: Installer, containerd: Containerd) -> None:
    """Do the same with an image made here."""
    metrics = part(IMAGE, flags=[CLUSTER_AUTHORITY])
    if not installer.is_there(metrics):
        built = binaries.ensure_addition(builds.METRICS_SERVER)
        load(containerd, ScratchImage(name=IMAGE, files={f"/{NAME}": built / NAME}, entrypoint=(f"/{NAME}",)))
    ensure(installer, metrics)


def require(installer: Installer) -> None:
    """Raise when an existing cluster has no metrics."""
    if not answers(installer):
        raise ClusterError(
            f"this cluster does not answer {NODES}: install metrics-server on it (docs/local-cluster.md)"
        )


def answers(installer: Installer) -> bool:
    """Tell whether the metrics of at least one node are known."""
    try:
        return '"usage"' in installer.run("get", "--raw", NODES)
    except ClusterError:
        return False


def _labelled(one: Object, image: str, flags: Sequence[str]) -> Object:
    """Do what the module's kustomization does, and set what depends on the cluster."""
    labelled = {**one, "metadata": {**one["metadata"], "labels": {**one["metadata"].get("labels", {}), **LABELS}}}
    match one["kind"]:
        case "Service":
            return {**labelled, "spec": {**one["spec"], "selector": LABELS}}
        case "Deployment":
            return {**labelled, "spec": _deployment(one["spec"], image, flags)}
        case _:
            return labelled


def _deployment(spec: Object, image: str, flags: Sequence[str]) -> Object:
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    # Its own manifest waits 20 s before the first look, and 10 s before each other one.
    probe = {**container["readinessProbe"], "initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 30}
    changed = {**container, "image": image, "args": [*container["args"], *flags], "readinessProbe": probe}
    template = {"metadata": {"labels": LABELS}, "spec": {**pod, "containers": [changed]}}
    return {**spec, "replicas": 1, "selector": {"matchLabels": LABELS}, "template": template}
