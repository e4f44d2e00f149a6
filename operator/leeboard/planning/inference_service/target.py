"""Which ModelVersion should serve: a version, or why there is none yet, or why it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leeboard.api.conditions import ConditionStatus, ConditionType, is_true
from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import Artifact, Fingerprint, ModelVersion
from leeboard.api.names import model_version_name
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.api.reasons_traffic import TrafficReason
from leeboard.planning.serving import RUNTIMES


@dataclass(frozen=True, slots=True)
class Target:
    """The version that should serve; ``newer`` is a higher approved version than a pinned one."""

    model_version: ModelVersion
    artifact: Artifact
    fingerprint: Fingerprint
    newer: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """No version can be named yet; it may come by itself. ``up_to_date`` is Unknown rather than False when what serves
    may well be the right one and only its record is missing.
    """

    reason: ServiceReason
    message: str
    up_to_date: ConditionStatus = ConditionStatus.FALSE


@dataclass(frozen=True, slots=True)
class Refused:
    """The version may not serve; only a change of the spec or another version helps."""

    reason: ServiceReason | TrafficReason
    message: str


Choice = Target | Waiting | Refused


def choose(resource: InferenceService, versions: Sequence[ModelVersion], *, stable: Revision | None) -> Choice:
    """The target among the model's versions; ``stable`` only keeps a follower from going back on a missing record."""
    model = resource.spec.model
    alive = [item for item in versions if item.spec.model == model.name and item.metadata.deletion_timestamp is None]
    approved = [item for item in alive if may_serve(item)]
    newest = max(approved, key=number_of, default=None)
    if model.version is not None:
        choice = _pinned(resource, alive=alive, newest=newest, stable=stable)
    else:
        choice = _followed(newest, alive=alive, stable=stable, name=model.name)
    return _checked(resource, choice)


def may_serve(version: ModelVersion) -> bool:
    """Fingerprinted and approved."""
    conditions = version.status.conditions
    known = version.status.artifact is not None and version.status.fingerprint is not None
    return known and is_true(conditions, ConditionType.FINGERPRINTED) and is_true(conditions, ConditionType.APPROVED)


def number_of(version: ModelVersion) -> int:
    """MLflow's version number."""
    return int(version.spec.version)


def _pinned(
    resource: InferenceService, *, alive: Sequence[ModelVersion], newest: ModelVersion | None, stable: Revision | None
) -> Choice:
    """The pinned version, once it may serve."""
    name, wanted = resource.spec.model.name, resource.spec.model.version or ""
    found = next((item for item in alive if item.spec.version == wanted), None)
    if found is None:
        serves = stable is not None and stable.model_version == model_version_name(name, wanted)
        return Waiting(
            ServiceReason.MODEL_VERSION_NOT_FOUND,
            f"there is no ModelVersion of {name} version {wanted} in this namespace",
            ConditionStatus.UNKNOWN if serves else ConditionStatus.FALSE,
        )
    if not may_serve(found):
        return _not_yet(found)
    newer = newest.spec.version if newest is not None and number_of(newest) > int(wanted) else None
    return _target(found, newer=newer)


def _followed(
    newest: ModelVersion | None, *, alive: Sequence[ModelVersion], stable: Revision | None, name: str
) -> Choice:
    """The highest approved version; never a lower one because the record of what serves has vanished."""
    if stable is not None and _record_is_gone(stable, alive=alive, name=name):
        if newest is None or number_of(newest) < int(stable.version):
            return Waiting(
                ServiceReason.MODEL_VERSION_NOT_FOUND,
                f"version {stable.version} serves, but its ModelVersion is gone; to go back to another version pin it"
                " by spec.model.version",
                ConditionStatus.UNKNOWN,
            )
    elif newest is None:
        among = f"of {len(alive)} versions of {name} none is approved yet" if alive else f"{name} has no version yet"
        return Waiting(ServiceReason.NO_APPROVED_VERSION, among)
    return _target(newest, newer=None)


def _record_is_gone(stable: Revision, *, alive: Sequence[ModelVersion], name: str) -> bool:
    """Whether the ModelVersion of the revision that serves is missing; another model's numbers say nothing."""
    same_model = stable.model_version == model_version_name(name, stable.version)
    return same_model and all(item.spec.version != stable.version for item in alive)


def _not_yet(version: ModelVersion) -> Waiting:
    """Why a version that exists may not serve."""
    name = version.metadata.name
    if version.status.fingerprint is None or not is_true(version.status.conditions, ConditionType.FINGERPRINTED):
        return Waiting(
            ServiceReason.NOT_FINGERPRINTED, f"ModelVersion {name} has no fingerprint yet: see its conditions"
        )
    return Waiting(ServiceReason.NOT_APPROVED, f"ModelVersion {name} is not approved")


def _target(version: ModelVersion, *, newer: str | None) -> Choice:
    """A version that may serve, with its artifact and fingerprint."""
    artifact, fingerprint = version.status.artifact, version.status.fingerprint
    if artifact is None or fingerprint is None:
        return _not_yet(version)
    return Target(version, artifact, fingerprint, newer)


def _checked(resource: InferenceService, choice: Choice) -> Choice:
    """Refused when the model needs other libraries than our image has; a user's image is judged as it starts."""
    server = resource.spec.server
    if not isinstance(choice, Target) or RUNTIMES[server.runtime].brings_own_image(server):
        return choice
    if choice.fingerprint.environment != "Refuse":
        return choice
    differences = "; ".join(choice.fingerprint.differences) or "see the fingerprint"
    return Refused(
        ServiceReason.REQUIREMENTS_MISMATCH,
        f"version {choice.model_version.spec.version} needs another environment than the server's image: {differences}."
        " Train with the image's versions, or name an image with the model's by spec.server.template",
    )
