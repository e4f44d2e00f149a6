"""Which provider splits the requests of a service, and by which Gateway: the resource's word, then the
administrator's. A gateway that was named is never passed over in silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService
from leeboard.api.reasons_traffic import TrafficReason
from leeboard.api.traffic import Provider
from leeboard.planning.defaults import Defaults
from leeboard.planning.traffic.provider import Refused, ResolvedGateway


@dataclass(frozen=True, slots=True)
class Chosen:
    """The provider, with a gateway when it is GatewayAPI."""

    provider: Provider
    gateway: ResolvedGateway | None = None


def choose(resource: InferenceService, defaults: Defaults, *, has_gateway_api: bool) -> Chosen | Refused:
    """The provider; ``has_gateway_api`` is False only where HTTPRoutes are known not to be there."""
    provider = resource.spec.traffic.provider
    named = resource.spec.traffic.gateway is not None or defaults.gateway is not None
    if provider == Provider.REPLICAS.value or (provider == "Auto" and not named):
        return Chosen(Provider.REPLICAS)
    gateway = _resolved(resource, defaults)
    if isinstance(gateway, Refused):
        return gateway
    if not has_gateway_api:
        return Refused(
            TrafficReason.NO_GATEWAY_API,
            f"{_field(resource)} names Gateway {gateway.namespace}/{gateway.name}, but this cluster has no HTTPRoutes"
            " (gateway.networking.k8s.io/v1): install the Gateway API, or set spec.traffic.provider: Replicas",
        )
    return Chosen(Provider.GATEWAY_API, gateway)


def _field(resource: InferenceService) -> str:
    """Where the Gateway is named."""
    return (
        "spec.traffic.gateway" if resource.spec.traffic.gateway is not None else "traffic.gateway of the chart's values"
    )


def _resolved(resource: InferenceService, defaults: Defaults) -> ResolvedGateway | Refused:
    """The Gateway with its host names; a route without one would take every request of the Gateway."""
    own, default, namespace = resource.spec.traffic.gateway, defaults.gateway, resource.metadata.namespace
    ours = default is not None and default.domain
    names = (f"{resource.metadata.name}.{namespace}.{ours}",) if ours else ()
    if own is not None:
        named = ResolvedGateway(own.name, own.namespace or namespace, own.section_name, own.hostnames or names)
    elif default is not None:
        named = ResolvedGateway(default.name, default.namespace, default.section_name, names)
    else:
        return Refused(
            TrafficReason.NO_GATEWAY_NAMED,
            "spec.traffic.provider is GatewayAPI and no Gateway is named: set spec.traffic.gateway.name, or"
            " traffic.gateway.name in the chart's values, or take spec.traffic.provider: Replicas",
        )
    if named.hostnames:
        return named
    return Refused(
        TrafficReason.NO_HOST_NAME,
        "spec.traffic.gateway.hostnames is empty, and a route without a host name would take every request of the"
        " Gateway: set it, or traffic.gateway.domain in the chart's values",
    )
