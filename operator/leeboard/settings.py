"""The operator's settings: environment variables ``LEEBOARD_*``, read once at start."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, HttpUrl, TypeAdapter, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from leeboard.errors import SettingsError
from leeboard.planning.defaults import DefaultGateway, Defaults
from leeboard.planning.topics import Endpoint

NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class Settings(BaseSettings):
    """What the administrator decides; the chart sets these variables."""

    model_config = SettingsConfigDict(env_prefix="LEEBOARD_", frozen=True, extra="ignore")

    namespace: str = Field(default="leeboard-system", description="Namespace of the operator itself, and of its Lease.")
    pod_name: str = Field(
        default_factory=lambda: f"{os.uname().nodename}-{os.getpid()}", description="Identity in the Lease."
    )
    tracking_uri: str = Field(description="MLflow as the operator reaches it.")
    tracking_uri_for_pods: str | None = Field(default=None, description="MLflow as pods reach it.")
    tracking_page: str | None = Field(default=None, description="MLflow as people reach it.")
    credentials_secret: str | None = Field(
        default=None, description="Secret of a resource's namespace with MLflow's credentials."
    )
    runtime_image: str = Field(description="Image of the model server and of the fingerprint pod.")
    seldon_image: str = Field(default="", description="Image of the runtime Seldon.")
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: Annotated[tuple[str, ...], NoDecode] = ()
    cluster: str = Field(default="default", description="Name of this cluster, recorded on registered models.")
    start_deadline_seconds: int = Field(default=600, ge=1)
    finished_job_ttl_seconds: int = Field(default=86400, ge=0)
    gateway_name: str | None = Field(default=None, description="Gateway of services that name none.")
    gateway_namespace: str | None = Field(default=None, validate_default=True, description="Its namespace.")
    gateway_section_name: str | None = Field(default=None, description="One listener of it.")
    gateway_domain: str | None = Field(
        default=None, description="A service without host names is <service>.<namespace>.<domain>."
    )
    prometheus: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict, description="JSON: URLs of Prometheus servers by the names that services use."
    )
    notifications: Annotated[Mapping[str, Endpoint], NoDecode] = Field(
        default_factory=dict, description="JSON: endpoints that notices are sent to, by name."
    )
    workers: int = Field(default=8, ge=1, le=256)
    sweep_seconds: float = Field(default=300, gt=0)
    watch_seconds: float = Field(default=15, gt=0, description="How often pods are asked what they counted.")
    leader_election: bool = True
    lease_name: str = "leeboard"
    probe_port: int = Field(default=8081, ge=0, le=65535)
    metrics_port: int = Field(default=8080, ge=0, le=65535)
    log_level: str = "INFO"
    log_format: LogFormat = LogFormat.JSON

    @field_validator("image_pull_secrets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("prometheus", "notifications", mode="before")
    @classmethod
    def _decode(cls, value: object) -> object:
        return json.loads(value or "{}") if isinstance(value, str) else value

    @field_validator("prometheus")
    @classmethod
    def _are_urls(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name, url in value.items():
            _check_name(name)
            try:
                TypeAdapter(HttpUrl).validate_python(url)
            except ValidationError:
                raise ValueError(f"the URL of {name} is no http or https URL") from None
        return value

    @field_validator("notifications")
    @classmethod
    def _have_names(cls, value: Mapping[str, Endpoint]) -> Mapping[str, Endpoint]:
        for name in value:
            _check_name(name)
        return value

    @field_validator(
        "tracking_uri_for_pods",
        "tracking_page",
        "credentials_secret",
        "gateway_name",
        "gateway_namespace",
        "gateway_section_name",
        "gateway_domain",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return value or None

    @field_validator("gateway_namespace")
    @classmethod
    def _is_whole(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("gateway_name") and value is None:
            raise ValueError("a gateway that is named needs its namespace")
        return value

    def defaults(self) -> Defaults:
        """What planners need of it."""
        return Defaults(
            cluster=self.cluster,
            runtime_image=self.runtime_image,
            tracking_uri=self.tracking_uri_for_pods or self.tracking_uri,
            tracking_page=self.tracking_page,
            credentials_secret=self.credentials_secret,
            image_pull_policy=self.image_pull_policy,
            image_pull_secrets=self.image_pull_secrets,
            start_deadline=timedelta(seconds=self.start_deadline_seconds),
            finished_job_ttl=timedelta(seconds=self.finished_job_ttl_seconds),
            operator_namespace=self.namespace,
            seldon_image=self.seldon_image,
            gateway=self._gateway(),
        )

    def _gateway(self) -> DefaultGateway | None:
        if self.gateway_name is None or self.gateway_namespace is None:
            return None
        return DefaultGateway(self.gateway_name, self.gateway_namespace, self.gateway_section_name, self.gateway_domain)


def _check_name(name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise ValueError(f"{name!r} is no name: lower-case letters, digits and hyphens")


def load_settings() -> Settings:
    """Settings from the environment; raises SettingsError that names every variable at fault."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (f"LEEBOARD_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors())
        raise SettingsError("; ".join(faults)) from error
