"""What the operator reads of a profile, and what it refuses."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import numpy as np
import pytest

from leeboard.errors import ProfileInvalidError
from leeboard.monitoring.cells import Cells
from leeboard.monitoring.profile import NONE, Errors, Kind, Performance, Profile, Role, Task
from leeboard.monitoring.profile_json import MAX_BYTES


def document() -> dict[str, Any]:
    """Two features, a score and classes."""
    return {
        "schema": 1,
        "model": {"name": "loan", "version": "3", "digest": "sha256:1"},
        "reference": {"source": "artifact:reference.csv", "digest": "sha256:2", "rows": 100, "timeColumn": None},
        "task": "Binary",
        "classes": ["no", "yes"],
        "features": [
            {"name": "income", "kind": "Numeric", "reason": "", "importance": 0.75, "limits": [0.0, 9.0]},
            {"name": "city", "kind": "Category", "reason": "", "importance": None, "limits": None},
        ],
        "channels": [
            channel("income", edges=[1.0, 2.0], feature=0),
            channel("city", values=["a"], hashed=2, feature=1),
            channel("score", edges=[0.5], role="Score"),
            channel("class", values=["no", "yes"], role="Class"),
        ],
        "known": {},
        "counts": [[50, 30, 20], [90, 5, 3], [40, 60], [40, 60]],
        "quality": [[0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0]],
        "blocks": {"rows": [50, 50], "counts": [[[25, 15, 10], [45, 3, 1], [20, 30], [20, 30]] for _ in range(2)]},
        "performance": {
            "target": "repaid",
            "confusion": [[35, 5], [10, 50]],
            "deciles": [[35, 5], [10, 50]],
            "errors": None,
        },
    }


def channel(name: str, *, role: str = "Feature", feature: int | None = None, edges: list[float] | None = None,
            values: list[str] | None = None, hashed: int = 0) -> dict[str, Any]:  # fmt: skip
    one = {"name": name, "role": role, "feature": feature, "edges": edges, "values": values, "hashed": hashed}
    return {**one, "measure": "Value", "closed": False}


def read(changed: dict[str, Any]) -> Profile:
    return Profile.from_json(json.dumps(changed).encode())


def test_a_profile_is_read_whole() -> None:
    data = json.dumps(document()).encode()
    profile = Profile.from_json(data)
    assert profile.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (profile.version, profile.task, profile.classes) == ("3", Task.BINARY, ("no", "yes"))
    assert (profile.features, profile.kinds) == (("income", "city"), (Kind.NUMERIC, Kind.CATEGORY))
    np.testing.assert_equal(profile.importance, [0.75, np.nan])
    assert profile.roles == (Role.FEATURE, Role.FEATURE, Role.SCORE, Role.CLASS)
    assert (list(profile.owner), list(profile.widths)) == ([0, 1, NONE, NONE], [3, 3, 2, 2])
    assert profile.reference == Cells(
        100,
        np.array([[50, 30, 20], [90, 5, 3], [40, 60, 0], [40, 60, 0]]),
        np.array([[0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0]]),
    )
    assert profile.blocks.counts.shape == (2, 4, 3)
    table = np.array([[35, 5], [10, 50]])
    assert profile.performance == Performance("repaid", table, table, None)
    assert (profile.place_of(Role.SCORE), profile.empty.shape) == (2, (4, 3, 2))


def test_a_regression_without_blocks_labels_or_importances_is_read() -> None:
    plain = document() | {
        "task": "Regression",
        "classes": [],
        "blocks": {"rows": [], "counts": []},
        "performance": None,
    }
    plain["channels"], plain["counts"] = plain["channels"][:3], plain["counts"][:3]
    profile = read(plain)
    assert (profile.performance, len(profile.blocks.rows), profile.place_of(Role.CLASS)) == (None, 0, None)
    plain["performance"] = {
        "target": "price",
        "confusion": [],
        "deciles": [],
        "errors": {"count": 3, "absolute": 2, "squared": 5.5},
    }
    performance = read(plain).performance
    assert performance is not None
    assert performance.errors == Errors(3, 2.0, 5.5)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("schema",), 2, "schema: 2 is not 1"),
        (("model",), None, "model: not an object"),
        (("model", "version"), 3, "model.version: not a text"),
        (("reference", "rows"), -1, "reference.rows: -1 is not a count"),
        (("reference", "rows"), 60, "counts: a cell holds more than reference.rows"),
        (("task",), "Guess", "task: 'Guess' is not one of Binary"),
        (("classes",), "no", "classes: not a list"),
        (("classes", 0), 1, "classes[0]: not a text"),
        (("features", 1, "kind"), "Number", "features[1].kind: 'Number' is not one of"),
        (("features", 0, "importance"), 1.5, "features[0].importance: 1.5 is not between 0 and 1"),
        (("features", 0), [], "features[0]: not an object"),
        (("channels", 0), 7, "channels[0]: not an object"),
        (("channels", 0, "role"), "Odd", "channels[0].role: 'Odd' is not one of"),
        (("channels", 0, "edges"), [2.0, 1.0], "channels[0].edges: not ascending"),
        (("channels", 0, "edges"), [2.0, float("nan")], "channels[0].edges[1]: nan is not a finite number"),
        (("channels", 0, "edges"), None, "channels[0]: exactly one of edges and values"),
        (("channels", 0, "edges"), 5, "channels[0].edges: not a list"),
        (("channels", 0, "edges"), list(range(300)), "channels[0]: 301 cells; 1 to 256"),
        (("channels", 1, "hashed"), True, "channels[1].hashed: True is not a count"),
        (("channels", 1, "feature"), 2, "channels[1].feature: there are 2 features"),
        (("channels", 2, "feature"), 0, "channels[2].feature: a channel of role Score has no feature"),
        (("counts", 0), [1, 2], "counts[0]: not a list of 3"),
        (("counts", 0, 1), 1.5, "counts[0][1]: 1.5 is not a count"),
        (("counts",), [], "counts: not a list of 4"),
        (("quality", 1), [0] * 5, "quality[1]: not a list of 6"),
        (("blocks", "rows"), [50], "blocks.counts: 2 blocks, and 1 in blocks.rows"),
        (("blocks", "counts", 1, 0, 2), "1", "blocks.counts[1][0][2]: '1' is not a count"),
        (("performance", "confusion"), [[1, 2]], "performance.confusion: not a list of 2"),
        (("performance", "deciles"), [[1, 2]], "performance.deciles: not a list of 2"),
        (("performance", "errors"), {"count": 1, "absolute": -1, "squared": 1}, "performance.errors: sums of"),
    ],
)
def test_what_is_wrong_is_named(path: tuple[str | int, ...], value: object, message: str) -> None:
    changed: Any = copy.deepcopy(document())
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ProfileInvalidError) as error:
        read(changed)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b" " * (MAX_BYTES + 1)])
def test_what_is_no_profile_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(ProfileInvalidError, match=r"^the profile"):
        Profile.from_json(data)
