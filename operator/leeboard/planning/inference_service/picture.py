"""Everything of a pass that conditions are judged by."""

from __future__ import annotations

from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.model_version import Fingerprint, Profile
from leeboard.api.rollout_status import FailedRevision
from leeboard.planning.inference_service.capacity import is_replacing
from leeboard.planning.inference_service.routing import Routing
from leeboard.planning.inference_service.scene import Scene
from leeboard.planning.inference_service.state import State
from leeboard.planning.inference_service.target import Choice, Refused
from leeboard.planning.inference_service.troubles import Trouble
from leeboard.planning.inference_service.world import World, ready_replicas, wanted_replicas
from leeboard.planning.monitoring.sight import Sight
from leeboard.planning.traffic import Refused as RoadRefused

NOTHING_SEEN = Sight()


@dataclass(frozen=True, slots=True)
class Picture:
    """One pass. ``desired`` is None while no version can be named; ``blocked`` is what the API server refused;
    ``trouble`` is what ails the pods that should become ready; scene and routing are None while nobody can split.
    """

    resource: InferenceService
    world: World
    state: State
    choice: Choice
    desired: Revision | None
    fingerprint: Fingerprint | None
    profile: Profile | None
    blocked: Trouble | None
    trouble: Trouble | None
    scene: Scene | None = None
    routing: Routing | None = None
    sight: Sight = NOTHING_SEEN

    @property
    def cause(self) -> Trouble | None:
        """Why it does not go on: what was refused comes before what ails the pods."""
        if self.blocked is not None:
            return self.blocked
        if isinstance(self.choice, Refused):
            return Trouble(self.choice.reason, self.choice.message)
        if self.routing is not None and isinstance(self.routing.answer, RoadRefused):
            return Trouble(self.routing.answer.reason, self.routing.answer.message)
        return self.trouble

    @property
    def failure(self) -> FailedRevision | None:
        """Why the desired version is not started by itself."""
        return None if self.desired is None else self.state.failure_of(self.desired)

    @property
    def is_replacing(self) -> bool:
        """Whether stable gave way to the canary before that had pods."""
        return self.scene is not None and is_replacing(self.state, self.scene)

    @property
    def full(self) -> int:
        """Pods that carry all requests."""
        return self.resource.spec.server.replicas if self.scene is None else self.scene.full

    @property
    def is_stalled(self) -> bool:
        """Whether only a change from outside helps."""
        return self.cause is not None and self.cause.lasting

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way and every pod that was asked for is there."""
        stable = self.state.stable
        return stable is not None and self.state.canary is None and not self.state.draining and self.is_complete(stable)

    def is_complete(self, revision: Revision) -> bool:
        """Whether a revision has all its pods. Not by the observed generation: any annotation of a Deployment raises
        it, and that its controller has not looked yet is no news for the user.
        """
        ready = ready_replicas(self.world.deployment(revision.deployment))
        return ready >= self.full

    def count(self, revision: Revision) -> str:
        """``1 of 2 pods ready``."""
        ready = ready_replicas(self.world.deployment(revision.deployment))
        asked = wanted_replicas(self.world.deployment(revision.deployment))
        return f"{ready} of {self.full if asked is None else asked} pods ready"
