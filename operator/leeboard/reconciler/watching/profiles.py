"""Profiles as the judges want them. Kept without the reference's blocks, which are most of it and needed once a day."""

from __future__ import annotations

from collections import OrderedDict

import structlog

from leeboard.errors import LeeboardError, PermanentError
from leeboard.monitoring.profile import Profile
from leeboard.ports import Tracking
from leeboard.reconciler.watching.subjects import ProfileRef

MOST = 4096
_log = structlog.get_logger()


class Profiles:
    """The profiles of the versions that are watched."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking
        self._kept: OrderedDict[str, Profile] = OrderedDict()
        self._missed: dict[str, LeeboardError] = {}

    async def brief(self, ref: ProfileRef) -> Profile | None:
        """Without blocks: enough to read counters; None while it cannot be had."""
        found = self._kept.get(ref.digest)
        if found is None:
            whole = await self.whole(ref)
            if whole is None:
                return None
            found = self._kept[ref.digest] = whole.without_blocks
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return found

    async def whole(self, ref: ProfileRef) -> Profile | None:
        """With everything; None while it cannot be had."""
        try:
            found = Profile.from_json(await self._tracking.profile(ref.uri, ref.digest))
        except LeeboardError as error:
            if ref.digest not in self._missed:
                _log.warning("a profile cannot be had", uri=ref.uri, error=str(error))
            self._missed[ref.digest] = error
            return None
        self._missed.pop(ref.digest, None)
        return found

    def fault(self, ref: ProfileRef) -> str | None:
        """Why the profile could not be had when it was last asked for, where that does not pass by itself."""
        error = self._missed.get(ref.digest)
        return str(error) if isinstance(error, PermanentError) else None
