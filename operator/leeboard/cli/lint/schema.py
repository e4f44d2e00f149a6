"""A value against a structural schema, as the API server checks it: strictly, every fault with its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leeboard.api.pod_template_schema import Schema
from leeboard.cli.lint.documents import Path

OPEN = "x-kubernetes-preserve-unknown-fields"
EITHER = "x-kubernetes-int-or-string"
KEYS = "x-kubernetes-list-map-keys"
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
BOUNDS = (
    ("minLength", "is shorter than {} characters", lambda value, bound: len(value) < bound),
    ("maxLength", "is longer than {} characters", lambda value, bound: len(value) > bound),
    ("minItems", "has fewer than {} items", lambda value, bound: len(value) < bound),
    ("maxItems", "has more than {} items", lambda value, bound: len(value) > bound),
    ("minProperties", "has fewer than {} fields", lambda value, bound: len(value) < bound),
    ("maxProperties", "has more than {} fields", lambda value, bound: len(value) > bound),
    ("minimum", "is below {}", lambda value, bound: value < bound),
    ("maximum", "is above {}", lambda value, bound: value > bound),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where, and what is wrong."""

    path: Path
    message: str


def schema_faults(value: Any, schema: Schema, path: Path = ()) -> Iterator[Fault]:  # noqa: ANN401 - any JSON value
    """Everything that is wrong with ``value`` and what is in it."""
    if value is None:
        return  # the API server drops it
    if schema.get(EITHER):
        if not isinstance(value, int | str) or isinstance(value, bool):
            yield Fault(path, f"is {_called(value)} where a text or an integer is expected")
        return
    expected = schema.get("type")
    if isinstance(expected, str) and not _is(value, expected):
        yield Fault(path, f"is {_called(value)} where {_article(expected)} is expected{_advice(value, expected)}")
        return
    yield from (Fault(path, words) for words in _bounds(value, schema))
    if isinstance(value, dict):
        yield from _fields(value, schema, path)
    elif isinstance(value, list):
        yield from _items(value, schema, path)


def _is(value: object, expected: str) -> bool:
    is_boolean = isinstance(value, bool)
    return isinstance(value, TYPES[expected]) and is_boolean == (expected == "boolean")


def _article(name: str) -> str:
    words = {"string": "text", "object": "a map", "array": "a list"}
    return words.get(name, f"an {name}" if name[0] in "aeiou" else f"a {name}")


def _called(value: object) -> str:
    for name in ("boolean", "integer", "number", "string", "array", "object"):
        if _is(value, name):
            return _article(name)
    return type(value).__name__


def _advice(value: object, expected: str) -> str:
    return f': write "{value}"' if expected == "string" and isinstance(value, int | float) else ""


def _bounds(value: Any, schema: Schema) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        near = difflib.get_close_matches(str(value), [str(one) for one in allowed], n=1)
        hint = f": did you mean {near[0]}?" if near else ""
        yield f"is {value!r}, not one of {', '.join(str(one) for one in allowed)}{hint}"
    for keyword, words, is_broken in BOUNDS:
        bound = schema.get(keyword)
        if bound is not None and is_broken(value, bound):  # type: ignore[no-untyped-call]
            yield words.format(bound)
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not re.search(pattern, value):
        yield f"is {value!r}, which does not match {pattern}"


def _fields(value: dict[str, Any], schema: Schema, path: Path) -> Iterator[Fault]:
    properties = _map(schema.get("properties"))
    others = schema.get("additionalProperties")
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if value.get(str(name)) is None:
            yield Fault(path, f"lacks {name}")
    for name, content in value.items():
        if name in properties:
            yield from schema_faults(content, _map(properties[name]), (*path, name))
        elif isinstance(others, dict):
            yield from schema_faults(content, others, (*path, name))
        elif not schema.get(OPEN):
            near = difflib.get_close_matches(str(name), list(properties), n=1)
            yield Fault((*path, name), f"is no field{f': did you mean {near[0]}?' if near else ''}")


def _items(value: list[Any], schema: Schema, path: Path) -> Iterator[Fault]:
    items = _map(schema.get("items"))
    for index, item in enumerate(value):
        yield from schema_faults(item, items, (*path, index))
    keys = schema.get(KEYS)
    seen: set[tuple[str, ...]] = set()
    for index, item in enumerate(value):
        if isinstance(keys, list) and isinstance(item, dict):
            key = tuple(str(item.get(str(name))) for name in keys)
            if key in seen:
                yield Fault((*path, index), f"repeats {', '.join(key)}")
            seen.add(key)


def _map(value: object) -> Schema:
    return value if isinstance(value, dict) else {}
