"""The Job of a stage behind the fingerprint: what its state means, told in the words of that stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from leeboard.api.reasons_model_version import VersionReason
from leeboard.api.reasons_pod_start import StartReason
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.model_version.attempt import since_failure
from leeboard.planning.model_version.creating import PERSON_RETRY
from leeboard.planning.model_version.ending import Ending, ending_of
from leeboard.planning.model_version.facts import Situation, pods_of
from leeboard.planning.model_version.report import Report, Step
from leeboard.planning.moments import CACHE_RETRY, LOG_PATIENCE, since
from leeboard.planning.observed import has_condition
from leeboard.planning.pod_start import POD_GRACE, has_ended, has_started, is_preparing, problem


@dataclass(frozen=True, slots=True)
class Errand:
    """What a stage says of its Job: what the pod does while its first containers run, and while the last one does;
    ``under_way`` and ``given_up`` make a report of a reason and a message.
    """

    task: str
    reason: VersionReason
    prepares: str
    works: str
    under_way: Callable[[Situation, str, str], Report]
    given_up: Callable[[Situation, str, str], Step]

    def followed(self, situation: Situation, job: Manifest) -> Step | Ending | tuple[Manifest, ...]:
        """A step while it is on its way, how it failed, or the pods of one that is complete."""
        if isinstance(situation.facts.pods, Unknown):
            return Step(requeue_after=CACHE_RETRY)
        pods = pods_of(job, situation.facts.pods)
        is_complete = has_condition(job, "Complete")
        if not is_complete and not has_condition(job, "Failed"):
            return self._running(situation, job, pods)
        if pods and not has_ended(pods[0]) and since_failure(job, situation) < LOG_PATIENCE:
            return Step(requeue_after=CACHE_RETRY)  # the cache has seen the Job's end before the pod's
        return pods if is_complete else ending_of(job, pods[0] if pods else None, self.task)

    def refused(self, situation: Situation, rejection: Rejection, *, message: str, next_step: str = "") -> Step:
        """The API server does not take the Job: a quota may have room later, anything else ends it."""
        if rejection.code == HTTPStatus.FORBIDDEN:
            denied = StartReason.QUOTA_EXCEEDED if "exceeded quota" in rejection.message else StartReason.DENIED
            return Step(self.under_way(situation, denied, message), requeue_after=PERSON_RETRY)
        reason = VersionReason.NAME_CONFLICT if rejection.code == HTTPStatus.CONFLICT else VersionReason.REJECTED
        return self.given_up(situation, reason, f"{message}{next_step}")

    def _running(self, situation: Situation, job: Manifest, pods: tuple[Manifest, ...]) -> Step:
        """The pod is on its way, or something keeps it from starting until the start deadline."""
        found = problem(job, pods, situation.now)
        age = since(job["metadata"]["creationTimestamp"], situation.now)
        if found is None:
            doing = self.works if has_started(pods) else self.prepares if is_preparing(pods) else "starts"
            soon = POD_GRACE - age if not pods and age < POD_GRACE else None
            return Step(self.under_way(situation, self.reason, f"the {self.task} pod {doing}"), requeue_after=soon)
        left = situation.defaults.start_deadline - age
        if left <= timedelta(0) or found.is_permanent:
            return self.given_up(situation, found.reason, found.message)
        return Step(self.under_way(situation, found.reason, found.message), requeue_after=left)
