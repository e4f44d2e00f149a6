"""The server part of an InferenceService: what runs the model, and on how many pods."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from leeboard.api.bounds import Duration
from leeboard.api.cel import rule, rules
from leeboard.api.pod_template_rules import EMBED, Use
from leeboard.api.resource import ApiModel, Manifest


class Autoscaling(ApiModel):
    """A HorizontalPodAutoscaler for each version, on the processor time of that version's own pods."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("self.minReplicas <= self.maxReplicas", "minReplicas is above maxReplicas", path=".minReplicas")
        )
    )

    min_replicas: int = Field(default=1, ge=1, le=1000, description="Fewest pods of the version that serves.")
    max_replicas: int = Field(ge=1, le=1000, description="Most pods of one version.")
    target_cpu_percent: int = Field(
        default=80,
        alias="targetCPUPercent",
        ge=1,
        le=1000,
        description="Processor time aimed at, in percent of what a pod requests.",
    )


class Custom(ApiModel):
    """What has to be known of a server that is not ours; its image is that of the template's container ``server``."""

    port: int = Field(default=8080, ge=1, le=65535, description="Port that answers requests.")
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="Port of its metrics; the pod's own.")
    readiness_path: str | None = Field(
        default=None,
        max_length=256,
        pattern="^/",
        description="Answers 200 when the model is loaded; when left out, an open port counts as ready.",
    )
    model_path: str = Field(
        default="/mnt/model",
        max_length=256,
        pattern="^/[^:]+$",
        description="Where the version's verified files are mounted; MODEL_PATH holds it.",
    )


class Server(ApiModel):
    """What runs the model."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "!has(self.autoscaling) || self.replicas == 1",
                "the autoscaler sets the number of pods: leave out replicas",
                path=".replicas",
            ),
            rule("!has(self.custom) || self.runtime == 'Custom'", "custom is for runtime Custom", path=".custom"),
        )
    )

    runtime: Literal["MLflow", "Seldon", "Custom"] = Field(
        default="MLflow",
        description="MLflow: the built-in server. Seldon: seldon-core's wrapper. Custom: any image with a port.",
    )
    custom: Custom | None = Field(default=None, description="Ports and paths of runtime Custom.")
    template: Manifest | None = Field(
        default=None,
        description="Pod template, merged over the server's own: lists of containers, volumes and variables by name.",
        json_schema_extra={EMBED: Use.SERVER},
    )
    replicas: int = Field(default=1, ge=1, le=1000, description="Pods of the version that serves.")
    autoscaling: Autoscaling | None = Field(default=None, description="Let an autoscaler set the number of pods.")
    environment: Literal["Image"] = Field(
        default="Image",
        description="Image: the server image's Python and libraries; a model that needs others is refused.",
    )
    request_timeout: Duration = Field(
        default="60s",
        description="Longest time that a request may take, and that an old pod gets to finish its requests.",
    )
