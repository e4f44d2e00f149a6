"""Who splits the requests, by the resource, by the administrator, and by what the cluster has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leeboard.api.resource import Manifest
from leeboard.api.traffic import Provider
from leeboard.planning.defaults import DefaultGateway, Defaults
from leeboard.planning.traffic import Chosen, Refused, ResolvedGateway, choose
from tests.unit.planning.traffic.builders import a_service

NOBODY = Defaults(cluster="test", runtime_image="runtime:1", tracking_uri="http://mlflow:5000")
CHART = replace(NOBODY, gateway=DefaultGateway("shared", "gateways", "https", "models.example"))
NO_DOMAIN = replace(NOBODY, gateway=DefaultGateway("shared", "gateways"))
OWN: Manifest = {"gateway": {"name": "mine", "sectionName": "http", "hostnames": ["loans.example", "l.example"]}}
NO_HOST: Manifest = {"gateway": {"name": "mine", "namespace": "edge"}}

BY_OWN = ResolvedGateway("mine", "team", "http", ("loans.example", "l.example"))
BY_CHART = ResolvedGateway("shared", "gateways", "https", ("loans.team.models.example",))
BY_BOTH = ResolvedGateway("mine", "edge", None, ("loans.team.models.example",))


@pytest.mark.parametrize(
    ("provider", "traffic", "defaults", "chosen"),
    [
        pytest.param("Auto", {}, NOBODY, Chosen(Provider.REPLICAS), id="Auto without any gateway"),
        pytest.param("Auto", OWN, NOBODY, Chosen(Provider.GATEWAY_API, BY_OWN), id="Auto with a gateway of its own"),
        pytest.param("Auto", {}, CHART, Chosen(Provider.GATEWAY_API, BY_CHART), id="Auto with the chart's gateway"),
        pytest.param("Auto", OWN, CHART, Chosen(Provider.GATEWAY_API, BY_OWN), id="its own before the chart's"),
        pytest.param("Auto", NO_HOST, CHART, Chosen(Provider.GATEWAY_API, BY_BOTH), id="its own with chart's domain"),
        pytest.param("GatewayAPI", {}, CHART, Chosen(Provider.GATEWAY_API, BY_CHART), id="GatewayAPI by the chart"),
        pytest.param("Replicas", OWN, CHART, Chosen(Provider.REPLICAS), id="Replicas in spite of gateways"),
    ],
)
def test_requests_are_split_by(*, provider: str, traffic: Manifest, defaults: Defaults, chosen: Chosen) -> None:
    resource = a_service(traffic={"provider": provider, **traffic})

    assert choose(resource, defaults, has_gateway_api=True) == chosen


@pytest.mark.parametrize(
    ("provider", "traffic", "defaults", "reason", "way_out"),
    [
        pytest.param("GatewayAPI", {}, NOBODY, "NoGatewayNamed", "spec.traffic.gateway.name", id="no gateway"),
        pytest.param("Auto", NO_HOST, NOBODY, "NoHostName", "gateway.hostnames", id="no host name"),
        pytest.param("Auto", {}, NO_DOMAIN, "NoHostName", "traffic.gateway.domain", id="no domain in the chart"),
    ],
)
def test_it_is_refused_with(*, provider: str, traffic: Manifest, defaults: Defaults, reason: str, way_out: str) -> None:
    refused = choose(a_service(traffic={"provider": provider, **traffic}), defaults, has_gateway_api=True)

    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert way_out in refused.message


@pytest.mark.parametrize("provider", ["Auto", "GatewayAPI"])
def test_a_named_gateway_is_not_passed_over_where_there_is_no_gateway_api(provider: str) -> None:
    refused = choose(a_service(traffic={"provider": provider, **OWN}), NOBODY, has_gateway_api=False)

    assert isinstance(refused, Refused)
    assert refused.reason == "NoGatewayAPI"
    assert "team/mine" in refused.message
    assert "provider: Replicas" in refused.message


def test_replicas_need_no_gateway_api() -> None:
    assert choose(a_service(), NOBODY, has_gateway_api=False) == Chosen(Provider.REPLICAS)
