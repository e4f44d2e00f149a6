"""A curve in one line of text: one character a window, on one scale for all features, so that curves can be compared.

A full block is twice what counts as drift by default; noise stays flat instead of filling the line.
"""

from __future__ import annotations

from collections.abc import Iterable

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-:=+*#"
STEP = 0.05
_UNKNOWN = {BLOCKS: "·", ASCII: "?"}


def marks_for(encoding: str) -> str:
    """Blocks where the output can show them, else plain characters."""
    try:
        f"{BLOCKS}{_UNKNOWN[BLOCKS]}".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def sparkline(values: Iterable[str], marks: str = BLOCKS) -> str:
    """One character for each PSI, oldest first; an empty text is unknown."""
    return "".join(_mark(value, marks) for value in values)


def _mark(value: str, marks: str) -> str:
    if not value:
        return _UNKNOWN[marks]
    return marks[min(max(int(float(value) / STEP), 0), len(marks) - 1)]
