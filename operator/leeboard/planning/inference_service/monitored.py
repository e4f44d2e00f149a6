"""Whether what serves is compared with its profile; why not is always said."""

from __future__ import annotations

from leeboard.api.conditions import ConditionStatus, ConditionType, Judgement
from leeboard.api.reasons_inference_service import ServiceReason
from leeboard.planning.inference_service.picture import Picture
from leeboard.planning.serving import RUNTIMES, pod


def monitored(picture: Picture) -> Judgement:
    """True while the pods of what serves count rows by its version's profile."""
    server, revision = picture.resource.spec.server, picture.state.stable or picture.state.canary
    if not RUNTIMES[server.runtime].counts:
        message = f"pods of runtime {server.runtime} do not count rows, so drift cannot be judged; runtime MLflow does"
        return _said(ConditionStatus.FALSE, ServiceReason.RUNTIME_DOES_NOT_COUNT, message)
    if revision is None or picture.fingerprint is None:
        message = "the version that serves is not known"
        return _said(ConditionStatus.UNKNOWN, ServiceReason.NOT_OBSERVED, message)
    if picture.profile is None:
        message = (
            f"version {revision.version} has no profile, so drift cannot be judged: ProfileReady of ModelVersion "
            f"{revision.model_version} says why"
        )
        return _said(ConditionStatus.FALSE, ServiceReason.NO_PROFILE, message)
    profile, live = picture.profile, picture.world.deployment(revision.deployment)
    if live is None:
        return _said(ConditionStatus.UNKNOWN, ServiceReason.NOT_OBSERVED, "the pods that serve are not there yet")
    restart = f"leeboard restart {picture.resource.metadata.name} -n {picture.resource.metadata.namespace}"
    if not pod.has_profile(live["spec"]["template"], profile):
        message = f"pods of version {revision.version} were made before its profile. Next: {restart}"
        return _said(ConditionStatus.FALSE, ServiceReason.PODS_WITHOUT_PROFILE, message)
    inputs = f"{profile.monitored} of {profile.features} inputs"
    message = f"rows are counted by the profile of version {revision.version}: {inputs}"
    if not pod.counts_slices(live["spec"]["template"], picture.resource.spec.monitoring):
        message = f"{message}; its pods count by other segments or groups than spec.monitoring names. Next: {restart}"
        return _said(ConditionStatus.TRUE, ServiceReason.OTHER_SLICES, message)
    return _said(ConditionStatus.TRUE, ServiceReason.COUNTED, message)


def _said(status: ConditionStatus, reason: ServiceReason, message: str) -> Judgement:
    return Judgement(type=ConditionType.MONITORED, status=status, reason=reason.value, message=message)
