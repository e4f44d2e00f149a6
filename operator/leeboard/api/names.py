"""Names that are API: group, kinds, labels, annotations, tags, and the deterministic names of children."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

GROUP = "leeboard.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "leeboard"
STATUS_MANAGER = "leeboard-status"
MAX_NAME = 63
MAX_RESOURCE_NAME = 40


class Kind(StrEnum):
    """Our three kinds."""

    TRAINING_JOB = "TrainingJob"
    MODEL_VERSION = "ModelVersion"
    INFERENCE_SERVICE = "InferenceService"

    @property
    def plural(self) -> str:
        """The resource name in URLs, for example ``trainingjobs``."""
        return f"{self.value.lower()}s"


class Label(StrEnum):
    """Labels on children; every child carries MANAGED_BY, KIND, OWNER and UID."""

    MANAGED_BY = "app.kubernetes.io/managed-by"
    KIND = f"{GROUP}/kind"  # kind of the owner
    OWNER = f"{GROUP}/owner"  # name of the owner
    UID = f"{GROUP}/uid"  # uid of the owner: also on pods of its Jobs and Deployments, by which the cache finds them
    ATTEMPT = f"{GROUP}/attempt"
    REVISION = f"{GROUP}/revision"
    MODEL = f"{GROUP}/model"
    MODEL_VERSION = f"{GROUP}/model-version"
    TASK = f"{GROUP}/task"  # profile-<hash> on Jobs that build a profile; others take a fingerprint


MANAGED_BY_VALUE = "leeboard"


class Tag(StrEnum):
    """Tags on MLflow runs, registered models and versions; a crash between an action and the status costs nothing."""

    UID = "leeboard.uid"
    ATTEMPT = "leeboard.attempt"
    INTENT = "leeboard.intent"
    OWNER = "leeboard.owner"  # cluster/namespace, on registered models
    RESOURCE = "leeboard.resource"  # namespace/name
    LOGGED_MODEL = "leeboard.logged_model"  # on versions: the back link that MLflow's own rows lack
    DUPLICATE_OF = "leeboard.duplicate_of"
    GIT_REPOSITORY = "leeboard.git.repository"
    GIT_REVISION = "leeboard.git.revision"
    GIT_EVIDENCE = "leeboard.git.evidence"  # Claimed
    DATASET_NAME = "leeboard.dataset.name"
    DATASET_URI = "leeboard.dataset.uri"
    DATASET_DIGEST = "leeboard.dataset.digest"
    IMAGE = "leeboard.image"
    CLOSED = (
        "leeboard.closed"  # on runs: the attempt whose end the operator recorded; scripts close runs on their own, too
    )
    DIGEST = "leeboard.digest"  # on versions: digest of the model's files
    RECORD_DIGEST = "leeboard.record"  # on versions: sha256 of the fingerprint record that is kept with the run
    VERSION_OF = "leeboard.model_version"  # namespace/name of the ModelVersion resource


def intent(namespace: str, name: str, spec: dict[str, Any]) -> str:
    """``sha256(namespace/name/spec)``: what was asked for, the same after a restore as before it."""
    canonical = json.dumps([namespace, name, spec], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def short_hash(*parts: str, length: int = 10) -> str:
    """A lower-case hexadecimal hash of ``parts``; the separator cannot occur in Kubernetes names."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:length]


def child_name(owner: str, *parts: str, most: int = MAX_NAME) -> str:
    """``<owner cut>-<hash of parts>``, at most ``most`` characters, the same for the same parts for ever."""
    suffix = short_hash(*parts)
    return f"{owner[: most - len(suffix) - 1].rstrip('-.')}-{suffix}"


def model_version_name(model: str, version: str) -> str:
    """The ModelVersion resource of an MLflow version: ``<model>-v<version>``, models' names being short by CEL."""
    return f"{model}-v{version}"


def owner_labels(kind: Kind, *, name: str, uid: str) -> dict[str, str]:
    """The labels that every child, and every pod of a child, carries."""
    return {Label.MANAGED_BY: MANAGED_BY_VALUE, Label.KIND: kind.value, Label.OWNER: name, Label.UID: uid}
