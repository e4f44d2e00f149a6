"""The operator is killed after each single write of every flow and started again: nothing ends otherwise for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.conftest import Api, MlflowServer
from tests.integration.crash import flows
from tests.integration.crash.kubelet import LogServer
from tests.integration.crash.lives import Outcome, Stage, live
from tests.integration.crash.nursery import Nursery
from tests.integration.crash.surroundings import Surroundings
from tests.integration.crash.wire import Wire

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("gateway_api")]
AT_ONCE = 8
ATTEMPTS = 2


@pytest.fixture(scope="module")
def stage(api: Api, mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One API server and one MLflow for all lives; what reacts in the cluster; the process that forks operators."""
    folder: Path = tmp_path_factory.mktemp("lives")
    with (
        Wire(api) as wire,
        LogServer(api) as kubelet,
        Surroundings(wire, kubelet, mlflow_server.uri) as surroundings,
        Nursery(api.server.kubeconfig) as nursery,
    ):
        yield Stage(api, wire, mlflow_server.uri, nursery, surroundings, folder)


@pytest.mark.parametrize("name", flows.names())
def test_an_operator_killed_after_any_write_leaves_what_an_uninterrupted_one_leaves(stage: Stage, name: str) -> None:
    flow = flows.named(name)
    recorded = live(stage, flow, fatal="")
    assert recorded.written, "nothing was written"

    survived = list(recorded.written)
    for _ in range(ATTEMPTS):
        survived = sweep(stage, flow, recorded=recorded, points=survived)

    assert [point for point in survived if "/status#" not in point] == []


def sweep(stage: Stage, flow: flows.Flow, *, recorded: Outcome, points: list[str]) -> list[str]:
    """Kill at each of the points; those that were not reached, because two changes went into one status."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        lives = {point: pool.submit(live, stage, flow, fatal=point, reference=recorded.end) for point in points}
    faults = [str(fault) for fault in (life.exception() for life in lives.values()) if fault is not None]
    assert not faults, "\n\n".join(faults)
    return [point for point, life in lives.items() if not life.result().died]
