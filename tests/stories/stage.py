"""Where a story is played: a namespace that is watched, phases that are timed, waits with deadlines."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.api import Gateway
from tests.stories.screen import Screen
from tests.support.kubectl import OURS, Kubectl, Manifest

POLL_SECONDS = 0.5


class StoryError(Exception):
    """Something that the story promises did not come true; the message says what."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of the story and how long it took."""

    name: str
    seconds: float


@dataclass(slots=True)
class Stage:
    """One namespace, what is shown of it, the gateway that leads into it, and the time that each phase took."""

    kubectl: Kubectl
    namespace: str
    screen: Screen
    gateway: Gateway | None = None
    phases: list[Phase] = field(default_factory=list)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a part of the story; also when it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.phases.append(Phase(name, round(time.monotonic() - started, 2)))

    def clear(self, example: Path) -> None:
        """Make the example's namespace anew, without what an earlier telling has left in it."""
        with self.phase("clear"):
            self.screen.doing(f"namespace {self.namespace} is cleared of an earlier telling")
            self.kubectl.delete("namespace", self.namespace)
            self.kubectl.apply_file(example / "namespace.yaml")

    def refresh(self) -> list[Manifest]:
        """Read the namespace, show it, and return its objects."""
        resources = self.kubectl.list(f"{OURS},pods", namespace=self.namespace)
        self.screen.show(resources)
        return resources

    def wait(self, reference: str, until: Callable[[Manifest], bool], *, what: str, seconds: float) -> Manifest:
        """Wait until ``Kind/name`` is as it should be, and return it.

        Raises:
            StoryError: it is not within ``seconds``, or it is a TrainingJob that has failed for good.
        """
        kind, name = reference.split("/")
        deadline = time.monotonic() + seconds
        self.screen.doing(what)
        while True:
            resources = self.refresh()
            found = next(
                (item for item in resources if item["kind"] == kind and item["metadata"]["name"] == name), None
            )
            if found is not None and until(found):
                return found
            if found is not None and found.get("status", {}).get("outcome") == "Failed":
                failure = found["status"].get("failure", {})
                raise StoryError(f"{reference} failed: {failure.get('class')} {failure.get('message')}")
            if time.monotonic() > deadline:
                raise StoryError(f"{what}: not within {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
