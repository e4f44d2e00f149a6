"""A validated request as it waits for the worker, and the order in which its values travel.

Columns of one packing travel together: a *group* is one block, in which each request's values stand column after column
(for one row, that is the row). Both ends compute the same groups from the description, so no name travels with a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from leeboard_runtime.mapping import COLUMN_TYPES, Packing
from leeboard_runtime.signature import Column

Block = bytes | list[list[Any]]
"""Packed numbers, or for Packing.JSON the values of each column (or of the one tensor)."""


class Key(NamedTuple):
    """Requests with equal keys may share a batch: the same columns are absent and the same parameters are set."""

    absent: tuple[int, ...]
    parameters: bytes


class Packed(NamedTuple):
    """What one request asks, `rows` rows of it."""

    rows: int
    key: Key
    blocks: list[Block]


class Group(NamedTuple):
    """Indices into the signature's columns that travel in one block."""

    packing: Packing
    columns: tuple[int, ...]


EVERYTHING = Key((), b"")


def groups_of(columns: Sequence[Column]) -> tuple[Group, ...]:
    """The groups in order of their first column."""
    found: dict[Packing, list[int]] = {}
    for index, column in enumerate(columns):
        found.setdefault(COLUMN_TYPES[column.type].packing, []).append(index)
    return tuple(Group(packing, tuple(indices)) for packing, indices in found.items())


def without(groups: Sequence[Group], absent: Sequence[int]) -> tuple[Group, ...]:
    """The groups of a request that leaves optional columns out; a group without columns stays, with an empty block."""
    if not absent:
        return tuple(groups)
    return tuple(Group(g.packing, tuple(i for i in g.columns if i not in absent)) for g in groups)
