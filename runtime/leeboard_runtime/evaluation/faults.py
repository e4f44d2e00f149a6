"""The faults of reading rows, in the words of an evaluation: the same readers serve references as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from leeboard_runtime.errors import PermanentFault, Reason

REASONS = {Reason.REFERENCE_INVALID: Reason.ROWS_INVALID, Reason.REFERENCE_TOO_SMALL: Reason.TOO_FEW_ROWS}


@contextmanager
def told_of_rows(who: str = "") -> Iterator[None]:
    """Raise what a reader of references raises as a fault of these rows; ``who`` begins the sentence."""
    try:
        yield
    except PermanentFault as fault:
        message = f"{who}: {fault.message}" if who else fault.message
        raise PermanentFault(REASONS.get(fault.reason, fault.reason), message) from fault
