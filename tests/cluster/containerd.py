"""Images inside the cluster's containerd."""

import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.command import run
from tests.cluster.node import CONTAINERD_SOCKET


@dataclass(frozen=True, slots=True)
class Containerd:
    """The image store that the kubelet's pods start from."""

    bin: Path

    def names(self) -> list[str]:
        """Return the names of all images."""
        return self._ctr("images", "ls", "-q").split()

    def load(self, archive: Path) -> None:
        """Import an image archive (docker or OCI); images of the same names are replaced."""
        self._ctr("images", "import", str(archive), timeout_seconds=900)

    def load_layout(self, layout: Path) -> None:
        """Import an OCI layout folder."""
        with tempfile.TemporaryDirectory(dir=layout.parent) as scratch:
            archive = Path(scratch) / "layout.tar"
            with tarfile.open(archive, "w") as tar:
                tar.add(layout, arcname=".")
            self.load(archive)

    def _ctr(self, *words: str, timeout_seconds: float = 60) -> str:
        command: list[str | Path] = [self.bin / "ctr", "--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", *words]
        return run(command, timeout_seconds=timeout_seconds)
