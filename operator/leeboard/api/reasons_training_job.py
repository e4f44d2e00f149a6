"""Reasons that TrainingJobs give in conditions, ``status.failure`` and events: part of the API, beside StartReason."""

from __future__ import annotations

from enum import StrEnum


class TrainingPhase(StrEnum):
    """The printed digest of a TrainingJob; never read back."""

    TEMPLATE = "Template"
    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    REGISTERING = "Registering"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class TrainingReason(StrEnum):
    """Why a condition of a TrainingJob is what it is."""

    # the way to a registered model
    OPENING_RUN = "OpeningRun"
    STARTING = "Starting"
    RUNNING = "Running"
    REGISTERING = "Registering"
    REGISTERED = "Registered"
    ALREADY_TRAINED = "AlreadyTrained"
    TEMPLATE_ONLY = "TemplateOnly"
    # how an attempt fails
    CODE_ERROR = "CodeError"
    RESOURCE_EXHAUSTED = "ResourceExhausted"
    DISRUPTION = "Disruption"
    RESULT_INVALID = "ResultInvalid"
    RESULT_LOST = "ResultLost"
    # what is refused before anything is made
    INVALID_TEMPLATE = "InvalidTemplate"
    OPERATOR_NAMESPACE = "OperatorNamespace"
    # what waits for a person
    NAME_CONFLICT = "NameConflict"
    MODEL_NAME_TAKEN = "ModelNameTaken"
    REJECTED = "Rejected"
    # the other conditions
    TRACKING_AVAILABLE = "TrackingAvailable"
    TRACKING_UNAVAILABLE = "TrackingUnavailable"
    NOT_OBSERVED = "NotObserved"
    NOT_STALLED = "NotStalled"
    ENDED = "Ended"
    NOT_ENDED = "NotEnded"
