"""Model servers and Prometheus in memory, as far as the ports show them; they pass the adapters' contract tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from leeboard.api.resource import Manifest, Metadata
from leeboard.monitoring.cells import Cursor, PodReport
from leeboard.monitoring.counts import PodCounts
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Watch
from leeboard.planning.facts import Unknown


@dataclass
class FakeCounters:
    """``pods`` by name: who is not there does not answer. ``asked`` keeps what was asked for."""

    pods: dict[str, PodCounts] = field(default_factory=dict)
    counted: dict[str, PodReport] = field(default_factory=dict)
    asked: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)

    async def counts(self, pods: Sequence[Manifest], *, answers: bool) -> Mapping[str, PodCounts | Unknown]:
        names = tuple(pod["metadata"]["name"] for pod in pods)
        self.asked.append((names, answers))
        return {name: self._counts(name, answers=answers) for name in names}

    async def cells(
        self,
        pods: Sequence[Manifest],
        *,
        profiles: Mapping[str, Profile],
        cursors: Mapping[str, Cursor],  # noqa: ARG002 - every label is told each time: merging is union
    ) -> Mapping[str, PodReport | Unknown]:
        names = [pod["metadata"]["name"] for pod in pods]
        return {name: self._cells(name, profiles) for name in names}

    def _cells(self, name: str, profiles: Mapping[str, Profile]) -> PodReport | Unknown:
        found = self.counted.get(name)
        if found is None or found.cells.revision not in profiles:
            return Unknown(f"pod {name}: no connection")
        return found

    def _counts(self, name: str, *, answers: bool) -> PodCounts | Unknown:
        found = self.pods.get(name)
        if found is None:
            return Unknown(f"pod {name}: no connection")
        return found if answers else replace(found, answers=())


@dataclass
class FakeQueries:
    """``numbers`` by provider and query, ``scraped`` counts by provider; ``asked`` keeps what was asked for."""

    numbers: dict[tuple[str, str], float] = field(default_factory=dict)
    scraped: dict[str, dict[str, PodCounts]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def number(self, provider: str, query: str) -> float | Unknown:
        self.asked.append((provider, query))
        found = self.numbers.get((provider, query))
        return Unknown(f"{provider}: the query has no result of the last 60 s") if found is None else found

    async def counts(self, provider: str, pods: Sequence[Manifest]) -> Mapping[str, PodCounts | Unknown]:
        self.asked.append((provider, "counts"))
        names = [pod["metadata"]["name"] for pod in pods]
        found = self.scraped.get(provider, {})
        return {name: found.get(name) or Unknown(f"{provider}: pod {name} has no series") for name in names}


@dataclass
class FakeWatching:
    """What is known of services, by uid."""

    watches: dict[str, Watch] = field(default_factory=dict)

    def known(self, owner: Metadata) -> Watch | None:
        return self.watches.get(owner.uid)


@dataclass
class FakeMarks:
    """Marks by URI; what is not there cannot be asked. ``asked`` keeps how old an answer might have been."""

    marks: dict[str, str] = field(default_factory=dict)
    asked: dict[str, timedelta] = field(default_factory=dict)

    async def mark(self, uri: str, *, max_age: timedelta) -> str | Unknown:
        self.asked[uri] = max_age
        return self.marks.get(uri) or Unknown("no connection")
