"""The file that a story leaves behind: build/stories/<example>.json."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tests.cluster.paths import Layout
from tests.stories.stage import Phase

Figure = str | int | float | bool | None | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Record:
    """What a story measured."""

    story: str
    date: datetime
    ok: bool
    figures: Mapping[str, Figure]
    phases: Sequence[Phase]

    def write(self) -> Path:
        """Write the file and return where it lies."""
        path = path_of(self.story)
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "story": self.story,
            "date": self.date.isoformat(timespec="seconds"),
            "ok": self.ok,
            "figures": dict(self.figures),
            "phases": [asdict(phase) for phase in self.phases],
        }
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path


def path_of(story: str) -> Path:
    """Return where a story's file lies."""
    return Layout.here().checkout / "build" / "stories" / f"{story}.json"
