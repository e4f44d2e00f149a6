"""Bounds that many fields share. What a user writes is refused when it is too long; what we report is cut instead.

A status that the API server refuses would stop a resource for ever, so the free text of others (log lines, error
messages, requirements) is shortened where it enters a status model, with an ellipsis as the last character.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

MAX_MESSAGE = 1024
MAX_LOG_LINES = 20
MAX_PARAMETERS = 100
MAX_PARAMETER_VALUE = 6000  # MLflow's own limit


def shorten(limit: int, value: object) -> object:
    """``value`` cut to ``limit`` characters when it is a longer string; anything else is left to validation."""
    return f"{value[: limit - 1]}…" if isinstance(value, str) and len(value) > limit else value


def keep_first(limit: int, value: object) -> object:
    """The first ``limit`` items of a list or tuple; anything else is left to validation."""
    return value[:limit] if isinstance(value, list | tuple) else value


def keep_last(limit: int, value: object) -> object:
    """The last ``limit`` items of a list or tuple; anything else is left to validation."""
    return value[-limit:] if isinstance(value, list | tuple) else value


ObjectName = Annotated[str, StringConstraints(max_length=63)]
"""Name of an object that we made."""
Identity = Annotated[str, StringConstraints(max_length=64)]
"""A uid, or an id of MLflow."""
Url = Annotated[str, StringConstraints(max_length=2048)]
Message = Annotated[str, StringConstraints(max_length=MAX_MESSAGE), BeforeValidator(partial(shorten, MAX_MESSAGE))]
"""A sentence for people; cut."""
Line = Annotated[str, StringConstraints(max_length=256), BeforeValidator(partial(shorten, 256))]
"""One line of somebody else's text; cut."""
Word = Annotated[str, StringConstraints(max_length=128), BeforeValidator(partial(shorten, 128))]
"""Somebody else's name or value; cut."""
LogLines = Annotated[
    tuple[Message, ...], Field(max_length=MAX_LOG_LINES), BeforeValidator(partial(keep_last, MAX_LOG_LINES))
]
"""The end of a log; cut."""
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
"""A registered model: part of object names, hence short and like one."""
VersionNumber = Annotated[str, StringConstraints(max_length=10, pattern=r"^[1-9][0-9]{0,9}$")]
"""MLflow's number of a version."""
Digest = Annotated[str, StringConstraints(max_length=71, pattern=r"^sha256:[0-9a-f]{64}$")]
Duration = Annotated[str, StringConstraints(max_length=16, pattern=r"^([0-9]+(h|m|s))+$")]
ParameterValue = Annotated[str, StringConstraints(max_length=MAX_PARAMETER_VALUE)]
