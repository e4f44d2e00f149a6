"""Signature Version 4 of a request without a body, as S3 and what speaks like it check it.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

ALGORITHM = "AWS4-HMAC-SHA256"
NO_BODY = sha256(b"").hexdigest()


class Credentials(NamedTuple):
    """An access key; the token belongs to a temporary one."""

    key: str
    secret: str
    token: str = ""


class Question(NamedTuple):
    """A request without a body; the path is encoded, and has no query."""

    method: str
    path: str
    headers: Mapping[str, str]


def signed_headers(question: Question, credentials: Credentials, *, region: str, at: datetime) -> dict[str, str]:
    """The question's headers with those that prove who asks, at that time in UTC."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    sent = {**question.headers, "x-amz-content-sha256": NO_BODY, "x-amz-date": stamp}
    if credentials.token:
        sent["x-amz-security-token"] = credentials.token
    canonical = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    names = ";".join(sorted(canonical))
    lines = "".join(f"{name}:{canonical[name]}\n" for name in sorted(canonical))
    request = f"{question.method}\n{question.path}\n\n{lines}\n{names}\n{NO_BODY}"
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    signature = _mac(key, text).hex()
    told = f"{ALGORITHM} Credential={credentials.key}/{scope},SignedHeaders={names},Signature={signature}"
    return {**sent, "Authorization": told}


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
