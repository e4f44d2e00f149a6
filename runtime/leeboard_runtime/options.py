"""Options of commands: each is also an environment variable, and says which.

What converts a text raises argparse.ArgumentTypeError with the text in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ENVIRONMENT_PREFIX = "LEEBOARD_"
Converter = Callable[[str], Any]


class Options:
    """Adds options that the environment may give."""

    def __init__(self, parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> None:
        self._parser = parser
        self._environment = environment

    def add(self, flag: str, text: str, *, kind: Converter = str, default: str | None = None) -> None:
        """An option with one value; without a default it is required."""
        variable = ENVIRONMENT_PREFIX + flag.upper().replace("-", "_")
        value = self._environment.get(variable, default)
        self._parser.add_argument(
            f"--{flag}",
            type=kind,
            default=value,
            required=value is None,
            help=f"{text} [{variable}, default {default!r}]",
        )

    def switch(self, flag: str, text: str) -> None:
        """An option without a value."""
        variable = ENVIRONMENT_PREFIX + flag.upper().replace("-", "_")
        default = true_or_false(self._environment.get(variable, "false"))
        self._parser.add_argument(f"--{flag}", action="store_true", default=default, help=f"{text} [{variable}]")


def true_or_false(text: str) -> bool:
    """`true` or `false`, and nothing else."""
    if text.lower() not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def positive(text: str) -> int:
    """1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return number


def path_or_none(text: str) -> Path | None:
    """The empty text is none."""
    return Path(text) if text else None


def seconds(text: str) -> float:
    """A finite time, 0 or more."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no time in seconds")
    return number
