"""The operator is killed after each single write of every flow and started again: nothing ends otherwise for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Api
from tests.integration.crash import flows
from tests.integration.crash.kubelet import LogServer
from tests.integration.crash.lives import Stage
from tests.integration.crash.nursery import Nursery
from tests.integration.crash.surroundings import Surroundings
from tests.integration.crash.sweeps import Sweeps
from tests.integration.crash.wire import Wire
from tests.integration.mlflow_server import MlflowServer

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("gateway_api")]


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


@pytest.fixture(scope="module")
def sweeps(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Sweeps]:
    """The flows of all tests that were asked for, begun together."""
    chosen = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    with Sweeps(stage, [flows.named(str(item.callspec.params["name"])) for item in chosen]) as sweeps:
        yield sweeps


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", flows.names())
def test_an_operator_killed_after_any_write_leaves_what_an_uninterrupted_one_leaves(sweeps: Sweeps, name: str) -> None:
    assert [point for point in sweeps.survived(name) if "/status#" not in point] == []
