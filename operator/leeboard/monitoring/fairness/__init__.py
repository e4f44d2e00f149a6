"""How often protected groups get the favourable answer, beside each other, and never with more certainty than there is.

    outcomes (of a window's rows)      recalls (of labels: of those who deserved it)

docs/monitoring.md explains the intervals and cites them.
"""

from __future__ import annotations

from leeboard.monitoring.fairness.estimates import Estimate
from leeboard.monitoring.fairness.outcomes import GroupFinding, GroupStanding, outcomes
from leeboard.monitoring.fairness.recall import (
    Recall,
    declared,
    known_scatter,
    learnt,
    recalls,
    renewed,
    translated,
)

__all__ = [
    "Estimate",
    "GroupFinding",
    "GroupStanding",
    "Recall",
    "declared",
    "known_scatter",
    "learnt",
    "outcomes",
    "recalls",
    "renewed",
    "translated",
]
