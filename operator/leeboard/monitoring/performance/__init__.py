"""Does a version still do as well as on its reference? A verdict on late labels, valid however often it is looked at.

    tallied -> observed -> found

docs/monitoring.md explains the statistics and cites them.
"""

from __future__ import annotations

from leeboard.monitoring.performance.progress import Course, Finding, Progress, Standing, begun, found, observed
from leeboard.monitoring.performance.question import Question, metric_for, question_of
from leeboard.monitoring.performance.tally import Tally, no_tally, tallied

__all__ = [
    "Course",
    "Finding",
    "Progress",
    "Question",
    "Standing",
    "Tally",
    "begun",
    "found",
    "metric_for",
    "no_tally",
    "observed",
    "question_of",
    "tallied",
]
