"""Revisions that a person may ask for although the spec does not name them: the way back, and the same one anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import ModelVersion
from leeboard.planning.defaults import Defaults
from leeboard.planning.inference_service.revisions import identity_of, new_revision
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.target import Target
from leeboard.planning.inference_service.world import World


@dataclass(frozen=True, slots=True)
class Offers:
    """What there is to choose from: the service's versions, and the Deployments that are kept."""

    resource: InferenceService
    world: World
    versions: Sequence[ModelVersion]
    defaults: Defaults
    now: datetime

    def version_of(self, revision: Revision) -> ModelVersion | None:
        """The ModelVersion that a revision was made from, as long as it speaks of the same files."""
        for version in self.versions:
            artifact = version.status.artifact
            is_it = version.metadata.name == revision.model_version and version.metadata.deletion_timestamp is None
            if is_it and artifact is not None and artifact.digest == revision.digest:
                return version
        return None

    def way_back(self, state: State) -> Revision | str:
        """The newest version before that did not fail and whose files are still there; else why there is none."""
        if not state.previous:
            return "no version served before this one"
        lost = []
        for revision in state.previous:
            found = None if state.failure_of(revision) else self._again(revision, state)
            if found is not None:
                return found
            lost.append(f"version {revision.version} {'failed' if state.failure_of(revision) else 'is gone'}")
        return f"there is nothing to go back to: {', '.join(lost)}"

    def anew(self, revision: Revision, *, salt: str) -> Revision | str:
        """The same version on new pods and the present image; else why not."""
        fresh = self._made(revision, salt=salt)
        if fresh is None:
            return f"the ModelVersion {revision.model_version} is gone: new pods could not fetch its files"
        if identity_of(fresh) != identity_of(revision):
            return "the spec asks for other pods than those that serve: that is a rollout, no restart"
        return fresh

    def _again(self, revision: Revision, state: State) -> Revision | None:
        """A kept revision as it was, or its version on the present template when its pods' own is lost."""
        if self.version_of(revision) is None:
            return None
        if self.world.deployment(revision.deployment) is not None:
            return revision
        fresh = self._made(revision)
        if fresh is None or identity_of(fresh) == identity_of(revision):
            return None if fresh is None else revision
        is_other = state.stable is None or identity_of(fresh) != identity_of(state.stable)
        return fresh if is_other and state.failure_of(fresh) is None else None

    def _made(self, revision: Revision, *, salt: str = "") -> Revision | None:
        """A revision of the same version by the present spec."""
        version = self.version_of(revision)
        if version is None or version.status.artifact is None or version.status.fingerprint is None:
            return None
        target = Target(version, version.status.artifact, version.status.fingerprint)
        return new_revision(self.resource, target, defaults=self.defaults, now=self.now, salt=salt)
