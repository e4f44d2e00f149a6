"""All that is remembered of one service: windows, votes, cohorts and bets, as text for one ConfigMap.

The text is at most MAX_BYTES. For 100 numeric features, four versions and 20 busy pods it has about 70 KiB, and 90 KiB
more with as many labels as are kept. When it would have more, the largest baselines are left out: what these pods
counted since the last write is then lost should the operator restart, nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leeboard.monitoring.cohorts import Cohorts, fitted
from leeboard.monitoring.drift.trail import Trail
from leeboard.monitoring.drift.votes import Votes
from leeboard.monitoring.fairness.recall import Recall
from leeboard.monitoring.memory_cohorts import (
    cohorts_json,
    cohorts_of,
    progress_json,
    progress_of,
    recall_json,
    recall_of,
)
from leeboard.monitoring.memory_windows import trail_json, trail_of, votes_json, votes_of, windows_json, windows_of
from leeboard.monitoring.performance.progress import Progress
from leeboard.monitoring.windows import Windows

SCHEMA = 1
MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Drift was voted for in a window that began at ``since``, and has not gone; ``progress`` is the bet since then."""

    since: datetime
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """``windows`` of all revisions; the others by revision. ``performance`` is the bet that watches all the time,
    ``recalls`` what labels say of groups, ``trails`` how far features were in the last windows.
    """

    windows: Windows = field(default_factory=Windows)
    votes: Mapping[str, Votes] = field(default_factory=dict)
    cohorts: Mapping[str, Cohorts] = field(default_factory=dict)
    performance: Mapping[str, Progress] = field(default_factory=dict)
    suspicions: Mapping[str, Suspicion] = field(default_factory=dict)
    recalls: Mapping[str, Recall] = field(default_factory=dict)
    trails: Mapping[str, Trail] = field(default_factory=dict)

    def to_text(self) -> str:
        """JSON of at most MAX_BYTES; ``from_text`` gives an equal value unless baselines had to be left out."""
        rest = {
            "schema": SCHEMA,
            "votes": {name: votes_json(one) for name, one in self.votes.items()},
            "cohorts": {name: cohorts_json(one) for name, one in fitted(self.cohorts).items()},
            "performance": {name: progress_json(one) for name, one in self.performance.items()},
            "suspicions": {name: _suspicion_json(one) for name, one in self.suspicions.items()},
            "recalls": {name: recall_json(one) for name, one in self.recalls.items()},
            "trails": {name: trail_json(one) for name, one in self.trails.items()},
        }
        room = MAX_BYTES - len(_text(rest)) - len(',"windows":')
        return _text({**rest, "windows": windows_json(self.windows, room)})

    @staticmethod
    def from_text(text: str) -> Memory | None:
        """What was remembered; None when it cannot be read or was written by another schema."""
        try:
            document = json.loads(text)
            return _memory(document) if document["schema"] == SCHEMA else None
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
            return None


def _memory(document: dict[str, Any]) -> Memory:
    return Memory(
        windows=windows_of(document["windows"]),
        votes={str(name): votes_of(one) for name, one in document["votes"].items()},
        cohorts={str(name): cohorts_of(one) for name, one in document["cohorts"].items()},
        performance={str(name): progress_of(one) for name, one in document["performance"].items()},
        suspicions={str(name): _suspicion(one) for name, one in document["suspicions"].items()},
        recalls={str(name): recall_of(one) for name, one in document.get("recalls", {}).items()},
        trails={str(name): trail_of(one) for name, one in document.get("trails", {}).items()},
    )


def _suspicion_json(suspicion: Suspicion) -> list[Any]:
    progress = suspicion.progress
    return [suspicion.since.isoformat(), None if progress is None else progress_json(progress)]


def _suspicion(values: list[Any]) -> Suspicion:
    since, progress = values
    return Suspicion(datetime.fromisoformat(since), None if progress is None else progress_of(progress))


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
