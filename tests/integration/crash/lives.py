"""A flow lived through once: one operator that may die, and those that are started in its place."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.conftest import Api
from tests.integration.crash.flows import Flow
from tests.integration.crash.nursery import Life, Nursery
from tests.integration.crash.place import Place, fresh_name
from tests.integration.crash.sameness import difference
from tests.integration.crash.surroundings import Surroundings
from tests.integration.crash.wire import Wire

POLL_SECONDS = 0.25
LOOK_SECONDS = 0.5
"""Between two looks at everything, which are many requests."""
END_SECONDS = 60.0
QUIET_SECONDS = 2.0


class CrashError(AssertionError):
    """A life did not come to its end; the message says where it stood."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a life went: the writes of its first operator, whether that one was killed, and what stood at the end."""

    written: tuple[str, ...]
    died: bool
    end: list[str]


@dataclass(frozen=True, slots=True)
class Stage:
    """What all lives share."""

    api: Api
    wire: Wire
    tracking_uri: str
    nursery: Nursery
    surroundings: Surroundings
    folder: Path
    given_up: threading.Event = field(default_factory=threading.Event)
    """Set when nobody waits for lives any more."""


class Living:
    """One life of a flow."""

    def __init__(self, stage: Stage, flow: Flow, *, fatal: str) -> None:
        self._stage = stage
        self._fatal = fatal
        namespace = fresh_name()
        stage.api.rest.create(
            "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
        self.place = Place(stage.wire, stage.tracking_uri, namespace)
        for number in flow.versions:
            self.place.approve(number)
        self._flow = flow
        self._journal = stage.folder / f"{namespace}.journal"
        self._begins = stage.folder / f"{namespace}.begins"
        self._operator = self._start(fatal, journal=self._journal)
        self._generation = 1

    def play(self) -> None:
        """Everything up to the flow's end."""
        flow = self._flow
        for act in flow.given:
            self.until(act.when, f"{flow.name}: what is given")
            act.do(self.place)
        for number, act in enumerate(flow.acts):
            self.until(act.when, f"{flow.name}: act {number}")
            if number == 0:
                self.until_quiet() if flow.given else None
                self._begins.touch()
            act.do(self.place)
        self.until(flow.until, f"{flow.name}: the end")

    def until(self, condition: Callable[[Place], object], what: str) -> None:
        """Poll; an operator that died is followed by another one."""
        deadline = time.monotonic() + END_SECONDS
        while not condition(self.place):
            self._follow()
            if time.monotonic() > deadline:
                text = "\n".join(self.place.everything())
                raise CrashError(
                    f"{what}: not within {END_SECONDS:.0f} s after {self.written()}\n{text}\n{self._log()}"
                )
            time.sleep(POLL_SECONDS)

    def until_quiet(self, end: list[str] | None = None) -> list[str]:
        """Everything, once nothing has changed for a while and all is as ``end`` says; fails with the difference."""
        deadline = time.monotonic() + END_SECONDS
        last, since = self.place.everything(), time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS or (end is not None and last != end):
            time.sleep(LOOK_SECONDS)
            is_another = self._follow()
            now = self.place.everything()
            if now != last or is_another:
                last, since = now, time.monotonic()
            if time.monotonic() > deadline:
                raise CrashError(f"killed after {self._fatal}\n{difference(end or [], last)}\n{self._log()}")
        return last

    @property
    def died(self) -> bool:
        """Whether the first operator was killed."""
        return self._generation > 1

    def end(self) -> None:
        """Stop the operator and clear the namespace."""
        self._operator.stop()
        self.place.clear()

    def written(self) -> tuple[str, ...]:
        """The writes that the first operator made."""
        return tuple(self._journal.read_text().splitlines()) if self._journal.exists() else ()

    def _follow(self) -> bool:
        """Start another operator when the last one has died; whether it had."""
        if self._stage.given_up.is_set():
            raise CrashError("given up: nobody waits for this life any more")
        if self._stage.surroundings.error is not None:
            raise CrashError(f"the surroundings broke: {self._stage.surroundings.error!r}")
        if not self._operator.is_over():
            return False
        if self._generation > 1 or self.written()[-1:] != (self._fatal,):
            raise CrashError(f"an operator ended by itself after {self.written()}\n{self._log()}")
        self._operator.stop()
        self._operator = self._start("", journal=self._journal.with_suffix(".next"))
        self._generation += 1
        return True

    def _start(self, fatal: str, *, journal: Path) -> Life:
        namespace = self.place.namespace
        told = {"CRASH_JOURNAL": str(journal), "CRASH_AFTER": fatal, "CRASH_FROM": str(self._begins)}
        settings = settings_of(namespace, tracking_uri=self._stage.tracking_uri) | told
        return self._stage.nursery.start(settings, log=self._stage.folder / f"{namespace}.log")

    def _log(self) -> str:
        lines = self._operator.log.read_text().splitlines()
        return "\n".join(lines[-25:])


def settings_of(namespace: str, *, tracking_uri: str) -> dict[str, str]:
    """Settings of an operator for one namespace."""
    return {
        "LEEBOARD_NAMESPACE": "default",
        "LEEBOARD_LEADER_ELECTION": "false",
        "LEEBOARD_TRACKING_URI": tracking_uri,
        "LEEBOARD_RUNTIME_IMAGE": "leeboard.dev/runtime:dev",
        "LEEBOARD_PROBE_PORT": "0",
        "LEEBOARD_METRICS_PORT": "0",
        "CRASH_NAMESPACE": namespace,
    }


def live(stage: Stage, flow: Flow, *, fatal: str, reference: list[str] | None = None) -> Outcome:
    """One life, until nothing moves any more; with a ``reference`` until everything is as that says, or it fails."""
    living = Living(stage, flow, fatal=fatal)
    with ExitStack() as stack:
        stack.callback(living.end)
        living.play()
        end = living.until_quiet(reference)
        return Outcome(living.written(), living.died, end)
