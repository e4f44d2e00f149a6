"""The ConfigMap that remembers what was counted: written when a window closed or a pod went, else left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leeboard.api.resource import Manifest, Metadata
from leeboard.monitoring.watch import MARK, Watch
from leeboard.planning.config_maps import config_map, live_config_map
from leeboard.planning.plan import Apply, Create, Write, uid_of

CONTENT = "monitoring"


def remembered(service: Metadata, config_maps: Sequence[Manifest]) -> Watch | None:
    """What the ConfigMap holds; None when it is not there or cannot be read."""
    live = live_config_map(service, CONTENT, config_maps)
    return None if live is None else Watch.from_data(live.get("data") or {})


def memory_writes(service: Metadata, config_maps: Sequence[Manifest], watch: Watch | None) -> Iterator[Write]:
    """One write at most. Nothing is remembered of a service that is not watched."""
    if watch is None or not watch.memory.windows.revisions:
        return
    live = live_config_map(service, CONTENT, config_maps)
    if live is None:
        yield Create(config_map(service, CONTENT, watch.to_data()))
    elif (live.get("data") or {}).get(MARK) != watch.mark:
        yield Apply(config_map(service, CONTENT, watch.to_data()), uid_of(live))
