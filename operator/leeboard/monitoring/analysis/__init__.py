"""What the counters of two revisions say about the newer one: evidence that outlives the operator, and a ruling on it.

    begin -> (begin_step -> advance, advance, ... -> judge)*

``Evidence`` is a value: each poll makes a new one, and its text is all that has to be kept. Nothing here waits, reads a
clock or asks anybody. docs/analysis.md explains the statistics and cites them.
"""

from __future__ import annotations

from leeboard.monitoring.analysis.case import Finding, Gaps
from leeboard.monitoring.analysis.evidence import Evidence, begin, begin_step, measured
from leeboard.monitoring.analysis.forecast import ENOUGH, Forecast, foresee, foresees
from leeboard.monitoring.analysis.polls import advance
from leeboard.monitoring.analysis.ruling import Ruling, judge

__all__ = [
    "ENOUGH",
    "Evidence",
    "Finding",
    "Forecast",
    "Gaps",
    "Ruling",
    "advance",
    "begin",
    "begin_step",
    "foresee",
    "foresees",
    "judge",
    "measured",
]
