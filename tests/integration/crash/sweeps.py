"""Flows that are swept at the same time: while the lives of one wait, those of others work.

with Sweeps(stage, flows) as sweeps:
    sweeps.survived("deploy")     # waits for that flow

record one life ──> kill after each of its writes ──> kill again where that write was not reached
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from tests.integration.crash.flows import Flow
from tests.integration.crash.lives import Outcome, Stage, live

AT_ONCE = 8
ATTEMPTS = 2


class Sweeps:
    """A context manager: inside, the flows are swept; when it ends, lives that are not over are given up."""

    def __init__(self, stage: Stage, flows: Sequence[Flow]) -> None:
        self._stage = stage
        self._lives = ThreadPoolExecutor(AT_ONCE, "life")
        self._flows = ThreadPoolExecutor(len(flows), "flow")
        self._sweeps: dict[str, Future[list[str]]] = {
            flow.name: self._flows.submit(self._sweep, flow) for flow in flows
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stage.given_up.set()
        for pool in (self._lives, self._flows):
            pool.shutdown(cancel_futures=True)

    def survived(self, name: str) -> list[str]:
        """Points of a flow after which nobody was killed: two changes went into one write; fails as its lives did."""
        return self._sweeps[name].result()

    def _sweep(self, flow: Flow) -> list[str]:
        recorded = self._lives.submit(live, self._stage, flow, fatal="").result()
        assert recorded.written, "nothing was written"
        survived = list(recorded.written)
        for _ in range(ATTEMPTS):
            survived = self._kill(flow, recorded=recorded, points=survived)
        return survived

    def _kill(self, flow: Flow, *, recorded: Outcome, points: list[str]) -> list[str]:
        """Kill at each of the points; those that were not reached."""
        lives = {
            point: self._lives.submit(live, self._stage, flow, fatal=point, reference=recorded.end) for point in points
        }
        faults = [str(fault) for fault in (life.exception() for life in lives.values()) if fault is not None]
        assert not faults, "\n\n".join(faults)
        return [point for point, life in lives.items() if not life.result().died]
