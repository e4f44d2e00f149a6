"""The server's own reader of `profile.json` (schema 1): what is needed to count, checked member by member.

Whoever wrote the file is not trusted to be of this version: a member that is missing, of another type or out of order
is named in the fault, and the server does not start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import orjson

from leeboard_runtime.channels import TEXTUAL, Channel, Feature, Kind, Measure, Profile, Role
from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.outcomes import Task

SCHEMA_VERSION = 1
TWO = 2
HASH = re.compile(r"[0-9a-f]{16}")
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises PermanentFault(MonitoringInvalid) naming the member that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as error:
        _refuse("", f"{path} cannot be read: {error.strerror}")
    return parse_profile(content)


def parse_profile(content: bytes) -> Profile:
    """The profile in a file's content. Raises as `read_profile`."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        _refuse("", f"not JSON: {error}")
    if type(document) is not dict:
        _refuse("", "must be an object")
    if document.get("schema") != SCHEMA_VERSION:
        _refuse("schema", f"is {document.get('schema')!r}, this server reads {SCHEMA_VERSION}")
    features = _list(document, "features", _feature)
    classes = _list(document, "classes", _text)
    if len(set(classes)) < len(classes):
        _refuse("classes", "names a class twice")
    channels = _list(document, "channels", lambda row, at: _channel(row, at, len(features)))
    for index, channel in enumerate(channels):
        _check_limits(channel, features, f"channels[{index}]")
    return Profile(
        digest=f"sha256:{sha256(content).hexdigest()}",
        task=_word(document.get("task"), "task", Task),
        classes=classes,
        features=features,
        channels=_with_known(channels, document.get("known", {}), classes),
    )


def _feature(row: Any, at: str) -> Feature:  # noqa: ANN401 - decoded JSON, checked here
    limits = row.get("limits")
    if limits is not None:
        if type(limits) is not list or len(limits) != TWO or not all(map(_is_number, limits)) or limits[0] > limits[1]:
            _refuse(f"{at}.limits", "must be null or two numbers, the lower first")
        limits = (float(limits[0]), float(limits[1]))
    importance = row.get("importance")
    if importance is not None and not _is_number(importance):
        _refuse(f"{at}.importance", "must be null or a number")
    return Feature(_text(row.get("name"), f"{at}.name"), _word(row.get("kind"), f"{at}.kind", Kind), importance, limits)


def _channel(row: Any, at: str, features: int) -> Channel:  # noqa: ANN401
    role = _word(row.get("role"), f"{at}.role", Role)
    measure = _word(row.get("measure"), f"{at}.measure", Measure)
    feature, hashed, closed = row.get("feature"), row.get("hashed", 0), row.get("closed", False)
    if (feature is None) == (role is Role.FEATURE) or not (feature is None or _is_index(feature, features)):
        _refuse(f"{at}.feature", f"must be an index into the {features} features for role Feature, and null for others")
    if type(hashed) is not int or hashed < 0:
        _refuse(f"{at}.hashed", "must be a number of cells")
    if type(closed) is not bool:
        _refuse(f"{at}.closed", "must be true or false")
    edges = None if row.get("edges") is None else _ascending(row["edges"], f"{at}.edges")
    values = () if row.get("values") is None else _list(row, "values", _text, at=at)
    if (edges is None) != (measure in TEXTUAL) or (edges is not None and (values or hashed)):
        _refuse(f"{at}.edges", f"measure {measure} has {'values' if measure in TEXTUAL else 'edges'} and nothing else")
    if len(set(values)) < len(values) or (edges is None and not values and not hashed):
        _refuse(f"{at}.values", "must be different texts, at least one where nothing is hashed")
    if measure is Measure.EMPTY and values != ("false", "true"):
        _refuse(f"{at}.values", "must be false and true for measure Empty")
    name = _text(row.get("name"), f"{at}.name")
    return Channel(name, role, feature, measure, edges=edges, values=values, hashed=hashed, closed=closed)


def _check_limits(channel: Channel, features: Sequence[Feature], at: str) -> None:
    limits = None if channel.feature is None else features[channel.feature].limits
    if (
        limits
        and channel.measure is Measure.VALUE
        and any(not limits[0] <= e <= limits[1] for e in channel.edges or ())
    ):
        _refuse(f"{at}.edges", "must lie within the limits of their feature")


def _with_known(channels: Sequence[Channel], known: object, classes: Sequence[str]) -> tuple[Channel, ...]:
    if not isinstance(known, dict):
        _refuse("known", "must be an object")
    found: list[Channel] = []
    for index, channel in enumerate(channels):
        if channel.role is Role.CLASS and channel.values != tuple(classes):
            _refuse(f"channels[{index}].values", "must be the classes")
        hashes = _list(known, str(index), _hash, at="known") if str(index) in known else ()
        found.append(replace(channel, known=frozenset(hashes)))
    return tuple(found)


def _list(owner: Any, member: str, read: Callable[[Any, str], T], *, at: str = "") -> tuple[T, ...]:  # noqa: ANN401
    """Every element of a list, read; objects where ``read`` is not for texts."""
    path = f"{at}.{member}" if at else member
    rows = owner.get(member)
    if type(rows) is not list:
        _refuse(path, "must be a list")
    found = []
    for index, row in enumerate(rows):
        if read not in {_text, _hash} and type(row) is not dict:
            _refuse(f"{path}[{index}]", "must be an object")
        found.append(read(row, f"{path}[{index}]"))
    return tuple(found)


def _text(value: object, at: str) -> str:
    return value if isinstance(value, str) else _refuse(at, "must be a text")


def _hash(value: object, at: str) -> str:
    return value if isinstance(value, str) and HASH.fullmatch(value) else _refuse(at, "must be 16 hexadecimal digits")


def _word(value: object, at: str, words: type[E]) -> E:
    if isinstance(value, str) and value in set(words):
        return words(value)
    return _refuse(at, f"is {value!r}, known are {', '.join(words)}")


def _ascending(values: object, at: str) -> tuple[float, ...]:
    if not isinstance(values, list) or not all(_is_number(value) for value in values):
        _refuse(at, "must be a list of finite numbers")
    if any(low >= high for low, high in pairwise(values)):
        _refuse(at, "must ascend")
    return tuple(map(float, values))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_index(value: object, size: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size


def _refuse(member: str, sentence: str) -> NoReturn:
    where = f"{member} " if member else ""
    raise PermanentFault(Reason.MONITORING_INVALID, f"--profile: {where}{sentence}")
