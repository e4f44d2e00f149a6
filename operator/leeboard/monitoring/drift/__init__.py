"""Has the world moved away from what a version learnt? Verdicts on windows of counted cells.

    calibrated -> judge_all -> voted -> ruled          judge_quality, beside it, on shorter windows

Nothing here waits, reads a clock or asks anybody. docs/monitoring.md explains the statistics and cites them.
"""

from __future__ import annotations

from leeboard.api.monitoring_status import DriftVerdict as Verdict
from leeboard.api.monitoring_status import QualityVerdict
from leeboard.monitoring.drift.calibration import Calibration, calibrated, merged_blocks
from leeboard.monitoring.drift.judging import Case, judge, judge_all
from leeboard.monitoring.drift.quality import Quality, judge_quality
from leeboard.monitoring.drift.settings import DEFAULTS, Settings
from leeboard.monitoring.drift.verdict import Judged, Outcome, Standing
from leeboard.monitoring.drift.votes import Ruling, Votes, no_votes, ruled, voted

__all__ = [
    "DEFAULTS",
    "Calibration",
    "Case",
    "Judged",
    "Outcome",
    "Quality",
    "QualityVerdict",
    "Ruling",
    "Settings",
    "Standing",
    "Verdict",
    "Votes",
    "calibrated",
    "judge",
    "judge_all",
    "judge_quality",
    "merged_blocks",
    "no_votes",
    "ruled",
    "voted",
]
