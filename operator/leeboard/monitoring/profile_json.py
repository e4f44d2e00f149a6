"""profile.json (schema 1) to a Profile: every member is checked, and the first one that is wrong is named."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from itertools import pairwise
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from leeboard.errors import ProfileInvalidError
from leeboard.monitoring.cells import MAX_COUNT, QUALITY, Cells, Counts
from leeboard.monitoring.profile import NONE, SCHEMA, Blocks, Errors, Kind, Performance, Profile, Role, Task
from leeboard.monitoring.slices import SliceKind, Slices
from leeboard.monitoring.slices_json import SlicesInvalidError, Widths, parsed
from leeboard.monitoring.tables import TableInvalidError, table_of

MAX_BYTES = 16 * 1024 * 1024
MAX_CELLS = 256
MAX_SLICED = 64, 20
"""Inputs whose values are told apart, and values of one."""
_Choice = TypeVar("_Choice", bound=StrEnum)


def profile_of(data: bytes) -> Profile:
    """The profile; raises ProfileInvalidError."""
    document = _document(data)
    features, channels = _list(document, "features"), _list(document, "channels")
    widths = [_width(channel, f"channels[{place}]") for place, channel in enumerate(channels)]
    task = _choice(document.get("task"), Task, "task")
    classes = tuple(_text(name, f"classes[{place}]") for place, name in enumerate(_list(document, "classes")))
    roles = tuple(_choice(one["role"], Role, f"channels[{place}].role") for place, one in enumerate(channels))
    owners = [
        _owner(one.get("feature"), role, features=len(features), path=f"channels[{place}].feature")
        for place, (one, role) in enumerate(zip(channels, roles, strict=True))
    ]
    reference = _reference(document, widths, len(features))
    return Profile(
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        version=_text(_member(document, "model", dict).get("version"), "model.version"),
        task=task,
        classes=classes,
        features=tuple(_text(_object(one, f"features[{i}]").get("name"), f"features[{i}].name")
                       for i, one in enumerate(features)),
        kinds=tuple(_choice(one.get("kind"), Kind, f"features[{i}].kind") for i, one in enumerate(features)),
        importance=np.array([_share(one.get("importance"), f"features[{i}].importance")
                             for i, one in enumerate(features)], np.float64),
        channels=tuple(_text(one.get("name"), f"channels[{i}].name") for i, one in enumerate(channels)),
        roles=roles,
        measures=tuple(_text(one.get("measure"), f"channels[{i}].measure") for i, one in enumerate(channels)),
        owner=np.array(owners, np.int64),
        widths=np.array(widths, np.int64),
        reference=reference,
        blocks=_blocks(document, widths),
        performance=_performance(document, roles=roles, widths=widths, classes=classes),
        slices=_slices(document, _answers(roles, widths, classes)),
    )  # fmt: skip


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise ProfileInvalidError(f"the profile has {len(data)} bytes, {MAX_BYTES} at most are read")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProfileInvalidError(f"the profile is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ProfileInvalidError("the profile is not an object")
    if document.get("schema") != SCHEMA:
        raise ProfileInvalidError(f"schema: {document.get('schema')!r} is not {SCHEMA}, the one that is known here")
    return document


def _width(channel: object, path: str) -> int:
    """How many cells a channel has."""
    members = _object(channel, path)
    _choice(members.get("role"), Role, f"{path}.role")
    edges, values, hashed = members.get("edges"), members.get("values"), members.get("hashed")
    if (edges is None) == (values is None):
        raise ProfileInvalidError(f"{path}: exactly one of edges and values is given")
    hashed = _count(0 if hashed is None else hashed, f"{path}.hashed")
    cells = edges if edges is not None else values
    if not isinstance(cells, list):
        raise ProfileInvalidError(f"{path}.{'edges' if edges is not None else 'values'}: not a list")
    if edges is not None:
        numbers = [_number(edge, f"{path}.edges[{place}]") for place, edge in enumerate(edges)]
        if any(one >= two for one, two in pairwise(numbers)):
            raise ProfileInvalidError(f"{path}.edges: not ascending")
    width = len(cells) + (1 if edges is not None else hashed)
    if not 0 < width <= MAX_CELLS:
        raise ProfileInvalidError(f"{path}: {width} cells; 1 to {MAX_CELLS} are possible")
    return width


def _owner(feature: object, role: Role, *, features: int, path: str) -> int:
    if role is not Role.FEATURE:
        if feature is not None:
            raise ProfileInvalidError(f"{path}: a channel of role {role} has no feature")
        return NONE
    place = _count(feature, path)
    if place >= features:
        raise ProfileInvalidError(f"{path}: there are {features} features")
    return place


def _reference(document: dict[str, Any], widths: list[int], features: int) -> Cells:
    rows = _count(_member(document, "reference", dict).get("rows"), "reference.rows")
    quality = _table(document.get("quality"), [len(QUALITY)] * features, "quality").reshape(-1, len(QUALITY))
    cells = Cells(rows, _table(document.get("counts"), widths, "counts"), quality)
    if not cells.is_sound:
        raise ProfileInvalidError("counts: a cell holds more than reference.rows")
    return cells


def _blocks(document: dict[str, Any], widths: list[int]) -> Blocks:
    blocks = _member(document, "blocks", dict)
    rows = [_count(one, f"blocks.rows[{place}]") for place, one in enumerate(_list(blocks, "rows", "blocks."))]
    counts = _list(blocks, "counts", "blocks.")
    if len(counts) != len(rows):
        raise ProfileInvalidError(f"blocks.counts: {len(counts)} blocks, and {len(rows)} in blocks.rows")
    tables = [_table(one, widths, f"blocks.counts[{place}]") for place, one in enumerate(counts)]
    return Blocks(
        np.array(rows, np.int64), np.array(tables, np.int64).reshape(len(rows), len(widths), max(widths, default=0))
    )


def _performance(
    document: dict[str, Any], *, roles: tuple[Role, ...], widths: list[int], classes: tuple[str, ...]
) -> Performance | None:
    if document.get("performance") is None:
        return None
    members, path = _member(document, "performance", dict), "performance"
    cells = widths[roles.index(Role.SCORE)] if Role.SCORE in roles else 0
    confusion = _table(members.get("confusion") or [], [len(classes)] * len(classes), f"{path}.confusion")
    given = members.get("deciles") or []
    deciles = _table(given, [len(classes)] * (cells if given else 0), f"{path}.deciles")
    errors = members.get("errors")
    return Performance(
        _text(members.get("target"), f"{path}.target"),
        confusion,
        deciles,
        None if errors is None else _errors(_object(errors, f"{path}.errors")),
    )


def _answers(roles: tuple[Role, ...], widths: list[int], classes: tuple[str, ...]) -> Widths:
    """Cells of the score, and classes."""
    score = widths[roles.index(Role.SCORE)] if Role.SCORE in roles else 0
    return score, len(classes) if Role.CLASS in roles else 0


def _slices(document: dict[str, Any], widths: Widths) -> Slices:
    """Parts of the reference; profiles of earlier runtimes have none."""
    try:
        return parsed(document.get("slices", []), SliceKind.SEGMENT, widths=widths, path="slices", most=MAX_SLICED)
    except SlicesInvalidError as error:
        raise ProfileInvalidError(str(error)) from None


def _errors(members: dict[str, Any]) -> Errors:
    path = "performance.errors"
    count = _count(members.get("count"), f"{path}.count")
    absolute, squared = (_number(members.get(name), f"{path}.{name}") for name in ("absolute", "squared"))
    if min(absolute, squared) < 0:
        raise ProfileInvalidError(f"{path}: sums of absolute values and of squares are not negative")
    return Errors(count, absolute, squared)


def _table(value: object, widths: list[int], path: str) -> Counts:
    """Counts of one row a width, as an array padded with zeros."""
    try:
        return table_of(value, widths, path)
    except TableInvalidError as error:
        raise ProfileInvalidError(str(error)) from None


def _member(document: dict[str, Any], name: str, kind: type[dict[str, Any]]) -> dict[str, Any]:
    if not isinstance(document.get(name), kind):
        raise ProfileInvalidError(f"{name}: not an object")
    return document[name]  # type: ignore[no-any-return] # it is


def _list(document: dict[str, Any], name: str, path: str = "") -> list[Any]:
    value = document.get(name)
    if not isinstance(value, list):
        raise ProfileInvalidError(f"{path}{name}: not a list")
    return value


def _object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ProfileInvalidError(f"{path}: not an object")
    return value


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ProfileInvalidError(f"{path}: not a text")
    return value


def _count(value: object, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise ProfileInvalidError(f"{path}: {value!r} is not a count")
    return value


def _number(value: object, path: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        raise ProfileInvalidError(f"{path}: {value!r} is not a finite number")
    return float(value)


def _share(value: object, path: str) -> float:
    if value is None:
        return float("nan")
    number = _number(value, path)
    if not 0 <= number <= 1:
        raise ProfileInvalidError(f"{path}: {value!r} is not between 0 and 1")
    return number


def _choice(value: object, choices: type[_Choice], path: str) -> _Choice:
    try:
        return choices(value)  # type: ignore[arg-type] # anything may come
    except ValueError:
        raise ProfileInvalidError(f"{path}: {value!r} is not one of {', '.join(choices)}") from None
