"""Profiles out of MLflow's artifacts: by their digest, checked, the last ones kept."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from leeboard.errors import PermanentError

if TYPE_CHECKING:
    from mlflow import MlflowClient

MAX_BYTES = 8 * 1024 * 1024
"""Of one profile, and of all that are kept."""
SCHEME = "runs:/"


def downloaded(client: MlflowClient, uri: str, digest: str) -> bytes:
    """The bytes at ``runs:/<run>/<path>``; raises PermanentError when they are not those of ``digest``."""
    run_id, _, path = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not run_id or not path:
        raise PermanentError(f"{uri}: not an address runs:/<run>/<path>")
    folder = str(PurePosixPath(path).parent)
    listed = client.list_artifacts(run_id, None if folder == "." else folder)
    size = next((item.file_size for item in listed if item.path == path and not item.is_dir), None)
    if size is None:
        raise PermanentError(f"{uri}: there is no such file")
    if size > MAX_BYTES:
        raise PermanentError(f"{uri}: {size} bytes, more than {MAX_BYTES}")
    with TemporaryDirectory(prefix="leeboard-profile-") as place:
        data = Path(client.download_artifacts(run_id, path, place)).read_bytes()
    found = f"sha256:{sha256(data).hexdigest()}"
    if found != digest:
        raise PermanentError(f"{uri}: its digest is {found}, not {digest}")
    return data


class Profiles:
    """The profiles that were used last, MAX_BYTES of them together."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, digest: str) -> bytes | None:
        """The profile with that digest, if it is kept."""
        found = self._kept.get(digest)
        if found is not None:
            self._kept.move_to_end(digest)
        return found

    def put(self, digest: str, data: bytes) -> None:
        """Keep it; the ones that were not used for longest go."""
        if digest in self._kept or len(data) > MAX_BYTES:
            return
        self._kept[digest] = data
        self._bytes += len(data)
        while self._bytes > MAX_BYTES:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone)
