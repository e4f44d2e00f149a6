"""A rollout without a gateway: kube-proxy splits connections, and connections are given up when their pods go."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

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


def until_gone(serving: Serving, version: str) -> None:
    """Return when a version has no pods any more."""
    serving.town.scene.eventually(lambda: serving.pods_of(version), [], seconds=120)


def test_connections_are_split_by_pods_and_leave_those_that_go(town: Town) -> None:
    first, second, _ = town.good
    serving = town.begin("direct", server={"replicas": 2}, provider="Replicas", keep_warm="0s", steps=THIRD)
    serving.until_serves(first)
    early, late = Inside(serving, "early"), Inside(serving, "late")
    early.begin()
    serving.pin(second)
    told = serving.until_step("Observing")["status"]["traffic"]
    assert (told["asked"], told["applied"]) == (34, 33)
    assert told["message"].startswith("split by connection: 1 of 3 pods are the canary's")
    late.begin(*KEPT)
    split = late.next(SAMPLES, opened_anew=True)
    assert abs(split[second] - SHARE * split.total()) < 4 * math.sqrt(split.total() * SHARE * (1 - SHARE)), split
    assert kept(late)[second] > 0
    assert set(kept(early)) == {first}

    serving.ask("abort")
    serving.until(lambda found: outcomes(found["status"])[0] == ("Aborted", second), "it is aborted")
    until_gone(serving, second)
    late.next(1)  # what the log already holds was counted before
    assert (set(late.next(ROUND)), set(early.next(ROUND))) == ({first}, {first})

    serving.ask("retry")
    serving.until_step("Observing")
    serving.ask("promote")
    serving.until_serves(second)
    until_gone(serving, first)
    late.next(1)
    early.next(1)
    assert (set(late.next(ROUND)), set(early.next(ROUND))) == ({second}, {second})
    assert [(load.failed, load.errors) for load in (early.end(), late.end())] == [(0, {}), (0, {})]


def kept(load: Inside) -> Counter[str]:
    """Which versions answered over connections that stay."""
    figures = load.figures()
    return Counter(figures.versions) - Counter(figures.new_connections)
