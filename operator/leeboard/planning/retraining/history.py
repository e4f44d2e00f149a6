"""Which TrainingJobs of past triggers go: the oldest that ended, beyond the spec's limits, if nothing needs them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from leeboard.api.resource import Manifest
from leeboard.api.retraining import HistoryLimit
from leeboard.api.retraining_status import TrainingOutcome
from leeboard.planning.observed import is_leaving


@dataclass(frozen=True, slots=True)
class Needed:
    """What is kept whatever the limits say: TrainingJobs by name, and those that brought one of these versions."""

    names: Collection[str]
    versions: Collection[str]

    def keeps(self, job: Manifest) -> bool:
        """Whether a TrainingJob that has ended is needed."""
        brought = (job["status"].get("modelVersion") or {}).get("version")
        return job["metadata"]["name"] in self.names or brought in self.versions


def surplus(jobs: Sequence[Manifest], limit: HistoryLimit, needed: Needed) -> Iterator[Manifest]:
    """Those of ``jobs`` that go. The newest by their end stay, needed ones among them count."""
    limits = ((TrainingOutcome.SUCCEEDED, limit.succeeded), (TrainingOutcome.FAILED, limit.failed))
    for outcome, most in limits:
        mine = [job for job in jobs if (job.get("status") or {}).get("outcome") == outcome and not is_leaving(job)]
        ended = sorted(mine, key=lambda job: (job["status"]["completionTime"], job["metadata"]["name"]), reverse=True)
        yield from (job for job in ended[most:] if not needed.keeps(job))
