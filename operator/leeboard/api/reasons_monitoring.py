"""Reasons of the conditions about what is counted: DriftDetected, DataQuality, PerformanceLost. Part of the API."""

from __future__ import annotations

from enum import StrEnum


class MonitoringReason(StrEnum):
    """Why nothing can be said yet; else the verdict itself is the reason."""

    NO_WINDOW_YET = "NoWindowYet"
    LABELS_NEEDED = "LabelsNeeded"
    PROFILE_UNREADABLE = "ProfileUnreadable"


class MonitoringEvent(StrEnum):
    """Reasons of events: once a transition."""

    DRIFT_DETECTED = "DriftDetected"
    DRIFT_ENDED = "DriftEnded"
    REFERENCE_MISMATCH = "ReferenceMismatch"
    DATA_BROKEN = "DataBroken"
    DATA_GOOD_AGAIN = "DataGoodAgain"
    PERFORMANCE_LOST = "PerformanceLost"
