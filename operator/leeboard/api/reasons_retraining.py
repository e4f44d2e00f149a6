"""Reasons of the condition ``Retraining``: why a training is under way, or why none is. Part of the API."""

from __future__ import annotations

from enum import StrEnum


class RetrainingReason(StrEnum):
    """Why the condition ``Retraining`` is what it is."""

    # True
    TRAINING = "Training"
    # False: nothing asks for it
    NOT_CONFIGURED = "NotConfigured"
    NO_TRIGGER = "NoTrigger"
    # False: something asks for it, and this speaks against it
    SUSPENDED = "Suspended"
    TEMPLATE_INVALID = "TemplateInvalid"
    SCHEDULE_INVALID = "ScheduleInvalid"
    ROLLOUT_UNDER_WAY = "RolloutUnderWay"
    VERSION_PENDING = "VersionPending"
    REFERENCE_MISMATCH = "ReferenceMismatch"
    QUALITY_VETO = "QualityVeto"
    LABELS_NEEDED = "LabelsNeeded"
    NO_NEW_DATA = "NoNewData"
    COOLING_DOWN = "CoolingDown"
    BUDGET_SPENT = "BudgetSpent"
    CIRCUIT_OPEN = "CircuitOpen"
    # Unknown
    NOT_OBSERVED = "NotObserved"
    DATA_NOT_READABLE = "DataNotReadable"


class RetrainingEvent(StrEnum):
    """Reasons of events: once a transition."""

    TRIGGERED = "RetrainingTriggered"
    SUPPRESSED = "RetrainingSuppressed"
    ENDED = "RetrainingEnded"
    NOT_BETTER = "RetrainingNotBetter"
    CIRCUIT_OPENED = "RetrainingCircuitOpened"
