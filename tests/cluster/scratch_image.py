"""Images that hold nothing but a few files of this machine, put into an archive by hand: no base, no engine."""

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.containerd import Containerd
from tests.cluster.progress import step

NOBODY: Final = "65535:65535"
GO_NAMES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchImage:
    """An image's name, its files by their absolute path in it, and what it starts."""

    name: str
    files: Mapping[str, Path]
    entrypoint: tuple[str, ...] = ()

    def write(self, archive: Path) -> None:
        """Write the image as a docker archive."""
        with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
            layer = Path(scratch) / "layer.tar"
            with tarfile.open(layer, mode="w") as tar:
                for place, file in sorted(self.files.items()):
                    _add(tar, place.removeprefix("/"), file)
            with layer.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            with tarfile.open(archive, mode="w") as tar:
                for name, text in self._descriptions(digest):
                    entry = tarfile.TarInfo(name)
                    entry.size = len(text)
                    tar.addfile(entry, io.BytesIO(text))
                _add(tar, "layer.tar", layer)

    def _descriptions(self, digest: str) -> Iterator[tuple[str, bytes]]:
        config = {
            "architecture": GO_NAMES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": list(self.entrypoint), "User": NOBODY, "Env": ["PATH=/usr/local/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
        manifest = [{"Config": "config.json", "RepoTags": [self.name], "Layers": ["layer.tar"]}]
        yield "manifest.json", json.dumps(manifest).encode()
        yield "config.json", json.dumps(config).encode()


def pause_image(built: Path) -> ScratchImage:
    """The image of the process that holds a pod's namespaces open."""
    return ScratchImage(name=versions.PAUSE_IMAGE, files={"/pause": built / "pause"}, entrypoint=("/pause",))


def load(containerd: Containerd, image: ScratchImage) -> None:
    """Load an image unless containerd has one of its name."""
    if image.name in containerd.names():
        return
    with step(f"loading {image.name}"), tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "image.tar"
        image.write(archive)
        containerd.load(archive)


def _add(tar: tarfile.TarFile, name: str, file: Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = file.stat().st_size, 0o755
    with file.open("rb") as content:
        tar.addfile(entry, content)
