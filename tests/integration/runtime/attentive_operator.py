"""The operator with real trainings that leaves services and versions as a test has described them.

What it tells Prometheus of them is then what the test wrote: ``python -m ...attentive_operator run``.
"""

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import uvloop

from leeboard.api.names import Kind
from leeboard.app import operate
from leeboard.logs import set_up_logging
from leeboard.planning.defaults import Defaults
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import Plan
from leeboard.ports import Sources
from leeboard.reconciler.kind import KindEntry, Resource
from leeboard.reconciler.kinds import KINDS as REAL
from leeboard.settings import load_settings


async def _nothing(resource: Resource, *, sources: Sources, rejections: tuple[Rejection, ...]) -> None: ...


def _leave(resource: Resource, facts: None, /, *, defaults: Defaults, now: datetime) -> Plan:
    del resource, facts, defaults, now
    return Plan()


KINDS: Mapping[Kind, KindEntry[Any, Any]] = {
    kind: entry if kind is Kind.TRAINING_JOB else KindEntry(entry.parse, _nothing, _leave)
    for kind, entry in REAL.items()
}


def main() -> None:
    settings = load_settings()
    set_up_logging(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(operate(settings, KINDS))
    os._exit(code)


if __name__ == "__main__":
    main()
