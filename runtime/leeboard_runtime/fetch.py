"""`leeboard-runtime fetch`: a model's files onto a volume, verified; the model is never loaded nor imported.

destination/.leeboard-download/   where the client writes; removed before each attempt
destination/...                   the model, moved there after its digest was verified
destination/.leeboard-complete    written last: the uri and the digest; a restarted container verifies and goes on
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
from pathlib import Path

from leeboard_runtime.digest import ADDED_BY_MLFLOW, OWN_PREFIX, Content, measure
from leeboard_runtime.errors import PermanentFault, Reason, TransientFault
from leeboard_runtime.requirements import Verdict, compare, read_record
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.fetch")

DOWNLOAD = f"{OWN_PREFIX}download"
COMPLETE = f"{OWN_PREFIX}complete"
CLIENT_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""The client's own defaults block for many minutes; the kubelet retries better."""

URI_PREFIX = "models:/"
CREDENTIALS = re.compile(r"://[^/@\s]*@")


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
    model = _download(uri, staging)
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


def _download(uri: str, staging: Path) -> Path:
    for variable, value in CLIENT_DEFAULTS.items():
        os.environ.setdefault(variable, value)
    import requests  # noqa: PLC0415 - the client is slow to import and reads the variables when it is
    from mlflow.artifacts import download_artifacts  # noqa: PLC0415
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        return Path(download_artifacts(artifact_uri=uri, dst_path=str(staging)))
    except MlflowException as error:
        raise _client_fault(uri, error) from error
    except requests.RequestException as error:
        raise _unavailable(uri, error) from error


def _client_fault(uri: str, error: Exception) -> PermanentFault | TransientFault:
    code = str(getattr(error, "error_code", ""))
    status = getattr(error, "get_http_status_code", lambda: 500)()
    text = _without_credentials(f"{error}")
    if code in {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE"} or " 404" in text:
        return PermanentFault(Reason.MODEL_NOT_FOUND, f"{uri} is not at the tracking server ({_tracking()}): {text}")
    if code in {"PERMISSION_DENIED", "UNAUTHENTICATED"} or status in {401, 403} or " 401" in text or " 403" in text:
        return PermanentFault(
            Reason.ACCESS_DENIED, f"the tracking server ({_tracking()}) refuses {uri}: {text}; check its credentials"
        )
    return _unavailable(uri, error)


def _unavailable(uri: str, error: Exception) -> TransientFault:
    told = _without_credentials(f"{type(error).__name__}: {error}")
    return TransientFault(Reason.TRACKING_UNAVAILABLE, f"{uri} cannot be downloaded from {_tracking()} now: {told}")


def _tracking() -> str:
    return _without_credentials(os.environ.get("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_URI is not set"))


def _without_credentials(text: str) -> str:
    """The text without user and password of any address in it: messages end in the resource's status."""
    return CREDENTIALS.sub("://", text)


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
