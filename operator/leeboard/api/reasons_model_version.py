"""Reasons that ModelVersions give in conditions and events: part of the API, beside StartReason.

A fingerprint pod that fails for good adds its own reason (ModelNotFound, LoadFailed, SignatureMissing, ...), and so
does a profile pod to ProfileReady (ReferenceNotFound, ReferenceInvalid, ReferenceTooSmall, ScoringFailed, ...) and one
that compares two versions to Better (TooFewRows, RowsNotFound, RowsInvalid, AnswersInvalid, LoadFailed, ...).
"""

from __future__ import annotations

from enum import StrEnum


class VersionPhase(StrEnum):
    """The printed digest of a ModelVersion; never read back."""

    PENDING = "Pending"
    FINGERPRINTING = "Fingerprinting"
    WAITING = "WaitingForApproval"
    PROFILING = "Profiling"
    EVALUATING = "Evaluating"
    READY = "Ready"
    REJECTED = "Rejected"
    FAILED = "Failed"


class VersionReason(StrEnum):
    """Why a condition of a ModelVersion is what it is."""

    # the way to a fingerprint
    CHECKING_SOURCE = "CheckingSource"
    CLAIMING_MODEL = "ClaimingModel"
    FINGERPRINTING = "Fingerprinting"
    RECORDING = "RecordingFingerprint"
    RETRYING = "Retrying"
    FINGERPRINTED = "Fingerprinted"
    READY = "Ready"
    TRACKING_UNAVAILABLE = "TrackingUnavailable"
    # what waits for a person
    VERSION_NOT_FOUND = "VersionNotFound"
    SOURCE_MISMATCH = "SourceMismatch"
    MODEL_NAME_TAKEN = "ModelNameTaken"
    NAME_CONFLICT = "NameConflict"
    REJECTED = "Rejected"
    OPERATOR_NAMESPACE = "OperatorNamespace"
    # how a fingerprint fails for good
    FINGERPRINT_FAILED = "FingerprintFailed"
    RESOURCE_EXHAUSTED = "ResourceExhausted"
    INVALID_RECORD = "InvalidRecord"
    DIGEST_MISMATCH = "DigestMismatch"
    # the profile
    LOOKING_FOR_REFERENCE = "LookingForReference"
    PROFILING = "Profiling"
    PROFILED = "Profiled"
    NO_REFERENCE = "NoReference"
    NOT_LOADABLE = "NotLoadable"
    PROFILE_FAILED = "ProfileFailed"
    # the comparison with the version that serves
    EVALUATING = "Evaluating"
    BETTER = "Better"
    NOT_BETTER = "NotBetter"
    NOTHING_SERVES = "NothingServes"
    EVALUATION_FAILED = "EvaluationFailed"
    NOT_COMPARABLE = "NotComparable"
    # approval
    AUTOMATIC = "Automatic"
    WAITS_FOR_FINGERPRINT = "WaitsForFingerprint"
    WAITS_FOR_DECISION = "WaitsForDecision"
    APPROVED_BY_A_PERSON = "ApprovedByAPerson"
    REJECTED_BY_A_PERSON = "RejectedByAPerson"
    EVIDENCE_CHANGED = "EvidenceChanged"
    WAITS_FOR_PROFILE = "WaitsForProfile"
    BROKEN_DATA = "BrokenData"
    WAITS_FOR_EVALUATION = "WaitsForEvaluation"
    # the other conditions
    NOT_STALLED = "NotStalled"
    SETTLED = "Settled"
