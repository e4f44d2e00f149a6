"""kubectl against the API server of the run."""

from typing import Protocol

import pytest

from tests.cluster.api import ApiServer
from tests.integration.api.kubectl import Kubectl


class _Api(Protocol):
    """What the run's fixture ``api`` offers here."""

    @property
    def server(self) -> ApiServer:
        """The running API server."""
        ...


@pytest.fixture
def kubectl(api: _Api, namespace: str) -> Kubectl:
    """kubectl as a user runs it, in the test's own namespace."""
    return Kubectl(api.server.bin / "kubectl", api.server.kubeconfig, namespace)
