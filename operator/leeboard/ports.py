"""What the reconcile loop asks of the world; adapters implement these, fakes in tests pass the same contract tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from leeboard.api.names import Kind
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest, Metadata
from leeboard.monitoring.cells import Cursor, PodReport
from leeboard.monitoring.counts import PodCounts
from leeboard.monitoring.profile import Profile
from leeboard.monitoring.watch import Watch
from leeboard.planning.actions import Action
from leeboard.planning.facts import Children, LoggedModel, RegisteredModel, RegisteredVersion, Run, Unknown
from leeboard.planning.plan import Notice, ObjectRef, Write


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One resource of ours: what the work queue holds."""

    kind: Kind
    namespace: str
    name: str


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...


class Cluster(Protocol):
    """The API server. Every method raises TransientError when it may work later.

    Reads by ``children`` and ``cached`` come from the watch cache, the others are live.
    """

    async def get(self, ref: ObjectRef) -> Manifest | None:
        """The live object, None when it does not exist."""
        ...

    def children(self, owner: Metadata, kind: str) -> Children | Unknown:
        """Objects of ``kind`` that carry ``owner``'s uid label, by the cache; planners check who controls them.

        Unknown until the cache is complete and has seen this process's last write for ``owner``.
        """
        ...

    def serves(self, kind: str) -> bool:
        """Whether the API server has a kind that a cluster may lack; true as well while that is not known."""
        ...

    def cached(self, kind: str, namespace: str) -> Children | Unknown:
        """Every cached object of ``kind`` in a namespace; Unknown until the cache is complete."""
        ...

    def named(self, kind: str, namespace: str, name: str) -> Manifest | Unknown | None:
        """The cached object of that name, None when there is none; Unknown until the cache is complete."""
        ...

    async def log_tail(self, ref: ObjectRef, container: str, *, lines: int) -> tuple[str, ...] | None:
        """The last lines of a container's log (each cut to 16 KiB unless it is a record), None when there is none."""
        ...

    async def write(self, owner: Metadata, kind: Kind, write: Write) -> None:
        """Carry out one write through the gate.

        Raises AlreadyExistsError or ConflictError for a lost race, RejectedError when the API server refuses the
        object, NotLeaderError when this process may not write.
        """
        ...

    async def write_status(self, key: Key, uid: str, status: Manifest) -> None:
        """Replace our part of the status of the object with that uid."""
        ...

    async def notify(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:
        """Post one event; a failure is logged, never raised."""
        ...


class Tracking(Protocol):
    """MLflow. Every method raises TrackingUnavailable when it does not answer; the loop turns that into Unknown."""

    async def find_runs(self, *, experiment: str, tags: Mapping[str, str]) -> tuple[Run, ...]:
        """Runs of the experiment that carry all of ``tags``, oldest first; none when the experiment is missing."""
        ...

    async def get_run(self, run_id: str) -> Run | None:
        """One run with its latest metrics, None when it does not exist."""
        ...

    async def logged_models(self, run: Run) -> tuple[LoggedModel, ...]:
        """Every model that the run logged, by creation."""
        ...

    async def registered_model(self, name: str) -> RegisteredModel | None:
        """One registered model, None when it does not exist."""
        ...

    async def find_versions(self, model: str, *, tags: Mapping[str, str]) -> tuple[RegisteredVersion, ...]:
        """Versions of ``model`` that carry all of ``tags``, lowest number first."""
        ...

    async def get_version(self, model: str, version: str) -> RegisteredVersion | None:
        """One version, None when it does not exist."""
        ...

    async def logged_reference(self, run_id: str) -> Reference | None:
        """The reference that a run logged by itself: a data set input of context ``reference`` whose source is an
        address, else the artifact reference.csv or reference.parquet; None when there is none, or no such run.
        """
        ...

    async def profile(self, uri: str, digest: str) -> bytes:
        """The profile at ``runs:/<run>/<path>``, whose sha256 is ``digest``.

        Raises PermanentError when it is not there, larger than 8 MiB, or another one.
        """
        ...

    async def carry_out(self, action: Action) -> None:
        """Do what a plan asked for."""
        ...


class Counters(Protocol):
    """What model servers count about themselves. Nothing is raised: what cannot be read is Unknown."""

    async def counts(self, pods: Sequence[Manifest], *, answers: bool) -> Mapping[str, PodCounts | Unknown]:
        """By the name of the pod, every pod of ``pods``; with the ring of its last predictions where ``answers``.

        A server keeps predictions only after it was asked for them, so that the first answer holds none.
        """
        ...

    async def cells(
        self, pods: Sequence[Manifest], *, profiles: Mapping[str, Profile], cursors: Mapping[str, Cursor]
    ) -> Mapping[str, PodReport | Unknown]:
        """By the name of the pod, every pod of ``pods``: what it counted into the cells of its revision's profile.

        ``profiles`` are by revision; pods of another one are Unknown, as are those that count in no cells or in others.
        Pods in ``cursors`` are asked for labels from there on; those of a process that began since are left for later.
        """
        ...


class Queries(Protocol):
    """Prometheus servers by the administrator's names. Nothing is raised: what cannot be read is Unknown."""

    async def number(self, provider: str, query: str) -> float | Unknown:
        """The one finite number that ``query`` results in now."""
        ...

    async def counts(self, provider: str, pods: Sequence[Manifest]) -> Mapping[str, PodCounts | Unknown]:
        """By the name of the pod, every pod of ``pods``, which are of one service: its counters as last scraped."""
        ...


class Watching(Protocol):
    """What is counted and judged beside the passes, all the time."""

    def known(self, owner: Metadata) -> Watch | None:
        """What is known of a service; None until it was looked at for the first time."""
        ...


class DataMarks(Protocol):
    """Resources on the web that change when there are new data."""

    async def mark(self, uri: str, *, max_age: timedelta) -> str | Unknown:
        """Hash of what tells the state of ``uri``, asked for ``max_age`` ago at most; nothing is raised."""
        ...


class Messages(Protocol):
    """People outside the cluster who want to hear of some notices."""

    def offer(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:
        """Tell those who want to know, later: it neither waits nor raises, and what cannot be told is counted."""
        ...


class Nobody:
    """Messages where nobody is to be told."""

    def offer(self, kind: Kind, metadata: Metadata, notice: Notice) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that an observation may ask."""

    cluster: Cluster
    tracking: Tracking
    counters: Counters
    queries: Queries
    watching: Watching
    marks: DataMarks
