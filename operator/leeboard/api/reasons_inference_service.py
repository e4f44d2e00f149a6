"""Reasons that InferenceServices give in conditions and events: part of the API."""

from __future__ import annotations

from enum import StrEnum


class ServiceReason(StrEnum):
    """Why a condition of an InferenceService is what it is."""

    # what serves
    SERVING = "Serving"
    NO_READY_ENDPOINTS = "NoReadyEndpoints"
    NOT_YET_DEPLOYED = "NotYetDeployed"
    # which version should serve
    UP_TO_DATE = "UpToDate"
    NEWER_VERSION_AVAILABLE = "NewerVersionAvailable"
    MODEL_VERSION_NOT_FOUND = "ModelVersionNotFound"
    NO_APPROVED_VERSION = "NoApprovedVersion"
    NOT_FINGERPRINTED = "NotFingerprinted"
    NOT_APPROVED = "NotApproved"
    REQUIREMENTS_MISMATCH = "RequirementsMismatch"
    # how far the way there is
    SETTLED = "Settled"
    DEPLOYING = "Deploying"
    SWITCHING = "Switching"
    DRAINING = "Draining"
    WAITING_FOR_PODS = "WaitingForPods"
    WAITING_FOR_MODEL_VERSION = "WaitingForModelVersion"
    STARTING = "Starting"
    # where the rollout stands
    SCALING = "Scaling"
    ROUTING = "Routing"
    OBSERVING = "Observing"
    HOLDING = "Holding"
    WAITING_FOR_PERSON = "WaitingForPerson"
    PAUSED = "Paused"
    REPLACING = "Replacing"
    ABORTED = "Aborted"
    # why a version is not started again by itself
    CHECK_FAILED = "CheckFailed"
    STABLE_LOST = "StableLost"
    ROLLED_BACK = "RolledBack"
    BY_A_PERSON = "ByAPerson"
    # why it cannot go on by itself
    INVALID_ROLLOUT = "InvalidRollout"
    NOT_STALLED = "NotStalled"
    STALLED = "Stalled"
    INVALID_TEMPLATE = "InvalidTemplate"
    FORBIDDEN = "Forbidden"
    NAME_CONFLICT = "NameConflict"
    NAMESPACE_REFUSED = "NamespaceRefused"
    # how requests share a call of the model
    PROVEN_ROW_WISE = "ProvenRowWise"
    NOT_ROW_WISE = "NotRowWise"
    SERVER_DECIDES = "ServerDecides"
    # whether rows are counted
    COUNTED = "Counted"
    OTHER_SLICES = "OtherSlices"
    NO_PROFILE = "NoProfile"
    PODS_WITHOUT_PROFILE = "PodsWithoutProfile"
    RUNTIME_DOES_NOT_COUNT = "RuntimeDoesNotCount"
    # nothing is known yet
    NOT_OBSERVED = "NotObserved"


class PodReason(StrEnum):
    """Why pods of a version do not become ready; a failed fetch may report its own reason instead."""

    FETCH_FAILED = "FetchFailed"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    CONTAINER_CONFIG_INVALID = "ContainerConfigInvalid"
    CRASH_LOOP = "CrashLoop"
    OUT_OF_MEMORY = "OutOfMemory"
    UNSCHEDULABLE = "Unschedulable"
    PODS_REJECTED = "PodsRejected"
    START_DEADLINE_EXCEEDED = "StartDeadlineExceeded"


class ServiceEvent(StrEnum):
    """Reasons of events: once a transition."""

    DEPLOYING = "Deploying"
    FIRST_DEPLOYMENT = "FirstDeployment"
    SWITCHED = "Switched"
    SUPERSEDED = "Superseded"
    DRAINED = "Drained"
    CANARY_FAILED = "CanaryFailed"
    STOPPED_SERVING = "StoppedServing"
    SERVING_AGAIN = "ServingAgain"
    REPAIRED = "Repaired"
    STEP_STARTED = "StepStarted"
    SHADOWED_FIRST = "ShadowedFirst"
    WEIGHT_LOWERED = "WeightLowered"
    WAITING_FOR_PERSON = "WaitingForPerson"
    HOLDING = "Holding"
    ABORTED = "Aborted"
    ROLLING_BACK = "RollingBack"
    RESTARTING = "Restarting"
    REQUEST_DONE = "RequestDone"
    REQUEST_REFUSED = "RequestRefused"
    REMOVED = "Removed"
