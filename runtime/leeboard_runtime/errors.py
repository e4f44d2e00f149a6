"""The errors of the data plane, drawn once.

RuntimeFault
├── PermanentFault   exit code 2: the same call fails again, somebody must change something
└── TransientFault   exit code 75 (EX_TEMPFAIL): the kubelet starts the container again
Refusal              one request is answered with an HTTP status and goes no further
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a command ended; part of the contract with the operator, which copies it into a condition."""

    DIGEST_MISMATCH = "DigestMismatch"
    REQUIREMENTS_MISMATCH = "RequirementsMismatch"
    MODEL_NOT_FOUND = "ModelNotFound"
    TRACKING_UNAVAILABLE = "TrackingUnavailable"
    ACCESS_DENIED = "AccessDenied"
    DESTINATION_UNUSABLE = "DestinationUnusable"
    MODEL_INVALID = "ModelInvalid"
    LOAD_FAILED = "LoadFailed"
    EXAMPLE_FAILED = "ExampleFailed"
    WARM_UP_FAILED = "WarmUpFailed"
    SIGNATURE_MISSING = "SignatureMissing"
    SIGNATURE_UNSUPPORTED = "SignatureUnsupported"
    WORKER_CRASHED = "WorkerCrashed"
    PORT_UNAVAILABLE = "PortUnavailable"
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    REFERENCE_INVALID = "ReferenceInvalid"
    REFERENCE_TOO_SMALL = "ReferenceTooSmall"
    SCORING_FAILED = "ScoringFailed"
    RUN_NOT_FOUND = "RunNotFound"
    PROFILE_NOT_FOUND = "ProfileNotFound"
    PROFILE_INVALID = "ProfileInvalid"
    ROWS_INVALID = "RowsInvalid"
    TOO_FEW_ROWS = "TooFewRows"
    ANSWERS_INVALID = "AnswersInvalid"
    MONITORING_INVALID = "MonitoringInvalid"
    DATA_NOT_FOUND = "DataNotFound"
    DATA_INVALID = "DataInvalid"
    DATA_UNAVAILABLE = "DataUnavailable"


class RuntimeFault(Exception):  # noqa: N818 - a word of this data plane, drawn above
    """A command cannot finish; carries the reason and one sentence with the values and the next step."""

    exit_code = 1

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class PermanentFault(RuntimeFault):
    """Trying again changes nothing."""

    exit_code = 2


class TransientFault(RuntimeFault):
    """The world may be better in a moment."""

    exit_code = 75


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of the server
    """A request is answered with `status` and `{"error": message}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
