"""The Gateway API's definitions on a bare API server: installed and removed under a running server."""

import pytest

from tests.cluster import gateway_api
from tests.cluster.rest import ApiError
from tests.integration.conftest import Api

ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"


def _route(*weights: int) -> dict[str, object]:
    backends = [{"name": f"arm-{index}", "port": 80, "weight": weight} for index, weight in enumerate(weights)]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "split"},
        "spec": {"rules": [{"backendRefs": backends}]},
    }


def test_the_definitions_come_with_their_schema_and_go_with_their_routes(api: Api, namespace: str) -> None:
    path = ROUTES.format(namespace=namespace)
    assert api.find(path) is None

    gateway_api.install(api.rest)
    created = api.create(path, _route(90, 10))

    assert [one["weight"] for one in created["spec"]["rules"][0]["backendRefs"]] == [90, 10]
    with pytest.raises(ApiError, match="422"):
        api.create(path, _route(-1))

    gateway_api.remove(api.rest)

    assert api.find(path) is None
