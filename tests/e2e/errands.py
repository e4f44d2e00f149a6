"""Requests that take a minute each, on connections of their own, and what became of every single one."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx

from tests.e2e import obedient
from tests.e2e.rollouts import Serving
from tests.support.kubectl import KubectlError

MINUTE_SECONDS: Final = 60.0
FIRST: Final = 10
"""Requests at the beginning: a split in two halves leaves one version without any once in 500 times."""
MOST: Final = 64
IN_FLIGHT: Final = "leeboard_server_requests_in_flight"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and after how many seconds; ``text`` is a version for 200, else what was said."""

    status: int
    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Errands:
    """Requests to one service, all on their way at the same time."""

    serving: Serving
    client: httpx.Client
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST))
    sent: list[Future[Answer]] = field(default_factory=list)

    def begin(self) -> None:
        """Send the first ones."""
        for _ in range(FIRST):
            self._send()

    def reach_both(self) -> None:
        """Return when pods of stable and of the canary have some; sends more until then."""
        first, second, _ = self.serving.town.good
        for version in (first, second):
            self.serving.town.scene.eventually(partial(self._reach, version), expected=True, seconds=20)

    def all_are_on_their_way(self) -> bool:
        """Whether none is answered yet, well or badly."""
        return not any(future.done() for future in self.sent)

    def answers(self) -> list[Answer]:
        """Wait for all of them."""
        return [future.result() for future in self.sent]

    def _send(self) -> None:
        self.sent.append(self.pool.submit(self._ask))

    def _reach(self, version: str) -> bool:
        """Whether a pod of a version has some; sends one more when none has."""
        has_some = any(self._in_flight(pod) for pod in self.serving.pods_of(version))
        if not has_some and len(self.sent) < MOST:
            self._send()
        return has_some

    def _in_flight(self, pod: str) -> bool:
        """What the pod itself counts, through the API server; a pod that does not answer has none."""
        try:
            path = f"/api/v1/namespaces/{self.serving.namespace}/pods/{pod}:9090/proxy/metrics"
            lines = self.serving.town.kubectl.run("get", "--raw", path).splitlines()
        except KubectlError:
            return False
        return any(float(line.rpartition(" ")[2]) > 0 for line in lines if line.startswith(IN_FLIGHT))

    def _ask(self) -> Answer:
        began = time.monotonic()
        (body, *_) = obedient.requests(until=time.time() + MINUTE_SECONDS)
        headers = {"Host": self.serving.host, "Content-Type": "application/json"}
        try:
            answer = self.client.post(self.serving.path, content=body, headers=headers)
        except httpx.TransportError as error:
            return Answer(0, repr(error), time.monotonic() - began)
        is_good = answer.status_code == httpx.codes.OK
        text = str(answer.json()["model_version"]) if is_good else answer.text[:200]
        return Answer(answer.status_code, text, time.monotonic() - began)
