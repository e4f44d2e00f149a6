"""`leeboard-runtime fetch`: a model's files onto a volume, verified; the model is never loaded nor imported.

destination/.leeboard-download/   where the client writes; removed before each attempt
destination/...                   the model, moved there after its digest was verified
destination/.leeboard-complete    written last: the uri and the digest; a restarted container verifies and goes on

The profile is one file beside it, on a volume of its own, and verified as well.
"""

from __future__ import annotations

import errno
import json
import logging
import shutil
from pathlib import Path

from leeboard_runtime.artifacts import download
from leeboard_runtime.digest import ADDED_BY_MLFLOW, OWN_PREFIX, Content, digest_of, measure
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.requirements import Verdict, compare, read_record
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.fetch")

DOWNLOAD = f"{OWN_PREFIX}download"
COMPLETE = f"{OWN_PREFIX}complete"
URI_PREFIX = "models:/"


def fetch(uri: str, destination: Path, *, digest: str, compare_requirements: bool) -> Content:
    """Bring the model behind `uri` to `destination` and write what was brought to the termination message.

    `digest` empty: any content will do, and its digest is reported. Raises PermanentFault (DigestMismatch,
    RequirementsMismatch, ModelNotFound, AccessDenied, ModelInvalid, DestinationUnusable) and TransientFault
    (TrackingUnavailable).
    """
    if not uri.startswith(URI_PREFIX):
        raise PermanentFault(
            Reason.MODEL_NOT_FOUND, f"{uri!r} is no model; give {URI_PREFIX}m-<id> or {URI_PREFIX}<name>/<n>"
        )
    try:
        content = _existing(uri, destination)
        if content is None:
            content = _download_to(uri, destination, digest)
    except OSError as error:
        raise _destination_fault(destination, error) from error
    _verify(content, digest, uri)
    warnings = _compared(destination) if compare_requirements else []
    write_termination({"digest": content.digest, "bytes": content.size_bytes, "warnings": warnings})
    log.info("model fetched uri=%s digest=%s bytes=%d", uri, content.digest, content.size_bytes)
    return content


def _existing(uri: str, destination: Path) -> Content | None:
    """The content of a destination that an earlier attempt completed; None where it must be fetched."""
    try:
        mark = json.loads((destination / COMPLETE).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    content = measure(destination)
    if mark != _mark(uri, content):
        log.warning("the destination holds something else and is fetched again")
        return None
    log.info("the destination is complete already")
    return content


def _download_to(uri: str, destination: Path, digest: str) -> Content:
    destination.mkdir(parents=True, exist_ok=True)
    _clear(destination)
    staging = destination / DOWNLOAD
    staging.mkdir()
    model = download(uri, staging, missing=Reason.MODEL_NOT_FOUND)
    content = measure(model)
    _verify(content, digest, uri)
    for entry in list(model.iterdir()):
        if entry.name != ADDED_BY_MLFLOW:
            entry.rename(destination / entry.name)
    shutil.rmtree(staging)
    (destination / COMPLETE).write_text(json.dumps(_mark(uri, content)))
    return content


def _mark(uri: str, content: Content) -> dict[str, str]:
    return {"uri": uri, "digest": content.digest}


def _clear(destination: Path) -> None:
    for entry in destination.iterdir():
        if entry.name == "lost+found":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _verify(content: Content, digest: str, uri: str) -> None:
    if digest and content.digest != digest:
        raise PermanentFault(
            Reason.DIGEST_MISMATCH,
            f"{uri} has digest {content.digest}, expected {digest}; its files changed after the version was recorded",
        )


def _compared(model: Path) -> list[str]:
    comparison = compare(read_record(model))
    if comparison.verdict is Verdict.REFUSE:
        raise PermanentFault(
            Reason.REQUIREMENTS_MISMATCH,
            f"{'; '.join(comparison.sentences)}; use an image made for this model or server.environment FromModel",
        )
    for sentence in comparison.sentences:
        log.warning("requirements differ: %s", sentence)
    return comparison.sentences


def _destination_fault(destination: Path, error: OSError) -> PermanentFault:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PermanentFault(Reason.DESTINATION_UNUSABLE, f"{destination} is full; give the model's volume more room")
    return PermanentFault(Reason.DESTINATION_UNUSABLE, f"{destination} cannot be written: {error.strerror or error}")


def fetch_profile(uri: str, destination: Path, *, digest: str) -> None:
    """Bring the profile behind `uri` to the file `destination`.

    Raises PermanentFault (DigestMismatch, ProfileNotFound, AccessDenied, DestinationUnusable) and TransientFault.
    """
    try:
        if not destination.is_file() or digest_of(destination) != digest:
            staging = destination.parent / DOWNLOAD
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir(parents=True)
            found = download(uri, staging, missing=Reason.PROFILE_NOT_FOUND)
            if (measured := digest_of(found)) != digest:
                raise PermanentFault(Reason.DIGEST_MISMATCH, f"{uri} has digest {measured}, expected {digest}")
            found.rename(destination)
            shutil.rmtree(staging)
    except OSError as error:
        raise _destination_fault(destination, error) from error
    log.info("profile fetched uri=%s digest=%s", uri, digest)
