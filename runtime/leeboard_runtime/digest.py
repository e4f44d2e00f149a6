"""The content digest of a model directory.

Definition, version 1: for every regular file below the directory take its path relative to the directory with `/` as
separator, its size in bytes and the SHA-256 of its content; sort by path (by code point); write each as the line

    <path> NUL <size in decimal> NUL <sha256 in lower-case hex> LF

in UTF-8 and take the SHA-256 over all lines; the digest is `sha256:` and its lower-case hex. Left out are files that
are no part of the model: `registered_model_meta`, which MLflow itself adds when a registered version is downloaded, and
`.leeboard-*`, the marks of `leeboard-runtime fetch`, both only at the top. A symbolic link or a special file is
refused: its content is not in the model.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from leeboard_runtime.errors import PermanentFault, Reason

ADDED_BY_MLFLOW = "registered_model_meta"
OWN_PREFIX = ".leeboard-"


@dataclass(frozen=True, slots=True)
class Content:
    """What a model directory holds: its digest, bytes in total and the number of files."""

    digest: str
    size_bytes: int
    files: int


def measure(directory: Path) -> Content:
    """Read every file below `directory` once. Raises PermanentFault(ModelInvalid) for links and special files."""
    paths = model_files(directory)
    listing = hashlib.sha256()
    total = 0
    for relative in sorted(paths):
        path = directory / relative
        size = path.stat().st_size
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        listing.update(f"{relative}\0{size}\0{content}\n".encode())
        total += size
    return Content(digest=f"sha256:{listing.hexdigest()}", size_bytes=total, files=len(paths))


def digest_of(file: Path) -> str:
    """`sha256:` and the SHA-256 of one file's content."""
    with file.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def model_files(directory: Path) -> list[str]:
    """Relative posix paths of the files that make up the model."""
    found: list[str] = []
    for folder, names, files in os.walk(directory):
        here = Path(folder)
        top = here == directory
        if top:
            names[:] = [name for name in names if not name.startswith(OWN_PREFIX)]
        _refuse_links(here, names)
        for name in files:
            if top and (name == ADDED_BY_MLFLOW or name.startswith(OWN_PREFIX)):
                continue
            path = here / name
            if path.is_symlink() or not path.is_file():
                raise _odd(path)
            found.append(path.relative_to(directory).as_posix())
    return found


def _refuse_links(folder: Path, names: list[str]) -> None:
    for name in names:
        if (folder / name).is_symlink():
            raise _odd(folder / name)


def _odd(path: Path) -> PermanentFault:
    return PermanentFault(
        Reason.MODEL_INVALID, f"{path.name} in the model is a link or a special file; log the model with plain files"
    )
