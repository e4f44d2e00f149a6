"""How a command ends: a code for programs, a sentence with the next step for people."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    DONE = 0
    REFUSED = 1  # refused, failed, or not there
    USAGE = 2  # the command itself is wrong
    TIMEOUT = 3  # nothing is known: it was not answered in time
    UNREACHABLE = 4  # no API server, or no login


class Failure(Exception):  # noqa: N818 - what a person reads is no error of the program
    """Ends a command: the message is printed to standard error."""

    def __init__(self, message: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(message)
        self.code = code
