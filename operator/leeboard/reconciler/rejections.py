"""Writes that the API server refused, remembered so that the next pass can tell the user instead of trying for ever."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.resource import Manifest, Metadata, is_controlled_by
from leeboard.errors import AlreadyExistsError, RejectedError
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import ObjectRef
from leeboard.ports import Cluster, Key

INVALID, DENIED, TAKEN = 422, 403, 409
RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Remembered:
    rejection: Rejection
    ref: ObjectRef
    at: float


class Rejections:
    """By key, for the generation that was refused; in memory only: trying once more after a restart is harmless.

    An invalid object stays refused until the generation changes. A denied one (quota, policy) is tried again after a
    minute. A taken name is looked up before each pass and tried again when it is free.
    """

    def __init__(self) -> None:
        self._by_key: dict[Key, tuple[_Remembered, ...]] = {}

    def remember(
        self, key: Key, error: RejectedError | AlreadyExistsError, *, ref: ObjectRef, generation: int, at: float
    ) -> Rejection:
        """Note that the write of ``ref`` was refused at ``at`` (seconds of the event loop's clock)."""
        code = error.code if isinstance(error, RejectedError) else TAKEN
        rejection = Rejection(code=code, message=str(error), kind=ref.kind, name=ref.name, generation=generation)
        others = tuple(kept for kept in self._by_key.get(key, ()) if kept.ref != ref)
        self._by_key[key] = (*others, _Remembered(rejection, ref, at))
        return rejection

    async def current(self, key: Key, metadata: Metadata, *, cluster: Cluster, at: float) -> tuple[Rejection, ...]:
        """What still stands of them for this generation."""
        kept = [
            remembered
            for remembered in self._by_key.get(key, ())
            if remembered.rejection.generation == metadata.generation
            and await _stands(remembered, metadata, cluster=cluster, at=at)
        ]
        if kept:
            self._by_key[key] = tuple(kept)
        else:
            self.forget(key)
        return tuple(remembered.rejection for remembered in kept)

    def forget(self, key: Key) -> None:
        """Nothing is refused any more, or the resource is gone."""
        self._by_key.pop(key, None)


async def _stands(remembered: _Remembered, metadata: Metadata, *, cluster: Cluster, at: float) -> bool:
    match remembered.rejection.code:
        case 403:
            return at - remembered.at < RETRY_SECONDS
        case 409:
            found = await cluster.get(remembered.ref)
            return found is not None and not _is_ours(found, metadata)
        case _:
            return True


def _is_ours(found: Manifest, metadata: Metadata) -> bool:
    return is_controlled_by(found, metadata.uid)
