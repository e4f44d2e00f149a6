"""What the administrator decided for every resource: part of a planner's input."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class DefaultGateway:
    """The Gateway of every service that names none; ``domain`` makes host names, ``<service>.<namespace>.<domain>``."""

    name: str
    namespace: str
    section_name: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Defaults:
    """Administrator's settings that shape children.

    ``tracking_uri`` is MLflow as pods reach it, ``tracking_page`` as people do. ``credentials_secret`` names a
    Secret of the resource's own namespace that is given to containers that speak with MLflow, never to one that loads
    a model.
    """

    cluster: str
    runtime_image: str
    tracking_uri: str
    seldon_image: str = ""
    tracking_page: str | None = None
    credentials_secret: str | None = None
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    start_deadline: timedelta = timedelta(minutes=10)
    finished_job_ttl: timedelta = timedelta(hours=24)
    operator_namespace: str = "leeboard-system"
    gateway: DefaultGateway | None = None
