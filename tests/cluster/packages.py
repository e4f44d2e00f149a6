"""The few programs that come from the distribution's packages: runc, CNI plugins, iptables, buildah, debootstrap."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.cluster.command import found, run
from tests.cluster.errors import ClusterError
from tests.cluster.progress import step

NODE: Final[Mapping[str, str]] = {
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "mount": "mount",
    "nsenter": "util-linux",
}
IMAGES: Final[Mapping[str, str]] = {"buildah": "buildah", "debootstrap": "debootstrap"}
CNI_PACKAGE: Final = "containernetworking-plugins"
CNI_FOLDERS: Final = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
CNI_PLUGINS: Final = ("ptp", "host-local", "portmap")


def cni_folder() -> Path | None:
    """Return the folder that holds the CNI plugins, or None."""
    for folder in CNI_FOLDERS:
        if all((folder / plugin).exists() for plugin in CNI_PLUGINS):
            return folder
    return None


def runc() -> str:
    """Return the path of a runc, the same for every caller's PATH; one without libseccomp refuses restricted pods."""
    for folder in ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"):
        candidate = Path(folder, "runc")
        if candidate.exists() and "libseccomp" in run([candidate, "--version"]):
            return str(candidate)
    raise ClusterError("no runc that was built with libseccomp is installed: install Debian's package runc")


def ensure_node_programs() -> Path:
    """Install what a node needs and return the CNI plugins' folder."""
    _ensure(NODE, cni=True)
    folder = cni_folder()
    if folder is None:
        raise ClusterError(f"the CNI plugins {', '.join(CNI_PLUGINS)} are in none of {CNI_FOLDERS}")
    return folder


def ensure_image_programs() -> None:
    """Install what building images without Docker needs."""
    _ensure(IMAGES, cni=False)


def _ensure(programs: Mapping[str, str], *, cni: bool) -> None:
    missing = sorted({package for program, package in programs.items() if found(program) is None})
    if cni and cni_folder() is None:
        missing.append(CNI_PACKAGE)
    if not missing:
        return
    if found("apt-get") is None or os.geteuid() != 0:
        raise ClusterError(f"please install {', '.join(missing)} (names of Debian's packages), then run this again")
    with step(f"installing {', '.join(missing)}"):
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update"], env=environment)
        run(["apt-get", "install", "-y", "--no-install-recommends", *missing], env=environment)
