"""The version that a new one has to better: the one that serves in the service that its spec names."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.model_version import Artifact, ModelVersion, Profile
from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Unknown
from leeboard.planning.model_version.facts import Situation


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions: its files, its profile if it has one, and when its resource was made (RFC 3339).

    A version's resource is made after its training, so nothing it was trained on is later than that.
    """

    version: str
    artifact: Artifact
    profile: Profile | None
    made: str


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why the two can never be compared."""

    reason: VersionReason
    message: str


def side_of(version: ModelVersion) -> Side | None:
    """What is compared of a version; None while its files are not known."""
    status, made = version.status, version.metadata.creation_timestamp
    if status.artifact is None or status.fingerprint is None or made is None:
        return None
    return Side(version.spec.version, status.artifact, status.profile, made)


def champion_of(situation: Situation) -> Side | Unknown | Unfit:
    """The version that serves, or did before this one does."""
    resource, facts = situation.resource, situation.facts
    evaluation = resource.spec.evaluation
    name = "" if evaluation is None else evaluation.service
    if isinstance(facts.services, Unknown):
        return facts.services
    if isinstance(facts.versions, Unknown):
        return facts.versions
    service = facts.services.named(name)
    if service is None:
        return Unfit(VersionReason.NOTHING_SERVES, f"there is no InferenceService {name} in this namespace")
    revision = _serving(service, other_than=resource.metadata.name)
    if revision is None:
        return Unfit(VersionReason.NOTHING_SERVES, f"in InferenceService {name} no other version serves")
    found = facts.versions.named(revision["modelVersion"])
    if found is None:
        message = f"ModelVersion {revision['modelVersion']}, which serves in InferenceService {name}, is gone"
        return Unfit(VersionReason.NOT_COMPARABLE, message)
    return _checked(resource, ModelVersion.model_validate(found), digest=revision.get("digest"))


def _serving(service: Manifest, *, other_than: str) -> Manifest | None:
    """The revision that serves, or the newest before it that is not the version itself."""
    status = service.get("status") or {}
    known = (status.get("stable"), *(status.get("previous") or ()))
    return next((item for item in known if item and item.get("modelVersion") != other_than), None)


def _checked(resource: ModelVersion, champion: ModelVersion, *, digest: str | None) -> Side | Unknown | Unfit:
    """The champion, if it is of the same model and can be loaded beside the candidate."""
    name, fingerprint = champion.metadata.name, champion.status.fingerprint
    if champion.spec.model != resource.spec.model:
        message = f"ModelVersion {name}, which serves, is of model {champion.spec.model}, not {resource.spec.model}"
        return Unfit(VersionReason.NOT_COMPARABLE, message)
    side = side_of(champion)
    if side is None or fingerprint is None:
        return Unknown(f"waits for the fingerprint of {name}, which serves")
    if side.artifact.digest != digest:
        message = f"ModelVersion {name} has other files than those that serve"
        return Unfit(VersionReason.NOT_COMPARABLE, message)
    if fingerprint.environment == "Refuse":
        return Unfit(VersionReason.NOT_LOADABLE, f"the runtime image cannot load version {side.version}, which serves")
    return side
