"""Files that somebody else changes while the server runs: the keys of tokens and the credential of `/feedback`.

A Secret that is mounted changes by a rename of its folder, so that what is read together belongs together. What cannot
be read any more is logged, and the last good value stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.tokens import KEY_BYTES, Keyring

log = logging.getLogger("leeboard.monitoring")

LOOK_SECONDS = 5.0
LEAST_CREDENTIAL = 16
T = TypeVar("T")
Stamp = tuple[tuple[str, int, int, int], ...]


class Watched(Generic[T]):
    """What ``read`` makes of ``path``; raises PermanentFault when it cannot be read at first."""

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path = path
        self._read = read
        self._stamp = _stamp(path)
        self.value = read(path)

    def look(self) -> None:
        """Read again what has changed."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.value = self._read(self._path)
        except PermanentFault as fault:
            log.warning("the last good value stays: %s", fault.message)
        else:
            log.info("read again path=%s", self._path)


async def watch(files: Sequence[Watched[Keyring] | Watched[bytes]]) -> None:
    """Look at all of them, for ever; run it as a task."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for file in files:
            await asyncio.to_thread(file.look)


def read_keys(folder: Path) -> Keyring:
    """The keys in the files of a folder, 32 hexadecimal digits each, the last name first; none: no tokens yet."""
    try:
        files = sorted((path for path in folder.iterdir() if _is_key(path)), key=lambda path: path.name, reverse=True)
        texts = [(path, path.read_text(encoding="ascii").strip()) for path in files]
    except (OSError, UnicodeDecodeError) as error:
        _refuse("--token-keys", f"{folder} cannot be read: {error}")
    keys = []
    for path, text in texts:
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            _refuse("--token-keys", f"{path} must hold {2 * KEY_BYTES} hexadecimal digits")
        keys.append(key)
    return Keyring(keys)


def read_credential(path: Path) -> bytes:
    """The credential of `/feedback`."""
    try:
        text = path.read_bytes().strip()
    except OSError as error:
        _refuse("--feedback-credential", f"{path} cannot be read: {error.strerror}")
    if len(text) < LEAST_CREDENTIAL:
        _refuse("--feedback-credential", f"{path} must hold at least {LEAST_CREDENTIAL} characters")
    return text


def _is_key(path: Path) -> bool:
    """Mounted Secrets keep their data beside it, in folders with dots."""
    return not path.name.startswith(".") and path.is_file()


def _stamp(path: Path) -> Stamp:
    """Something else after every change."""
    found = []
    try:
        for one in sorted(path.iterdir()) if path.is_dir() else [path]:
            seen = one.stat()
            found.append((one.name, seen.st_ino, seen.st_mtime_ns, seen.st_size))
    except OSError:
        return ()
    return tuple(found)


def _refuse(option: str, sentence: str) -> NoReturn:
    raise PermanentFault(Reason.MONITORING_INVALID, f"{option}: {sentence}")
