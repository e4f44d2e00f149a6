"""What the three kinds share: camelCase models, metadata, and the status that every kind has."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from leeboard.api.conditions import Condition
from leeboard.api.names import API_VERSION, Kind

Manifest = dict[str, Any]
"""One Kubernetes object as raw JSON: the only untyped value that may cross a room."""


class ApiModel(BaseModel):
    """A frozen value with camelCase field names, as users write them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    def to_json(self) -> Manifest:
        """The value as users see it, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ManagedFields(ApiModel):
    """Fields that one manager set last, and when: so much of it as planners read."""

    time: str | None = None
    fields_v1: Manifest = Field(default_factory=dict)


class Metadata(ApiModel):
    """The part of ObjectMeta that planners read."""

    name: str
    namespace: str
    uid: str
    generation: int = 1
    resource_version: str = ""
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    managed_fields: tuple[ManagedFields, ...] = ()


class Status(ApiModel):
    """What every kind reports: ``Ready``, ``Reconciling``, ``Stalled`` as kstatus reads them, and a printed digest."""

    phase: str | None = Field(
        default=None,
        max_length=64,
        description="One word for people, printed by kubectl get; programs read the conditions.",
    )
    observed_generation: int = Field(
        default=-1,
        ge=-1,
        description="The metadata.generation that this status speaks of; -1 until the operator has seen the object.",
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=16,
        description="Three-valued facts, one of each type. Ready, Reconciling and Stalled mean what kstatus says.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )


def controller_reference(kind: Kind, metadata: Metadata) -> Manifest:
    """The owner reference that makes an object our child; ``blockOwnerDeletion`` needs no extra right when false."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind.value,
        "name": metadata.name,
        "uid": metadata.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def is_controlled_by(manifest: Manifest, uid: str) -> bool:
    """Whether ``manifest`` is a child of the object with ``uid``."""
    references = manifest.get("metadata", {}).get("ownerReferences") or ()
    return any(reference.get("controller") and reference.get("uid") == uid for reference in references)
