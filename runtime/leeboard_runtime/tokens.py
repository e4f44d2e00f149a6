"""Tokens: what a prediction was, sealed, so that a label that comes late needs no database.

    base64url( key id 1 | nonce 12 | AES-128-GCM( content 20 ) | tag 16 )      sizes in bytes, big-endian, no padding
    content:   version 4 | Unix time 4 | score cell 1 | class 1 | value 8 | segment 1 | group 1

Encrypted, not only signed: score and group are nobody's business but the operator's. The nonce is eight random bytes
of this process and a counter (NIST SP 800-38D, 8.2.1): no nonce is used twice with a key, whatever the pods do.
"""

from __future__ import annotations

import binascii
import secrets
import struct
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from math import nan
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 16
NONCE_BYTES = 12
VERSION_BYTES = 4
HASH_BYTES = 8
PREFIX_BYTES = 8
COUNTER_LIMIT = 1 << 32
COUNTER_USES = COUNTER_LIMIT - 1
CONTENT = struct.Struct(f">{VERSION_BYTES}sIBBdBB")
TOKEN_BYTES = 1 + NONCE_BYTES + CONTENT.size + 16
TOKEN_CHARACTERS = -(TOKEN_BYTES * 4 // -3)
PADDING = "=" * (-TOKEN_CHARACTERS % 4)
FILL = bytes(-TOKEN_BYTES % 3)  # between tokens that are spelt at once: each one begins with a character of its own
NOTHING = 255
"""A score cell, class, segment or group that there is none of."""
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = str.maketrans("-_", "+/")


class Sealed(NamedTuple):
    """What a token holds: a Unix time in seconds, and -1 or None for what there is none of."""

    at: int
    cell: int
    label: int
    value: float | None
    segment: int
    group: int


SealedFields = tuple[int, int, int, float | None, int, int]
"""The fields of `Sealed`, as a tuple that costs less."""


class Opened(NamedTuple):
    """A token that one of the keys has sealed; ``hash`` is the same for the same token, and uniform over tokens."""

    hash: int
    version: bytes
    sealed: Sealed


class ForgedTokenError(Exception):
    """No key has sealed this, or somebody has changed it."""


def version_mark(*names: str) -> bytes:
    """The four bytes by which a token knows the version, and the profile, that it is of."""
    return blake2b("\0".join(names).encode(), digest_size=VERSION_BYTES).digest()


class Keyring:
    """AES-128 keys, the newest first: that one seals, all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = [(blake2b(key, digest_size=1).digest(), AESGCM(key)) for key in keys]
        self._renew_prefix()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def _renew_prefix(self) -> None:
        self._nonce = int.from_bytes(secrets.token_bytes(PREFIX_BYTES), "big") * COUNTER_LIMIT
        self._last = self._nonce + COUNTER_USES

    def seal(self, version: bytes, rows: Iterable[SealedFields]) -> list[str]:
        """A token for each; what is above 254 must have been made -1 before. The keyring must not be empty."""
        key_id, cipher = self._keys[0]
        encrypt, pack, nonce = cipher.encrypt, CONTENT.pack, self._nonce
        parts: list[bytes] = []
        for at, cell, label, value, segment, group in rows:
            if nonce >= self._last:
                self._renew_prefix()
                nonce = self._nonce
            nonce = self._nonce = nonce + 1
            once = nonce.to_bytes(NONCE_BYTES, "big")
            content = pack(
                *(version, at, cell & NOTHING, label & NOTHING, nan if value is None else value),
                *(segment & NOTHING, group & NOTHING),
            )  # -1 becomes NOTHING
            parts += (key_id, once, encrypt(once, content, None), FILL)
        text = b2a_base64(b"".join(parts), newline=False).translate(_TO_URL).decode()
        return [text[start : start + TOKEN_CHARACTERS] for start in range(0, len(text), TOKEN_CHARACTERS + len(FILL))]

    def open(self, token: str) -> Opened:
        """What a token holds. Raises ForgedTokenError."""
        raw = _decoded(token)
        nonce, body = raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :]
        for key_id, cipher in self._keys:
            if key_id != raw[:1]:
                continue
            try:
                content = cipher.decrypt(nonce, body, None)
            except InvalidTag:
                continue
            version, at, cell, label, value, segment, group = CONTENT.unpack(content)
            number = value if value == value else None  # noqa: PLR0124 - NaN alone is not itself
            sealed = Sealed(at, _index(cell), _index(label), number, segment=_index(segment), group=_index(group))
            return Opened(int.from_bytes(blake2b(raw, digest_size=HASH_BYTES).digest(), "big"), version, sealed)
        raise ForgedTokenError


def _decoded(token: str) -> bytes:
    """The bytes of a token, which has one spelling only."""
    if len(token) != TOKEN_CHARACTERS or not token.isascii():
        raise ForgedTokenError
    try:
        raw = binascii.a2b_base64(token.translate(_FROM_URL) + PADDING, strict_mode=True)
    except binascii.Error:
        raise ForgedTokenError from None
    if binascii.b2a_base64(raw, newline=False)[:TOKEN_CHARACTERS].translate(_TO_URL).decode() != token:
        raise ForgedTokenError
    return raw


def _index(byte: int) -> int:
    return -1 if byte == NOTHING else byte
