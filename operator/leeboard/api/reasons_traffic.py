"""Reasons why requests are not split as they should be: part of the API."""

from __future__ import annotations

from enum import StrEnum


class TrafficReason(StrEnum):
    """Why a split is not confirmed, or cannot be had at all."""

    # it comes by itself
    NOT_WRITTEN = "SplitNotWritten"  # the live objects say something else
    NOT_ACCEPTED = "RouteNotAccepted"  # the gateway has not answered for this generation
    REFERENCES_NOT_RESOLVED = "ReferencesNotResolved"  # the gateway misses a Service
    ENDPOINTS_NOT_READY = "EndpointsNotReady"  # a Service reaches no pod, or other ones
    NOT_IN_POOL = "PodsNotInPool"  # pods without the label by which two versions share a Service
    NOT_OBSERVED = "NotObserved"
    # somebody has to do something
    REFUSED_BY_GATEWAY = "RefusedByGateway"
    NO_GATEWAY_NAMED = "NoGatewayNamed"
    NO_HOST_NAME = "NoHostName"
    NOT_SUPPORTED = "NotSupported"  # by this provider
    NO_GATEWAY_API = "NoGatewayAPI"
