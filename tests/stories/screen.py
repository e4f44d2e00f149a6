"""What the person watching sees: a live table of the namespace on a terminal, one line for each change elsewhere."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tests.support.kubectl import Manifest
from tests.support.resources import age_seconds, condition

WIDE = 150
"""Characters of a terminal that has room for what a condition says."""
COLUMNS = (("KIND", 16), ("NAME", 20), ("PHASE", 11), ("READY", 5), ("REASON", 12), ("AGE", 4))
STYLES = {"True": "green", "False": "yellow", "Unknown": "dim"}
ORDER = ("TrainingJob", "ModelVersion", "InferenceService", "Pod")


@dataclass(frozen=True, slots=True)
class Row:
    """One resource in a few words; ``changes`` without the age."""

    kind: str
    name: str
    phase: str
    ready: str
    reason: str
    message: str
    age: str

    @property
    def changes(self) -> tuple[str, str, str, str, str]:
        """What makes it worth another line where there is no terminal."""
        return self.kind, self.name, self.phase, self.ready, self.reason


def row_of(resource: Manifest, now: datetime) -> Row:
    """Return a resource's row; a pod's phase is what its containers wait for."""
    ready = condition(resource, "Ready")
    seconds = age_seconds(resource, now)
    is_pod = resource["kind"] == "Pod"
    return Row(
        kind=str(resource["kind"]),
        name=str(resource["metadata"]["name"]),
        phase=_pod_phase(resource) if is_pod else str(resource.get("status", {}).get("phase") or "Pending"),
        ready=str(ready.get("status", "Unknown")),
        reason="" if is_pod else str(ready.get("reason", "")),
        message="" if is_pod else str(ready.get("message", "")),
        age=f"{seconds:.0f}s" if seconds < 120 else f"{seconds / 60:.0f}m",
    )


def _pod_phase(pod: Manifest) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for status in (*pod["status"].get("initContainerStatuses", ()), *pod["status"].get("containerStatuses", ())):
        waiting = status["state"].get("waiting", {}).get("reason")
        if waiting not in {None, "PodInitializing", "ContainerCreating"}:
            return str(waiting)
    return str(pod["status"].get("phase", "Pending"))


def _is_done(resource: Manifest) -> bool:
    """A pod that has ended well tells nobody anything."""
    return bool(resource["kind"] == "Pod" and resource["status"].get("phase") == "Succeeded")


class Screen:
    """Shows rows and sentences; used as a context manager around the whole story."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self.title = title
        self.console = console or Console(highlight=False)
        self._started = time.monotonic()
        self._doing = ""
        self._rows: tuple[Row, ...] = ()
        self._seen: set[tuple[str, ...]] = set()
        self._live = Live(console=self.console, refresh_per_second=4, get_renderable=self._picture)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._doing = ""
        if self.console.is_terminal:
            self._live.stop()

    def say(self, sentence: str) -> None:
        """Leave a sentence on the screen, above the table."""
        self.console.print(f"[dim]{self._elapsed()}[/dim]  {sentence}", soft_wrap=True)

    def doing(self, sentence: str) -> None:
        """Name what is being waited for."""
        self._doing = sentence
        if not self.console.is_terminal:
            self.say(sentence)

    def show(self, resources: Iterable[Manifest]) -> None:
        """Replace the table."""
        now = datetime.now(UTC)
        rows = [row_of(resource, now) for resource in resources if resource["kind"] in ORDER and not _is_done(resource)]
        self._rows = tuple(sorted(rows, key=lambda row: ORDER.index(row.kind)))
        if self.console.is_terminal:
            return
        for row in self._rows:
            if row.kind != "Pod" and row.changes not in self._seen:
                self.say(f"{row.kind}/{row.name}: {row.phase}, Ready={row.ready} {row.reason} {row.message}".rstrip())
        self._seen = {row.changes for row in self._rows}

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:6.1f}s"

    def _picture(self) -> Group:
        is_wide = self.console.width >= WIDE
        table = Table(
            box=box.SIMPLE_HEAD, title=self.title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0)
        )
        for heading, width in COLUMNS:
            table.add_column(heading, no_wrap=True, min_width=width, max_width=None if is_wide else width)
        if is_wide:
            table.add_column("WHAT IT SAYS", no_wrap=True, overflow="ellipsis")
        for row in self._rows:
            style = "dim" if row.kind == "Pod" else ""
            ready = Text(row.ready, style=STYLES.get(row.ready, ""))
            message = (row.message,) if is_wide else ()
            table.add_row(row.kind, row.name, row.phase, ready, row.reason, row.age, *message, style=style)
        return Group(table, Text(f"{self._elapsed()}  {self._doing}", style="cyan"))
