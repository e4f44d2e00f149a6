"""The image of the process that holds a pod's namespaces: one static binary, put into an archive by hand."""

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path

from tests.cluster import versions
from tests.cluster.containerd import Containerd


def import_pause_image(built: Path) -> None:
    """Load the pause image unless containerd has it."""
    containerd = Containerd(built)
    if versions.PAUSE_IMAGE in containerd.names():
        return
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "pause.tar"
        archive.write_bytes(image_archive((built / "pause").read_bytes(), versions.PAUSE_IMAGE))
        containerd.load(archive)


def image_archive(binary: bytes, tag: str) -> bytes:
    """Return a docker archive of an image whose only file, ``/pause``, is its entry point."""
    layer = _tar({"pause": binary})
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    return _tar({"manifest.json": json.dumps(manifest).encode(), "config.json": config, "layer.tar": layer})


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
