"""`leeboard-runtime fetch-reference`: the rows that a profile is built from, onto a volume; nothing reads them here.

Tracking credentials go to the tracking server only: an http(s) address is asked without them, whoever named it.
"""

from __future__ import annotations

import errno
import logging
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leeboard_runtime.artifacts import download, unavailable, without_credentials
from leeboard_runtime.digest import digest_of
from leeboard_runtime.errors import PermanentFault, Reason, RuntimeFault, TransientFault
from leeboard_runtime.termination import write_termination

if TYPE_CHECKING:
    import requests

log = logging.getLogger("leeboard.fetch")

LIMIT_BYTES = 1 << 30
CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 30
THROUGH_MLFLOW = frozenset({"runs", "s3"})
WEB = frozenset({"http", "https"})


def fetch_reference(uri: str, destination: Path) -> None:
    """Bring the file behind `uri` to the file `destination`.

    Raises PermanentFault (ReferenceNotFound, ReferenceInvalid, AccessDenied, DestinationUnusable) and TransientFault
    (TrackingUnavailable).
    """
    scheme = urlsplit(uri).scheme
    if scheme not in WEB | THROUGH_MLFLOW:
        raise _invalid(
            f"{without_credentials(uri)} cannot be fetched: give an http, https or s3 address, or an artifact"
        )
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        if scheme in WEB:
            _download(uri, destination)
        else:
            _from_mlflow(uri, destination)
        size = destination.stat().st_size
    except OSError as error:
        room = (
            "is full; give it more room"
            if error.errno in {errno.ENOSPC, errno.EDQUOT}
            else f"cannot be written: {error}"
        )
        raise PermanentFault(Reason.DESTINATION_UNUSABLE, f"{destination} {room}") from error
    if size > LIMIT_BYTES:
        raise _too_large(uri)
    write_termination({"digest": digest_of(destination), "bytes": size})
    log.info("reference fetched uri=%s bytes=%d", without_credentials(uri), size)


def _from_mlflow(uri: str, destination: Path) -> None:
    staging = destination.with_suffix(".part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        found = download(uri, staging, missing=Reason.REFERENCE_NOT_FOUND)
    except ImportError as error:
        message = f"{uri} needs a library that this image lacks: {error}; log the reference as an artifact of the run"
        raise _invalid(message) from error
    if not found.is_file():
        raise _invalid(f"{uri} is a folder; name one file")
    found.rename(destination)
    shutil.rmtree(staging)


def _download(uri: str, destination: Path) -> None:
    """Over HTTP, without any credentials but those in the address itself."""
    import requests  # noqa: PLC0415 - slow to import, and not needed for artifacts

    told = without_credentials(uri)
    try:
        with requests.Session() as session:
            session.auth = _no_credentials  # else a .netrc would be looked up
            with session.get(uri, stream=True, timeout=TIMEOUT_SECONDS) as response:
                _check(response.status_code, told)
                _write(response, destination, told)
    except requests.exceptions.InvalidURL as error:
        raise _invalid(f"{told} is no address: {without_credentials(str(error))}") from error
    except requests.RequestException as error:
        if isinstance(error, requests.exceptions.InvalidSchema):
            raise _invalid(f"{told} leads to an address that is not http or https") from error
        raise unavailable(told, error) from error


def _write(response: requests.Response, destination: Path, told: str) -> None:
    size = 0
    with destination.open("wb") as file:
        for chunk in response.iter_content(CHUNK_BYTES):
            size += len(chunk)
            if size > LIMIT_BYTES:
                raise _too_large(told)
            file.write(chunk)


def _check(status: int, told: str) -> None:
    fault: RuntimeFault
    if status == HTTPStatus.OK:
        return
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        fault = PermanentFault(Reason.REFERENCE_NOT_FOUND, f"{told} answers {status}: there is no such file")
    elif status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        message = f"{told} answers {status}; it is asked without credentials, so log the rows as an artifact of the run"
        fault = PermanentFault(Reason.ACCESS_DENIED, message)
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        fault = TransientFault(Reason.TRACKING_UNAVAILABLE, f"{told} answers {status}")
    else:
        fault = _invalid(f"{told} answers {status}")
    raise fault


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _too_large(told: str) -> PermanentFault:
    return _invalid(f"{without_credentials(told)} is larger than {LIMIT_BYTES >> 30} GiB; a sample of it will do")


def _invalid(message: str) -> PermanentFault:
    return PermanentFault(Reason.REFERENCE_INVALID, message)
