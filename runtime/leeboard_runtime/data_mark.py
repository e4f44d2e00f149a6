"""`leeboard-runtime data-mark`: a hash that changes when data change; the data themselves are not read.

    s3://bucket/key    ETag of the object, else its Last-Modified, by HEAD
    a path             name, size and time of change of the file, or of every file in the folder

The mark is the termination message.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from leeboard_runtime.errors import PermanentFault, Reason, RuntimeFault, TransientFault
from leeboard_runtime.s3_signature import Credentials, Question, signed_headers
from leeboard_runtime.termination import write_termination

log = logging.getLogger("leeboard.data")

MOST_FILES = 100_000
TIMEOUT_SECONDS = 30


class Place(NamedTuple):
    """Where an S3 service answers, and by which credentials; none: it is asked unsigned."""

    endpoint: str
    region: str
    credentials: Credentials | None


def data_mark(*, uri: str, path: Path | None) -> None:
    """Tell the mark of an S3 object, or of a file or folder where `path` is given.

    Raises PermanentFault (DataNotFound, DataInvalid, AccessDenied) and TransientFault (DataUnavailable).
    """
    mark = s3_mark(uri, place_of(os.environ)) if path is None else path_mark(path)
    write_termination({"mark": mark})
    log.info("data looked at mark=%s", mark)


def place_of(environment: Mapping[str, str]) -> Place:
    """By the variables that other S3 clients read."""
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    named = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    endpoint = named or f"https://s3.{region}.amazonaws.com"
    if urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname:
        raise PermanentFault(Reason.DATA_INVALID, "AWS_ENDPOINT_URL is no http(s) address")
    key, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if bool(key) != bool(secret):
        raise PermanentFault(
            Reason.ACCESS_DENIED, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are given together or not at all"
        )
    credentials = Credentials(key, secret, environment.get("AWS_SESSION_TOKEN", "")) if key and secret else None
    return Place(endpoint.rstrip("/"), region, credentials)


def s3_mark(uri: str, place: Place) -> str:
    """Mark of one object."""
    parts = urlsplit(uri)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    if parts.scheme != "s3" or not bucket or not key:
        raise PermanentFault(Reason.DATA_INVALID, f"{uri} is not s3://bucket/key")
    endpoint = urlsplit(place.endpoint)
    path = f"{endpoint.path}/{bucket}/{quote(key, safe='/-_.~')}"
    headers = {"Host": endpoint.netloc.rpartition("@")[2]}
    if place.credentials is not None:
        headers = signed_headers(
            Question("HEAD", path, headers), place.credentials, region=place.region, at=datetime.now(UTC)
        )
    status, answer = _head(endpoint.scheme, path, headers)
    if status != HTTPStatus.OK:
        raise _fault_of(uri, status, answer)
    for name in ("ETag", "Last-Modified"):
        if answer.get(name):
            return sha256(f"{name.lower()}: {answer[name]}".encode()).hexdigest()
    raise PermanentFault(Reason.DATA_INVALID, f"{uri}: the answer tells neither ETag nor Last-Modified")


def _head(scheme: str, path: str, headers: Mapping[str, str]) -> tuple[int, HTTPMessage]:
    host = headers["Host"]
    try:
        connection = (
            HTTPSConnection(host, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
            if scheme == "https"
            else HTTPConnection(host, timeout=TIMEOUT_SECONDS)
        )
        try:
            connection.request("HEAD", path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        raise TransientFault(Reason.DATA_UNAVAILABLE, f"{host} does not answer: {error}") from error


def _fault_of(uri: str, status: int, answer: HTTPMessage) -> RuntimeFault:
    region = answer.get("x-amz-bucket-region")
    elsewhere = f"; its bucket is in region {region}: set AWS_REGION" if region else ""
    message = f"{uri}: the answer is {status}{elsewhere}"
    if status == HTTPStatus.NOT_FOUND:
        return PermanentFault(Reason.DATA_NOT_FOUND, message)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return PermanentFault(Reason.ACCESS_DENIED, f"{message}; without the right to list, a missing key says so, too")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return TransientFault(Reason.DATA_UNAVAILABLE, message)
    return PermanentFault(Reason.DATA_INVALID, message)


def path_mark(path: Path) -> str:
    """Mark of a file, or of all files below a folder; links to files count as what they lead to."""
    lines = []
    try:
        for name, found in _files(path):
            lines.append(f"{name}\0{found.st_size}\0{found.st_mtime_ns}")
            if len(lines) > MOST_FILES:
                raise PermanentFault(
                    Reason.DATA_INVALID, f"{path} holds more than {MOST_FILES} files: name one that changes with them"
                )
    except FileNotFoundError as error:
        raise PermanentFault(Reason.DATA_NOT_FOUND, f"{error.filename} does not exist") from error
    except PermissionError as error:
        raise PermanentFault(Reason.ACCESS_DENIED, f"{error.filename} may not be looked at") from error
    except OSError as error:
        raise TransientFault(Reason.DATA_UNAVAILABLE, f"{path}: {error}") from error
    return sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    if not path.is_dir():
        yield path.name, path.stat()
        return
    for folder, _, names in os.walk(path, onerror=_raise):
        for name in names:
            file = Path(folder) / name
            yield str(file.relative_to(path)), file.stat()


def _raise(error: OSError) -> None:
    raise error
