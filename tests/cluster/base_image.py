"""The base of all images where there is no registry: Debian with Python 3.11, made by debootstrap and cached."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.cluster import versions
from tests.cluster.command import run
from tests.cluster.paths import cache_root
from tests.cluster.progress import step

REVISION: Final = 1
"""Raised when ``_tidy`` changes what is in the image."""
UNWANTED: Final = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/log",
    "usr/lib/python3.11/EXTERNALLY-MANAGED",
)
HOST_FACTS: Final = ("etc/apt/sources.list", "etc/resolv.conf", "etc/hostname")
"""Files in which debootstrap leaves facts of this machine; emptied, so that none is baked into an image."""


def key() -> str:
    """Return the cache key of the base image."""
    content = repr((versions.BASE_SUITE, versions.BASE_PACKAGES, UNWANTED, HOST_FACTS, REVISION))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def ensure_archive() -> Path:
    """Make the root file system's archive unless the cache has it, and return it."""
    archive = cache_root() / f"base-{key()}.tar"
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    with (
        step("making the base image with debootstrap (about 65 s the first time)"),
        tempfile.TemporaryDirectory(dir=archive.parent) as scratch,
    ):
        root = Path(scratch) / "root"
        run(_debootstrap_command(root), timeout_seconds=1800)
        _tidy(root)
        partial = Path(scratch) / "base.tar"
        run(["tar", "-C", root, "--numeric-owner", "--one-file-system", "-cf", partial, "."])
        partial.replace(archive)
    return archive


def package_mirror(suite: str, sources: Path = Path("/etc/apt")) -> str | None:
    """Find the mirror that this machine's apt takes the suite from, or None for debootstrap's own choice."""
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    for file in (file for file in files if file.is_file()):
        entries = _deb822_entries if file.suffix == ".sources" else _one_line_entries
        for uri, suites, components in entries(file.read_text()):
            if suite in suites and "main" in components and uri.startswith(("http://", "https://")):
                return uri
    return None


def _debootstrap_command(root: Path) -> list[str | Path]:
    packages = ",".join(versions.BASE_PACKAGES)
    mirror = package_mirror(versions.BASE_SUITE)
    words: list[str | Path] = ["debootstrap", "--variant=minbase", f"--include={packages}", versions.BASE_SUITE, root]
    return [*words, mirror] if mirror else words


def _one_line_entries(text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for line in text.splitlines():
        words = (line.partition("]")[2] if "[" in line else line.removeprefix("deb ")).split()
        if line.startswith("deb ") and len(words) > 1:
            yield words[0], [words[1]], words[2:]


def _deb822_entries(text: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for stanza in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and not line.startswith("#"))
        if "deb" in fields.get("Types", "").split():
            for uri in fields.get("URIs", "").split():
                yield uri, fields.get("Suites", "").split(), fields.get("Components", "").split()


def _tidy(root: Path) -> None:
    """Make it small, and like python:3.11-slim where it matters: ``python`` exists and pip may install."""
    for name in UNWANTED:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
            path.mkdir()
        else:
            path.unlink(missing_ok=True)
    for name in HOST_FACTS:
        (root / name).write_text("")
    (root / "etc" / "pip.conf").write_text("")
    python = root / "usr" / "bin" / "python"
    if not python.exists():
        python.symlink_to("python3")
