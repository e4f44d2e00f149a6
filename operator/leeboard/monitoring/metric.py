"""What a version is measured by once its labels are known."""

from __future__ import annotations

from enum import StrEnum


class Metric(StrEnum):
    """Each is an average of bounded losses over additive counts, so that cohorts are merged by addition.

    ``PRECISION`` is for models whose labels come for some of the predicted classes only (rejected loans).
    """

    BALANCED_ACCURACY = "BalancedAccuracy"
    PRECISION = "Precision"
    AUC = "AUC"
    MAE_RATIO = "MAERatio"
