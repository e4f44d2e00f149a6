"""A rollout without a gateway: kube-proxy splits connections, and connections are given up when their pods go."""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.e2e import obedient
from tests.e2e.rollouts import HOUR, Serving, Town, outcomes
from tests.e2e.scene import TRAINER
from tests.stories.traffic import Client, Figures

THIRD: Final = [{"weight": 34, "for": HOUR}]
SHARE: Final = 1 / 3
"""What they come to: one pod of the canary beside two of stable."""
SAMPLES: Final = 500
ROUND: Final = 100
PACE: Final = ("--pause", "0.05")
KEPT: Final = ("--kept", "16")
"""Connections that stay: none of them leads to the canary once in 650 times."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Constant load on a Service from a pod, over connections that stay and over new ones."""

    serving: Serving
    name: str

    @property
    def client(self) -> Client:
        """What sends it."""
        url = f"http://{self.serving.name}.{self.serving.namespace}.svc{self.serving.path}"
        return Client(self.serving.town.scene.stage, TRAINER, url, tuple(obedient.requests()))

    def begin(self, *options: str) -> None:
        """Start; return when the first requests are answered."""
        self.client.start_load(self.name, *PACE, *options)

    def clear(self) -> None:
        """Leave nothing that sends requests."""
        self.serving.town.kubectl.delete("pod", self.name, namespace=self.serving.namespace, wait=False)

    def figures(self) -> Figures:
        """The numbers so far."""
        return self.client.progress(self.name)

    def next(self, count: int, *, opened_anew: bool = False) -> Counter[str]:
        """Which versions answer the next so many requests."""

        def answered() -> Counter[str]:
            figures = self.figures()
            return Counter(figures.new_connections if opened_anew else figures.versions)

        before = answered()
        self.serving.town.scene.eventually(lambda: (answered() - before).total() >= count, expected=True, seconds=120)
        return answered() - before

    def end(self) -> Figures:
        """The last requests, and all figures."""
        return self.client.stop_load(self.name)


@contextlib.contextmanager
def loads(serving: Serving) -> Iterator[tuple[Inside, Inside]]:
    """Two pods that can send: one before there is a canary, one after."""
    pair = Inside(serving, "early"), Inside(serving, "late")
    try:
        yield pair
    finally:
        for load in pair:
            load.clear()


def until_gone(serving: Serving, version: str) -> None:
    """Return when a version has no pods any more."""
    serving.town.scene.eventually(lambda: serving.pods_of(version), [], seconds=120)


def kept(load: Inside) -> Counter[str]:
    """Which versions answered over connections that stay."""
    figures = load.figures()
    return Counter(figures.versions) - Counter(figures.new_connections)


@pytest.fixture
def direct(town: Town) -> Serving:
    """A service of two pods without a gateway."""
    serving = town.begin("direct", server={"replicas": 2}, provider="Replicas", keep_warm="0s", steps=THIRD)
    serving.until_serves(town.good[0])
    return serving


def test_connections_are_split_by_pods_and_leave_those_that_go(direct: Serving) -> None:
    first, second, _ = direct.town.good
    with loads(direct) as (early, late):
        early.begin()
        direct.pin(second)
        told = direct.until_step("Observing")["status"]["traffic"]
        assert (told["asked"], told["applied"]) == (34, 33)
        assert told["message"].startswith("split by connection: 1 of 3 pods are the canary's")
        late.begin(*KEPT)
        split = late.next(SAMPLES, opened_anew=True)
        assert abs(split[second] - SHARE * split.total()) < 4 * math.sqrt(split.total() * SHARE * (1 - SHARE)), split
        assert (set(kept(early)), kept(late)[second] > 0) == ({first}, True)

        direct.ask("abort")
        direct.until(lambda found: outcomes(found["status"])[0] == ("Aborted", second), "it is aborted")
        until_gone(direct, second)
        assert answered_now(early, late) == {first}

        direct.ask("retry")
        direct.until_step("Observing")
        direct.ask("promote")
        direct.until_serves(second)
        until_gone(direct, first)
        assert answered_now(early, late) == {second}

        assert [(load.failed, load.errors) for load in (early.end(), late.end())] == [(0, {}), (0, {})]


def answered_now(*loads: Inside) -> set[str]:
    """Which versions answer all requests from now on; what the logs are about to tell may be a second old."""
    for load in loads:
        load.next(1)
    return set().union(*(load.next(ROUND) for load in loads))
