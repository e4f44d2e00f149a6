"""What the loop needs to know of a kind: how to read it, what to observe for it, and how to plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from leeboard.api.resource import Manifest, Metadata, Status
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import Plan
from leeboard.ports import Sources


class Resource(Protocol):
    """One of our resources as a value."""

    @property
    def metadata(self) -> Metadata:
        """Who it is."""
        ...

    @property
    def status(self) -> Status:
        """What was last said of it."""
        ...


R = TypeVar("R", bound=Resource)
F = TypeVar("F")
R_contra = TypeVar("R_contra", bound=Resource, contravariant=True)
F_contra = TypeVar("F_contra", contravariant=True)
F_co = TypeVar("F_co", covariant=True)


class Observe(Protocol[R_contra, F_co]):
    """Everything that a plan needs to know, read from its sources; what cannot be read is Unknown."""

    async def __call__(self, resource: R_contra, /, *, sources: Sources, rejections: tuple[Rejection, ...]) -> F_co:
        """Observe one resource."""
        ...


class MakePlan(Protocol[R_contra, F_contra]):
    """The pure part."""

    def __call__(self, resource: R_contra, facts: F_contra, /, *, defaults: Defaults, now: datetime) -> Plan:
        """Plan one resource."""
        ...


@dataclass(frozen=True, slots=True)
class KindEntry(Generic[R, F]):
    """One line of the table in kinds.py."""

    parse: Callable[[Manifest], R]
    observe: Observe[R, F]
    plan: MakePlan[R, F]
