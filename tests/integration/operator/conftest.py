"""The world of one test."""

import pytest

from tests.integration.conftest import Api
from tests.integration.mlflow_server import MlflowServer
from tests.integration.operator.world import World


@pytest.fixture
def world(api: Api, mlflow_server: MlflowServer, namespace: str) -> World:
    """A namespace of its own on the shared servers."""
    return World(api, mlflow_server, namespace)
